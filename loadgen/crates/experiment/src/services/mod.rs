//! The services of an own stack as trials see them: processes that can be observed, restarted and
//! killed.

mod control;
mod program;
mod roles;

pub use control::{SERVICE_NICE, ServiceControl, ServiceError};
pub use program::TargetProgram;
pub use roles::{ProcessInfo, ServiceRole, TARGET_PROCESS, TopologyPart, instance_name};
