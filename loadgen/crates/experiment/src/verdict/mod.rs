//! What may be believed, and what was kept: self-checks, thresholds, audit, and the one word.

mod audit;
mod checks;
mod evidence;
mod judge;
mod thresholds;
mod validity;

pub use audit::{broken_sentences, merge as merge_audits, violations};
pub use evidence::TrialEvidence;
pub use judge::{Findings, judge};
pub use thresholds::{ThresholdFigures, error_limit, hold, mark_abort};
pub use validity::{reasons, validity};
