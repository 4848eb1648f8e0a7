//! From flags and files to what a command runs: a suite, an experiment, a factorial design, with
//! the replacements of the flags applied.

mod chaos;
mod experiment;
mod factorial;
mod overrides;
mod programs;
mod suite;

pub(super) use chaos::{PlannedChaos, plan_chaos};
pub(super) use experiment::plan_experiment;
pub(super) use factorial::plan_factorial;
pub(super) use overrides::{
    MOST_COUNTED, add_thresholds, drain_of, refuse_lost_phases, resolve_settings,
};
pub(super) use suite::plan_suite;
