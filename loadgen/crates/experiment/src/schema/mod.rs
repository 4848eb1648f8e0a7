//! The stored types: what `summary.json` holds. Every number that a report prints is here,
//! so that any report can be made again from the folder alone.

mod application;
mod measured_figures;
mod parts;
mod percentile;
mod second;
mod server;
mod summary;
mod why;
mod words;

pub use crate::metric::{MetricId, MetricKind, MetricUnit};
pub use application::{ApplicationArea, ApplicationInfo};
pub use loadgen_engine::threshold::ThresholdWord;
pub use measured_figures::{MeasuredFigure, MeasuredFigures};
pub use percentile::{Percentile, Percentiles};
pub use second::Second;
pub use server::{CacheLookUps, Server};
pub use summary::{
    Arm, Control, Cost, Effect, Operation, Promised, RunKind, SCHEMA_VERSION, Summary,
    ThresholdResult, Trial, Validity, ValidityCheck, Verdict,
};
pub use why::{Band, Database, Hashing, PlanNode, Recommendation, StatementPlan};
pub use words::{CheckCode, Decision, ValidityWord, VerdictWord};
