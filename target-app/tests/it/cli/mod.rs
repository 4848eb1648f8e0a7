//! The built program: what it is asked, what it says, how it exits.

mod refusals;
mod seed;
mod serve;
mod upkeep;
