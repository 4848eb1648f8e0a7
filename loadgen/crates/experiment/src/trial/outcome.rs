//! What one trial yields.

use shared::{api::lab::Explanation, invariant::InvariantResult};

use crate::{
    schema::Trial,
    system::{ConsistencyRecord, InForce},
};
use loadgen_engine::aggregator::TrialData;

/// A measured and judged trial.
#[derive(Debug)]
pub struct TrialOutcome {
    /// What is stored.
    pub trial: Trial,
    /// What it was made from.
    pub data: TrialData,
    /// What the audit found; empty where none was made. `trial.audits` says whether one was.
    pub audit: Vec<InvariantResult>,
    /// What clients know of their writes, and how fresh what they read back was.
    pub consistency: ConsistencyRecord,
    /// What clients know of their writes, as text for the process that joins the parts of a load; empty
    /// where this is no part.
    pub record: String,
    /// Files that the system keeps of the trial: name and content.
    pub artifacts: Vec<(String, Vec<u8>)>,
    /// What was in force; absent where the target cannot tell.
    pub in_force: Option<InForce>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The threshold that ended the trial early, and the figure that broke it.
    pub ended_by: Option<(String, String)>,
    /// How the statements of its operations are carried out; of the first trial of an arm only.
    pub plans: Vec<Explanation>,
}
