//! One arm of a series of blocks.

use shared::api::lab::Explanation;

use super::finished::ArmResult;
use crate::{
    system::InForce,
    trial::{ArmConfig, Measured},
    verdict,
};

/// One arm of a series, as far as it ran.
pub(super) struct SeriesArm {
    /// Name and switches.
    pub(super) config: ArmConfig,
    /// What was in force in its last trial.
    pub(super) in_force: Option<InForce>,
    /// How the statements of its operations are carried out.
    pub(super) plans: Vec<Explanation>,
    /// Its trials in the blocks that count.
    pub(super) counted: Measured,
    /// Its other trials.
    pub(super) other: Measured,
}

impl SeriesArm {
    pub(super) fn new(config: ArmConfig) -> Self {
        Self {
            config,
            in_force: None,
            plans: Vec::new(),
            counted: Measured::default(),
            other: Measured::default(),
        }
    }

    /// All trials that count together, or all where none does; with the audits of all, because an
    /// invariant once broken is broken.
    pub(super) fn finish(self) -> ArmResult {
        let measured = if self.counted.trials == 0 {
            self.other
        } else {
            let mut counted = self.counted;
            verdict::merge_audits(&mut counted.audit, &self.other.audit);
            counted
        };
        ArmResult {
            arm: self.config,
            measured,
            in_force: self.in_force,
            plans: self.plans,
        }
    }
}
