//! Runs that were made at different times, and the decision whether they differ.

mod decide;

pub use decide::{BaselineChange, LEVEL, against_baseline, overall};
