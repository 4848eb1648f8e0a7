//! What may be believed, and what was kept: self-checks, thresholds, audit, and the one word.

mod audit;
mod checks;
mod evidence;
mod judge;
mod thresholds;
mod validity;

pub use audit::{broken_sentences, merge as merge_audits, violations};
pub use evidence::Evidence;
pub use judge::{Findings, judge};
pub use thresholds::{Figures, error_limit, hold};
pub use validity::{reasons, validity};
