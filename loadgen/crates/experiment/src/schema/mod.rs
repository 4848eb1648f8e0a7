//! The stored types: what `summary.json` holds. Every number that a report prints is here,
//! so that any report can be made again from the folder alone.

mod application;
mod measured_figures;
mod metric;
mod parts;
mod second;
mod summary;
mod verdict;
mod why;
mod words;

pub use application::{ApplicationArea, ApplicationInfo};
pub use loadgen_engine::threshold::ThresholdWord;
pub use measured_figures::MeasuredFigures;
pub use metric::MetricKind;
pub use second::Second;
pub use summary::{
    Arm, Control, Cost, Effect, Operation, Percentiles, Promised, RunKind, SCHEMA_VERSION, Server,
    Summary, ThresholdResult, Trial, Validity, ValidityCheck,
};
pub use verdict::{AuditCount, Confidence, Verdict};
pub use why::{Band, Database, Hashing, PlanNode, Recommendation, StatementPlan};
pub use words::{CheckCode, Decision, MetricUnit, ValidityWord, VerdictWord};
