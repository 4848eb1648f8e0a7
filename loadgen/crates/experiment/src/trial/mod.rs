//! One measured run of one arm: put the target in order, drive the load, watch, audit.

mod abort;
mod clock;
mod error;
mod fault_outcome;
mod fault_run;
mod figures;
mod growth;
mod job;
mod live_thresholds;
mod load_control;
mod load_phase;
mod load_source;
mod outcome;
mod own_limit;
mod planned_level;
mod recovery_rule;
mod run;
#[cfg(test)]
mod scripted;
mod series;
mod server_total;
mod setup;
mod spike;
mod stored;
mod ticks;
mod watch;

pub use clock::{CommandClock, CommandProgress};
pub use error::TrialError;
pub use figures::{Measured, arm_operations, flow_iterations, operation};
pub use job::{ArmConfig, ArmStack, TestEnv, TrialSpec};
pub use load_source::{GeneratedLoad, GeneratedPart, LoadSource, LoadSourceError, LocalLoad};
pub use outcome::TrialOutcome;
pub use run::run;
#[cfg(test)]
pub(crate) use scripted::scripted_env;
pub use series::seconds;
pub use server_total::server_total;
pub use spike::spike_recovery;
pub use ticks::{Ticks, target_now};
