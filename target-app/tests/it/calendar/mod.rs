//! Events over time: reading them, and moving one.

mod moving;
mod races;
mod reading;
