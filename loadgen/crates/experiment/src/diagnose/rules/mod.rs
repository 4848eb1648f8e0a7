//! The rules, by what they look at. A rule is silent without evidence.

mod caches;
mod database;
mod machine;
mod order;
mod outcomes;
mod pool;
mod response_time;

pub(super) use order::ALL;
