//! A threshold: a limit of a figure of a trial, as people write it, and what it means.

mod model;
mod parse;
mod word;

pub use model::{Comparison, Level, Scope, StatusClass, Threshold, ThresholdMetric};
pub use parse::BadThreshold;
pub use word::ThresholdWord;
