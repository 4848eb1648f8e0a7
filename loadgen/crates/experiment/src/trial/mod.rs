//! One measured run of one arm: put the target in order, drive the load, watch, audit.

mod abort;
mod clock;
mod course;
mod fault_outcome;
mod fault_run;
mod figures;
mod growth;
mod job;
mod live_thresholds;
mod load_control;
mod outcome;
mod own_limit;
mod run;
mod ticks;
mod watch;

pub use clock::{CommandClock, CommandProgress};
pub use course::seconds;
pub use figures::{Measured, arm_operations, operation, server_total};
pub use job::{ArmConfig, TestEnv, TrialSpec};
pub use outcome::TrialOutcome;
pub use run::{TrialError, run};
pub use ticks::{Ticks, target_now};
