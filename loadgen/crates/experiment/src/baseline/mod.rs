//! Runs that were made at different times, and the decision whether they differ.

mod decide;
mod group;

pub use decide::{BaselineChange, LEVEL, against_baseline, overall};
pub use group::CAPACITY;
