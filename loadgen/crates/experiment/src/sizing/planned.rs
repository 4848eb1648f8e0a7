//! A plan: every figure with its origin, what is not known, and what a reader must know.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    arithmetic::SizingWork,
    assumptions::Assumptions,
    figure::{FigureBook, FigureOrigin, PlanFigure},
    measured::{FoundBy, MeasuredRun},
    projections::{CapacityProjection, projections},
    readiness::{ReadinessTable, readiness},
    simulation::{PlanSimulation, SimulationBounds, simulated_plan},
};

/// A plan, every figure of it with its origin.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SizingPlan {
    /// The runs that it rests on.
    pub runs: Vec<String>,
    /// Every figure: assumed, measured, derived; each is named only after those that it follows from.
    pub figures: Vec<PlanFigure>,
    /// What one instance does today and what the plan is to do.
    pub projections: Vec<CapacityProjection>,
    /// More instances and more users than were measured, by simulation; absent where it was not asked for, or
    /// where the runs do not allow it.
    pub simulation: Option<PlanSimulation>,
    /// Which parts are ready, and the grade.
    pub readiness: ReadinessTable,
    /// What cannot be computed, and what would allow it.
    pub unknown: Vec<String>,
    /// What a reader must know before believing a figure.
    pub doubts: Vec<String>,
}

impl SizingPlan {
    /// A figure by its id.
    pub fn figure(&self, id: &str) -> Option<&PlanFigure> {
        self.figures.iter().find(|one| one.id == id)
    }

    /// The assumptions that a figure rests on, directly or not.
    pub fn assumptions_of(&self, id: &str) -> Vec<&PlanFigure> {
        let mut open = vec![id];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(id) = open.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            if let Some(one) = self.figure(id) {
                open.extend(one.origin.sources().iter().map(String::as_str));
            }
        }
        let rests = |one: &&PlanFigure| {
            seen.contains(&one.id.as_str()) && matches!(one.origin, FigureOrigin::Assumed { .. })
        };
        self.figures.iter().filter(rests).collect()
    }
}

/// What is simulated beside the arithmetic of a plan.
#[derive(Clone, Copy)]
pub struct SimulationRequest<'a> {
    /// Runs to hold the model against, that it is not fitted to.
    pub validate: &'a [MeasuredRun],
    /// How much is simulated.
    pub bounds: SimulationBounds<'a>,
}

/// Computes the plan. `Err`: why there is none.
pub fn plan(
    runs: &[MeasuredRun],
    assumed: &Assumptions,
    simulation: Option<SimulationRequest<'_>>,
) -> Result<SizingPlan, String> {
    let with_capacity = runs.iter().find(|run| run.search().is_some());
    let base = with_capacity
        .or_else(|| runs.first())
        .ok_or("name a result folder to plan from")?;
    let capacity = base.capacity().ok_or_else(|| {
        format!(
            "{} has no load that meets its SLO and that the target kept up with (its verdict is {}): nothing can be planned from it; `loadgen capacity` searches one",
            base.folder,
            base.summary.verdict.word.label()
        )
    })?;
    let mut work = SizingWork {
        book: FigureBook::default(),
        assumed,
        base,
        runs: std::iter::once(base)
            .chain(runs.iter().filter(|run| run.folder != base.folder))
            .collect(),
        unknown: Vec::new(),
        doubts: doubts(runs, base, capacity.found),
    };
    let load = work.load();
    let measured = work.book.measured(
        "capacity",
        ("capacity of one instance", "/s"),
        capacity.rate,
        (
            &base.folder,
            match capacity.found {
                FoundBy::OneLoad => {
                    "correct answers a second at the one load that was measured; the capacity may be higher"
                }
                FoundBy::Confirmed | FoundBy::Unconfirmed => {
                    "correct answers a second at the lower bound of the search; the interval ends at its upper bound"
                }
            },
        ),
    );
    let instances = work.instances(&load, measured);
    work.cores(&load);
    work.connections(&load, instances);
    work.statement_rate(&load);
    work.redis();
    work.exhaustion(&load, measured, instances);
    work.cost(instances);
    work.changes(&load);
    let projections = projections(&mut work.book, base);
    let simulation = match simulation {
        Some(asked) => simulated_plan(&mut work, asked.validate, &asked.bounds)?,
        None => None,
    };
    Ok(SizingPlan {
        runs: runs.iter().map(|run| run.folder.clone()).collect(),
        figures: work.book.into_figures(),
        projections,
        simulation,
        readiness: readiness(base),
        unknown: work.unknown,
        doubts: work.doubts,
    })
}

/// What a reader must know of the runs.
fn doubts(runs: &[MeasuredRun], base: &MeasuredRun, found: FoundBy) -> Vec<String> {
    let mut doubts = Vec::new();
    match found {
        FoundBy::Confirmed => {}
        FoundBy::Unconfirmed => doubts.push(format!(
            "the bounds of the search in {} were not both confirmed by fresh trials",
            base.folder
        )),
        FoundBy::OneLoad => doubts.push(format!(
            "{} measured one load and no capacity: more instances are planned than may be needed; `loadgen capacity` finds it",
            base.folder
        )),
    }
    let word = base.summary.verdict.word;
    if word.exit_code() != 0 {
        doubts.push(format!(
            "the verdict of {} is {}",
            base.folder,
            word.label()
        ));
    }
    for other in runs {
        let switches = |run: &MeasuredRun| run.arm().map(|arm| arm.fingerprint.clone());
        if switches(other) != switches(base) {
            doubts.push(format!(
                "{} and {} were measured with other switches",
                other.folder, base.folder
            ));
        }
    }
    doubts.push(
        "what was measured shared its processors with the load generator, over loopback, with the data of the measurement: another machine, network or amount of data changes every figure".to_owned(),
    );
    doubts
}
