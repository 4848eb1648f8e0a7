//! One measured run of one arm: put the target in order, sign in, drive the load, watch, audit.

mod alarm;
mod crash;
mod figures;
mod helm;
mod job;
mod prepare;
mod prime;
mod run;
mod ticks;
mod watch;

pub use crash::{Crash, StackControl};
pub use figures::{Measured, arm_operations, operation, promised, seconds, server_total};
pub use helm::{highest_rate, told as told_changes};
pub use job::{Arm, Bench, Place};
pub use prepare::{Prepared, environment, prepare, switches_by_name};
pub use prime::{Sessions, rows};
pub use run::{Outcome, TrialError, run};
pub use ticks::{Ticks, target_now};
