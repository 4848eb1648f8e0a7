//! Paired trials of two arms, and what they allow to say.

mod arm_capacities;
mod arm_file;
mod arm_spec;
mod arm_topologies;
pub mod budget;
mod control;
mod counted;
mod decide;
#[cfg(test)]
mod decide_fixture;
mod design;
mod differences;
mod direction;
mod expected;
mod feasibility;
pub mod file;
mod finished;
mod metrics;
mod multiple_claims;
mod orchestrate;
mod planned_metrics;
mod planned_time;
mod probe;
mod rate;
mod reading;
mod replacements;
mod rule;
mod run;
mod sentence;
mod series_arm;
#[cfg(test)]
mod series_fixture;
mod shorten;
mod totals;
mod warnings;

pub use arm_spec::ArmSpec;
pub use control::{CONTROL_BLOCKS, ControlKind, PLANTED};
pub use counted::counted_pairs;
pub use decide::decide;
pub use design::{BlockOrder, PlannedBlock, design};
pub use direction::Direction;
pub use expected::expectation;
pub use feasibility::{PlannedThreshold, check_claims, feasibility, planned_thresholds};
pub use file::{ArmCapacitySearch, Experiment, Quick};
pub use finished::{ArmResult, Finished};
pub use metrics::{EffectMetric, MetricScope, metrics, metrics_of};
pub use orchestrate::run;
pub use planned_metrics::{check_arm, check_planned, check_topologies, planned_metric};
pub use probe::COMMON_RATE;
pub(crate) use reading::ShareCount;
pub use reading::TrialReading;
pub(crate) use replacements::Replacements;
pub(crate) use rule::{MARGIN_POINTS, unseen_failures};
pub use run::OnTrial;
pub use shorten::shorten;
pub use warnings::trial_warnings;
