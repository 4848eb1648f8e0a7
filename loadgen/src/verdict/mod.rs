//! What may be believed, and what was kept: self-checks, thresholds, audit, and the one word.

mod audit;
mod judge;
mod thresholds;
mod validity;

pub use audit::{broken_sentences, merge as merge_audits, violations};
pub use judge::{Findings, judge};
pub use thresholds::hold;
pub use validity::{Evidence, INVALID, VALID, validity};
