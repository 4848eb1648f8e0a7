//! The services of an own stack as trials see them: processes that can be observed, restarted and
//! killed.

mod control;
mod roles;

pub use control::{SERVICE_NICE, ServiceControl, ServiceError};
pub use roles::{ProcessInfo, ServiceRole, instance_name};
