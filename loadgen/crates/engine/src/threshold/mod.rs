//! A threshold: a limit of a figure of a trial, as people write it, and what it means.

mod model;
mod parse;
#[cfg(test)]
mod property_tests;
mod status;
mod word;

pub use model::{Comparison, Level, Scope, Threshold, ThresholdMetric};
pub use parse::BadThreshold;
pub use status::{BadStatus, StatusClass, StatusSet};
pub use word::ThresholdWord;
