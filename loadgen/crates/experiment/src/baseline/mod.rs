//! Runs that were made at different times, and the decision whether they differ.

mod decide;
mod group;
mod run_metric;

pub use decide::{BaselineChange, LEVEL, against_baseline, overall};
pub use run_metric::RunMetric;
