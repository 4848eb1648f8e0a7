//! Control over services that were started for a command.

use std::{collections::BTreeMap, fmt, path::Path};

use super::roles::ProcessInfo;
use loadgen_engine::suite::FaultKind;

/// Nice value of every service that loadgen starts. The generator on the same processors goes first: a
/// target that is saturated may wait, its measurement may not. Raising the value needs no privilege.
pub const SERVICE_NICE: i32 = 10;

/// A service could not be stopped or started again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The command is being stopped.
    #[error("stopped")]
    Interrupted,
    /// A service or its program failed; the reason names the way out.
    #[error("{0}")]
    Failed(String),
}

/// Control over the services of an own stack. Its methods block.
pub trait ServiceControl: fmt::Debug + Send + Sync {
    /// Stops every instance of the target gracefully and starts it again at the same address.
    fn restart_target(&self) -> Result<(), ServiceError>;
    /// Stops every instance of the target gracefully; [`Self::restart_target`] starts them again.
    fn stop_target(&self) -> Result<(), ServiceError>;
    /// Instances of the target that are started from now on begin with this configuration: a value
    /// for each switch.
    fn start_with(&self, settings: &BTreeMap<String, String>) -> Result<(), ServiceError>;
    /// Instances of the target that are started from now on run this program.
    fn use_program(&self, program: &Path) -> Result<(), ServiceError>;
    /// Puts a fault into a service. Of one that ends by itself, returns when the service is ready again.
    fn begin_fault(&self, fault: FaultKind) -> Result<(), ServiceError>;
    /// Takes a fault that lasts away again; returns when the service is ready.
    fn end_fault(&self, fault: FaultKind) -> Result<(), ServiceError>;
    /// Brings back what faults of an earlier trial have used up, before the next one; as a rule there is
    /// nothing to do.
    fn restore(&self) -> Result<(), ServiceError>;
    /// Main process of each service, as of now.
    fn processes(&self) -> Vec<ProcessInfo>;
}
