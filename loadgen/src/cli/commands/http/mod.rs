//! `loadgen http`: one request against any HTTP service, with the schedule, the conservation check
//! and the self-checks of every other run. `load` and `engine` send; the rest judges and prints.

mod command;
mod engine;
mod files;
mod json;
mod load;
mod target;
mod text;
mod verdict;

pub(in crate::cli) use command::run;
