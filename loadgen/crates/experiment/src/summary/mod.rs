//! From the results of trials to the summary of a run: verdict, arms, effects, environment.

mod assemble;
mod capacity;
mod experiment;
mod load_line;
mod provenance;

pub use assemble::{RunContext, of_factorial, of_run};
pub use capacity::of_capacity;
pub use experiment::of_experiment;
pub use load_line::load_line;
pub use provenance::provenance;

#[cfg(test)]
mod verdict_tests;
