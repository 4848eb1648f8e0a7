//! What makes an arm.

use loadgen_engine::suite::Topology;

use crate::{
    services::TargetProgram,
    system::{Application, Settings},
    trial::ArmConfig,
};

/// An arm: a named profile with some switches set, and the program and the services that run with it.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmSpec {
    /// Every switch.
    pub settings: Settings,
    /// The program of the target, where the arms run two; no file of an experiment names one.
    pub program: Option<TargetProgram>,
    /// The topology of its own stack, where the arms have two; absent where both have that of the suite.
    pub topology: Option<Topology>,
}

impl ArmSpec {
    /// What the trials of an arm of that name are given.
    pub(super) fn config(self, name: &str, application: &dyn Application) -> ArmConfig {
        ArmConfig {
            program: self.program,
            topology: self.topology,
            ..ArmConfig::new(name, self.settings, application)
        }
    }
}

/// An arm that runs the same program and the same services as the other.
impl From<Settings> for ArmSpec {
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            program: None,
            topology: None,
        }
    }
}
