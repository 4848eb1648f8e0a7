//! From the flags to what is loaded past the capacity, and the time that is left for the search.

use shared::time::Millis;

use crate::cli::{failure::Failure, flags::CapacityArgs};
use loadgen_engine::suite::Windows;
use loadgen_experiment::{
    capacity::BreakdownPlan,
    system::{Application, Settings},
};

/// What `--breakdown` loads; absent without it.
pub(super) fn breakdown(
    args: &CapacityArgs,
    application: &dyn Application,
    settings: &Settings,
) -> Result<Option<BreakdownPlan>, Failure> {
    if !args.breakdown {
        return Ok(None);
    }
    let plan = BreakdownPlan::of(application, settings, args.quick);
    plan.map(Some)
        .map_err(|error| Failure::Usage(format!("--breakdown: {error}")))
}

/// Seconds of the budget that are left for the search, whose trials have `windows`; absent without a
/// budget.
pub(super) fn time_for_search(
    budget: Option<Millis>,
    breakdown: Option<&BreakdownPlan>,
    windows: Windows,
) -> Result<Option<f64>, Failure> {
    let Some(budget) = budget else {
        return Ok(None);
    };
    let past_s = breakdown.map_or(0.0, |plan| plan.planned_s(windows));
    let left_s = budget.0 as f64 / 1_000.0 - past_s;
    if left_s <= 0.0 {
        let past = Millis(past_s.ceil() as u64 * 1_000);
        return Err(Failure::Usage(format!(
            "--budget {budget}: the trials of --breakdown alone take {past}; give a longer one, or --quick"
        )));
    }
    Ok(Some(left_s))
}
