//! What a capacity search yields, and what is stored of each trial so that it can go on later.

use serde::{Deserialize, Serialize};
use shared::{api::lab::Explanation, invariant::InvariantResult};

use crate::{
    schema::{BreakdownTrial, Capacity, LoadTrial, SearchEnding, ThresholdResult, Trial},
    system::InForce,
    trial::TrialError,
};

/// A trial of a search with everything that later steps need of it. It is stored without the trial itself,
/// which has a file of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptTrial {
    /// What the search needs.
    pub step: LoadTrial,
    /// The limits with their figures.
    pub thresholds: Vec<ThresholdResult>,
    /// What the audit found; empty where none was made.
    pub audit: Vec<InvariantResult>,
    /// What happened past the capacity; absent in a trial that is not about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<BreakdownTrial>,
    /// Everything that was measured.
    #[serde(skip)]
    pub trial: Trial,
}

/// The result of a capacity search, whether it ran to its end or not.
#[derive(Debug)]
pub struct CapacityOutcome {
    /// What was found.
    pub capacity: Capacity,
    /// Every trial in the order in which it ran, those of an earlier command first.
    pub trials: Vec<KeptTrial>,
    /// Trials of the command that took no part in it: those of a search with switches set otherwise, and
    /// those past the capacity.
    pub others: Vec<KeptTrial>,
    /// What was in force in the last trial; absent where the target cannot tell.
    pub in_force: Option<InForce>,
    /// How the statements are carried out, of the first trial.
    pub plans: Vec<Explanation>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Why it ended early, where the harness or the target failed.
    pub error: Option<TrialError>,
}

impl CapacityOutcome {
    /// What these trials found, of which nothing else is known.
    pub(super) fn of(capacity: Capacity, trials: Vec<KeptTrial>) -> Self {
        Self {
            capacity,
            trials,
            others: Vec::new(),
            in_force: None,
            plans: Vec::new(),
            warnings: Vec::new(),
            interrupted: false,
            error: None,
        }
    }

    /// Whether what follows the search can be measured.
    pub(super) fn goes_on(&self) -> bool {
        !self.interrupted && self.error.is_none() && self.capacity.ending != SearchEnding::Stopped
    }

    /// Whether `--resume` goes on from the trials that were stored: not where several searches ran in turn.
    pub(super) fn can_be_resumed(&self) -> bool {
        self.others.iter().all(|one| one.breakdown.is_some())
    }

    /// Every trial of the command.
    pub fn all(&self) -> impl Iterator<Item = &KeptTrial> {
        self.trials.iter().chain(&self.others)
    }
}
