//! The data of a trial: the shards of all workers as one, its interval log, and its requests one by one.

mod hlog;
mod join;
#[cfg(feature = "parquet")]
mod parquet;
mod samples;
mod trial_data;

pub use hlog::{HlogError, write_hlog};
pub use join::JoinError;
#[cfg(feature = "parquet")]
pub use parquet::write_parquet;
pub use samples::{COLUMNS, write_samples};
pub use trial_data::{PhaseData, SecondData, TrialData};

pub use crate::recorder::{Breakdown, CostSums, OpData, PartSums};
