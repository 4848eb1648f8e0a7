//! The measured configurations of a run that the model can be held against: its arms, and the loads of its search.

use super::calibration::{FittedModel, is_closed, offered};
use crate::{
    schema::{Arm, Capacity, LoadResult, LoadUnit, VerdictWord},
    sizing::measured::MeasuredRun,
};

/// A configuration, and what was measured of it.
pub(super) struct MeasuredConfiguration<'a> {
    /// The run with its arm, or with its load.
    pub(super) name: String,
    pub(super) run: &'a MeasuredRun,
    /// The arm that it is, or whose settings it has.
    pub(super) arm: &'a Arm,
    /// Requests a second that arrived.
    pub(super) load: f64,
    /// Correct answers a second.
    pub(super) rate: f64,
    /// Share of the requests that took `response_ms` at most.
    pub(super) share: f64,
    pub(super) response_ms: f64,
}

/// Those of a run that the model was not fitted to, and why others cannot be used. `Err`: why none can.
pub(super) fn configurations<'a>(
    run: &'a MeasuredRun,
    fit: &FittedModel<'_>,
) -> Result<(Vec<MeasuredConfiguration<'a>>, Vec<String>), String> {
    let refused = |why: &str| Err(format!("{} cannot be used to validate: {why}", run.folder));
    if run.summary.verdict.word == VerdictWord::Invalid {
        return refused("its verdict is INVALID, so its figures say nothing of the target");
    }
    if is_closed(run) {
        return refused(
            "its load is closed, so its users wait for answers; the model needs an open one",
        );
    }
    let (mut found, mut why) = (Vec::new(), Vec::new());
    let other = |arm: &&Arm| run.folder != fit.model.folder || arm.name.as_str() != fit.model.arm;
    for arm in run.summary.arms.iter().filter(other) {
        match of_arm(run, arm) {
            Ok(one) => found.push(one),
            Err(missing) => why.push(missing),
        }
    }
    if let (Some(search), Some(arm)) = (&run.summary.capacity, run.arm()) {
        found.extend(of_loads(run, arm, search));
    }
    if !found.is_empty() {
        return Ok((found, why));
    }
    if why.is_empty() {
        return Err(format!(
            "{} is the run that the simulation is fitted to, and holds no other load, so it validates nothing: name another with --validate",
            run.folder
        ));
    }
    refused(&why.join("; "))
}

/// An arm as it was measured.
fn of_arm<'a>(run: &'a MeasuredRun, arm: &'a Arm) -> Result<MeasuredConfiguration<'a>, String> {
    let name = format!("{}, {}", run.folder, arm.name.as_str());
    let p95 = arm.total.response.p95.ms().filter(|ms| *ms > 0.0);
    let (load, response_ms) = match (offered(arm), p95) {
        (Some(load), Some(ms)) => (load, ms),
        (None, _) => return Err(format!("{name}: no request succeeded")),
        (_, None) => {
            return Err(format!(
                "{name}: its p95 is not known, of too few requests or beyond the timeout"
            ));
        }
    };
    Ok(MeasuredConfiguration {
        name,
        run,
        arm,
        load,
        rate: arm.total.rate_per_s,
        share: 0.95,
        response_ms,
    })
}

/// The loads of a search that met its SLO, but that of its arm, which is its lower bound. Each has the requests of an
/// iteration and the settings of the arm.
fn of_loads<'a>(
    run: &'a MeasuredRun,
    arm: &'a Arm,
    search: &'a Capacity,
) -> Vec<MeasuredConfiguration<'a>> {
    let Some((lower, requests)) = search.lower.zip(offered(arm)) else {
        return Vec::new();
    };
    let usable = |one: &&LoadResult| {
        one.met > 0 && one.goodput_per_s > 0.0 && (one.load / lower - 1.0).abs() > 1e-6
    };
    let configuration = |one: &LoadResult| {
        Some(MeasuredConfiguration {
            name: format!("{}, {}", run.folder, search.unit.show(one.load)),
            run,
            arm,
            load: one.load * requests / lower,
            rate: one.goodput_per_s,
            share: search.percentile,
            response_ms: one.response_ms.filter(|ms| *ms > 0.0)?,
        })
    };
    let loads = search.loads.iter().filter(usable);
    loads
        .filter(|_| search.unit == LoadUnit::Rate)
        .filter_map(configuration)
        .collect()
}
