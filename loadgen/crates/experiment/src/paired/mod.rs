//! Paired trials of two arms, and what they allow to say.

mod arm_capacities;
mod arm_file;
mod arm_spec;
mod arm_topologies;
pub mod budget;
mod control;
mod decide;
#[cfg(test)]
mod decide_fixture;
mod design;
mod differences;
mod direction;
mod expected;
pub mod file;
mod finished;
mod metrics;
mod orchestrate;
mod outlook;
mod planned_time;
mod probe;
mod rate;
mod reading;
mod rule;
mod run;
mod sentence;
mod several;
mod shorten;
mod totals;
mod warnings;

pub use arm_spec::ArmSpec;
pub use control::{CONTROL_BLOCKS, ControlKind, PLANTED};
pub use decide::decide;
pub use design::{BlockOrder, Slot, design};
pub use direction::Direction;
pub use expected::expectation;
pub use file::{ArmCapacitySearch, Experiment, Quick};
pub use finished::{ArmResult, Finished};
pub use metrics::{EffectMetric, MetricScope, metrics, metrics_of};
pub use orchestrate::run;
pub use outlook::{PlannedThreshold, check_claims, outlook, planned_thresholds};
pub(crate) use reading::ShareCount;
pub use reading::TrialReading;
pub(crate) use rule::{MARGIN_POINTS, unseen_failures};
pub use run::Kept;
pub use shorten::shorten;
pub use warnings::trial_warnings;
