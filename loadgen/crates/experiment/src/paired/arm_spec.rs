//! What makes an arm.

use crate::{services::TargetProgram, system::Settings};

/// An arm: a named profile with some switches set, and the program that runs with it.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmSpec {
    /// Every switch.
    pub settings: Settings,
    /// The program of the target, where the arms run two; no file of an experiment names one.
    pub program: Option<TargetProgram>,
}

/// An arm that runs the same program as the other.
impl From<Settings> for ArmSpec {
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            program: None,
        }
    }
}
