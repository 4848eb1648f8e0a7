//! Self-checks, thresholds, audits, claims, and the one word that they come to.

mod audit;
mod certainty;
mod checks;
mod claims;
mod confidence;
mod early_end;
mod evidence;
mod headline;
mod judge;
mod judged_thresholds;
mod parts;
mod thresholds;
mod validity;

pub use audit::{audited, broken_sentences, merge as merge_audits, omitted, violations};
pub use certainty::{failures_exceed, percentile_exceeds, percentile_word};
pub use claims::{ClaimDecisions, Expectation};
pub use confidence::confidence;
pub use early_end::{ended_early, overload_ended, stopped};
pub use evidence::TrialEvidence;
pub use headline::headline;
pub use judge::{Findings, judge, not_recovered, overloads};
pub use parts::join_parts;
pub use thresholds::{
    ThresholdFigures, error_limit, evaluate, in_force, limits_failures, mark_abort,
};
pub use validity::{consequence, reasons, validity};

#[cfg(test)]
mod table_tests;
