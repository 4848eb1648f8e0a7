//! Events over time: reading them, and moving one.

mod moving;
pub(crate) mod operations;
mod races;
mod reading;
