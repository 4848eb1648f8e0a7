//! One measured run of one arm: put the target in order, drive the load, watch, audit.

mod alarm;
mod crash;
mod figures;
mod helm;
mod job;
mod run;
mod ticks;
mod watch;

pub use crash::Crash;
pub use figures::{Measured, arm_operations, operation, seconds, server_total};
pub use helm::{highest_rate, told as told_changes};
pub use job::{Arm, TestEnv, TrialSpec};
pub use run::{Outcome, TrialError, run};
pub use ticks::{Ticks, target_now};
