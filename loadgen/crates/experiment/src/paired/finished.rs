//! What an experiment found.

use shared::api::lab::Explanation;

use crate::{
    schema::{ArmCapacities, Control, Effect, Trial},
    system::InForce,
    trial::{ArmConfig, Measured, TrialError},
};
use loadgen_engine::units::Rate;

/// One arm after all blocks.
#[derive(Debug)]
pub struct ArmResult {
    /// Name and switches.
    pub arm: ArmConfig,
    /// All valid trials together; all trials where none is valid.
    pub measured: Measured,
    /// What was in force; absent where no trial came that far.
    pub in_force: Option<InForce>,
    /// How the statements of its operations are carried out.
    pub plans: Vec<Explanation>,
}

/// The outcome of an experiment, whether it ran to its end or not.
#[derive(Debug)]
pub struct Finished {
    /// Before, then after.
    pub arms: [ArmResult; 2],
    /// Every trial in the order in which it ran, invalid ones included.
    pub trials: Vec<Trial>,
    /// Folders of the trials whose block stayed invalid after its repetition; empty where every planned block counts.
    pub invalid: Vec<String>,
    /// Blocks that were planned in the end.
    pub blocks: u32,
    /// Blocks with two valid trials.
    pub valid_blocks: usize,
    /// Differences, from the valid blocks alone.
    pub effects: Vec<Effect>,
    /// What the experiment found of itself.
    pub controls: Vec<Control>,
    /// The rate that both arms were asked for, where it was looked for, and why it is that.
    pub rate: Option<(Rate, String)>,
    /// The capacity of both arms, where it was searched.
    pub capacities: Option<ArmCapacities>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// Whether it was stopped.
    pub interrupted: bool,
    /// Why it ended early, where the harness or the target failed.
    pub error: Option<TrialError>,
}
