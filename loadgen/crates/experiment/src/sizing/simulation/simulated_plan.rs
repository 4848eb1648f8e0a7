//! The simulation of a plan from its runs, the runs to check it with, and its assumptions.

use super::{
    calibration::FittedModel,
    configuration::configurations,
    fitted::fitted,
    instance_rows::instance_rows,
    limits::SimulationBounds,
    projected::ProjectedSystem,
    scale_rows::scale_rows,
    section::{PlanSimulation, SimulationCheck},
    slo::slo,
    validation::check,
};
use crate::sizing::{
    arithmetic::SizingWork,
    figure::{FigureBook, Ranged},
    measured::MeasuredRun,
};

/// What every projection takes for granted.
const ASSUMPTIONS: [&str; 9] = [
    "requests arrive at random (Poisson), in the mix of the measurement, and go to the instances in turn",
    "the processors of a machine are shared equally by the requests on it; a request uses one at a time",
    "a request that is slow is slow in each of its steps, by one factor, as spread out as the measured response times of its operation",
    "a request that the cache answers does not visit the database; the slowest requests of an operation are its misses; hit ratios stay as measured",
    "a request takes its connection once and holds it while it is in the database; hashing has a place for each processor of an instance",
    "time in statements beyond processor time (disk, locks) stays as measured, however many instances there are",
    "each instance, the database and Redis get a machine of their own, as fast as the measured one, and the load comes from elsewhere; Redis uses one processor",
    "no resource is used above 95 %; what a rate is at most follows from that where the SLO allows more",
    "the interval of a simulated figure is that of its random numbers; how far the model is off is its error beside it",
];

/// Puts the figures of the simulation. Nothing where the runs do not allow one, which `unknown` then says. `Err`: a
/// run to check it with cannot be used.
pub(in crate::sizing) fn simulated_plan(
    work: &mut SizingWork<'_>,
    checks: &[MeasuredRun],
    bounds: &SimulationBounds<'_>,
) -> Result<Option<PlanSimulation>, String> {
    let runs = work.runs.clone();
    let fit = match fitted(&mut work.book, &runs, work.base) {
        Ok(fit) => fit,
        Err(missing) => {
            if let Some(first) = checks.first() {
                return Err(format!("{} validates nothing: {missing}", first.folder));
            }
            work.unknown.push(missing);
            return Ok(None);
        }
    };
    if fit.model.is_busy() {
        work.doubts.push(format!(
            "the simulation is fitted to {}, which used {:.0} % of its processors: much of its times are queues; name a run of a lighter load as well",
            fit.model.folder,
            fit.model.utilization * 100.0
        ));
    }
    if fit.is_closed {
        work.doubts.push(format!(
            "the simulation is fitted to {}, whose load is closed: its users waited for answers, and the arrivals of the model do not",
            fit.model.folder
        ));
    }
    let made = checked(&mut work.book, &mut work.unknown, &fit, checks, bounds)?;
    let error = largest_error(&mut work.book, &made);
    let limit = slo(work);
    let system = ProjectedSystem::new(work, &fit, limit, bounds);
    let (instances, said) = instance_rows(work, &system);
    let scales = scale_rows(work, &system);
    Ok(Some(PlanSimulation {
        fitted: format!("{}, {}", fit.model.folder, fit.model.arm),
        assumptions: ASSUMPTIONS.map(str::to_owned).to_vec(),
        trust: trust(&made),
        checks: made,
        error,
        instances,
        limit: said,
        scales,
    }))
}

/// A check of each configuration of these runs but the one of the fit.
fn checked(
    book: &mut FigureBook,
    unknown: &mut Vec<String>,
    fit: &FittedModel<'_>,
    checks: &[MeasuredRun],
    bounds: &SimulationBounds<'_>,
) -> Result<Vec<SimulationCheck>, String> {
    let mut made = Vec::new();
    for (place, run) in checks.iter().enumerate() {
        if checks[..place]
            .iter()
            .any(|earlier| earlier.folder == run.folder)
        {
            return Err(format!("{} is named twice by --validate", run.folder));
        }
        let (found, mut why) = configurations(run, fit)?;
        let before = made.len();
        for one in &found {
            match check(book, fit, (made.len() + 1, one), bounds) {
                Ok(checked) => made.push(checked),
                Err(missing) => why.push(missing),
            }
        }
        if made.len() == before {
            return Err(format!(
                "{} cannot be used to validate: {}",
                run.folder,
                why.join("; ")
            ));
        }
        unknown.extend(why.into_iter().map(|why| format!("validation by {why}")));
    }
    Ok(made)
}

/// Puts the largest error; its id.
fn largest_error(book: &mut FigureBook, made: &[SimulationCheck]) -> Option<String> {
    let errors = made.iter().flat_map(|one| {
        let response = one.response_error.as_deref();
        std::iter::once(one.rate_error.as_str()).chain(response)
    });
    let ids: Vec<&str> = errors.collect();
    let sizes = ids
        .iter()
        .filter_map(|id| Some(book.ranged(id)?.value.abs()));
    let largest = sizes.reduce(f64::max)?;
    let id = "simulation_error";
    book.derived(
        id,
        (
            "largest error of the simulation where it was validated",
            "%",
        ),
        Ranged {
            value: largest,
            low: None,
            high: None,
        },
        (
            &format!("the largest of {}, each without its sign", ids.join(", ")),
            &ids,
        ),
    );
    Some(id.to_owned())
}

/// What the checks say of the projections.
fn trust(made: &[SimulationCheck]) -> String {
    if made.is_empty() {
        return "The projections are not validated: nothing is known of how far they are off. Measure the system with another load, pool, cache setting or number of instances, and name each result with --validate; a search of the capacity has other loads, too.".to_owned();
    }
    let configurations = match made.len() {
        1 => "1 measured configuration".to_owned(),
        number => format!("{number} measured configurations"),
    };
    let held = format!(
        "The model was held against {configurations} that it was not fitted to; the largest error there is beside each projection, which lies outside of what was measured and may be off by more."
    );
    let refused: Vec<&str> = made
        .iter()
        .filter(|one| one.simulated_response.is_none())
        .map(|one| one.of.as_str())
        .collect();
    if refused.is_empty() {
        return held;
    }
    format!(
        "{held} It calls the load of {} too high, which was carried: its error there has no bound.",
        refused.join(" and ")
    )
}
