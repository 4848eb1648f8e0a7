//! One promise about a trial, as people write it, and what it means.

mod model;
mod parse;

pub use model::{Comparison, Level, Metric, Scope, StatusClass, Threshold};
pub use parse::BadThreshold;
