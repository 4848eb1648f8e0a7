//! What came of a trial: the shards of all workers as one, and its interval log.

mod hlog;
mod trial_data;

pub use hlog::{HlogError, write_hlog};
pub use trial_data::{PhaseData, SecondData, TrialData};

pub use crate::recorder::{Anatomy, CostSums, OpData, PartSums};
