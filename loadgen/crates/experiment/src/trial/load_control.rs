//! What of a trial's load a person may change while it is under way.

use crate::{
    events::Adjustable,
    trial::{TestEnv, TrialSpec},
};
use loadgen_engine::{
    driver::{ControlReceiver, FlowLoad},
    schedule::{FlowMixes, MOST_ARRIVALS, PlanError, Replanner},
    suite::{LoadModel, load::MAX_USERS},
    units::Nanos,
};
use loadgen_stats::seed::sub_seed;

/// Highest rate that can be requested, in iterations a second.
const MOST_RATE: f64 = 100_000.0;

/// Says what can be changed, and gives the driver what it needs to follow.
pub(super) fn offer(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    flows: &[FlowLoad],
) -> Result<Option<ControlReceiver>, PlanError> {
    let suite = spec.suite;
    let (adjustable, onward) = match &suite.load {
        _ if spec.blocks > 0 => {
            let why = "the load of an experiment is fixed: both arms must bear the same";
            (Adjustable::Nothing { why: why.into() }, None)
        }
        LoadModel::Open { .. } if suite.options.shared_iterations.is_some() => (counted(), None),
        LoadModel::Open { phases, arrivals } => {
            let weights: Vec<f64> = flows.iter().map(|load| load.weight).collect();
            let mixes = FlowMixes::of_load(&weights, &suite.load)?;
            let length = phases.iter().map(|phase| phase.duration.0).sum();
            let end = Nanos::from_millis(length);
            let seed = sub_seed(spec.seed, "plan");
            let now = phases.first().map_or(0.0, |one| one.rate.as_per_second());
            let most = highest_rate(end);
            (
                Adjustable::Rate { now, most },
                Some(Replanner::new(*arrivals, mixes, end, seed)),
            )
        }
        _ if !suite.options.ramp.is_empty() => {
            let why = "the users of this load follow its phases";
            (Adjustable::Nothing { why: why.into() }, None)
        }
        LoadModel::Closed {
            iterations: Some(_),
            ..
        } => (counted(), None),
        LoadModel::Closed { .. } if suite.options.shared_iterations.is_some() => (counted(), None),
        LoadModel::Closed { users, .. } => {
            let (now, most) = (*users, MAX_USERS);
            (Adjustable::Users { now, most }, None)
        }
    };
    let can = !matches!(adjustable, Adjustable::Nothing { .. });
    let receiver = can.then(|| ControlReceiver::new(env.steering.events(), onward));
    env.steering.begin(adjustable);
    Ok(receiver)
}

/// A load that ends with its last iteration.
fn counted() -> Adjustable {
    let why = "the number of iterations is fixed: another rate or other users would only change when it ends";
    Adjustable::Nothing { why: why.into() }
}

/// The highest rate that can be requested in a load up to `end`: one whose arrivals can be planned.
fn highest_rate(end: Nanos) -> f64 {
    let seconds = (end.0 as f64 / 1e9).max(1.0);
    MOST_RATE.min((MOST_ARRIVALS as f64 / seconds).floor())
}

/// What a reader must know of a load that was changed.
pub(super) fn sentences(changes: &[(Nanos, String)]) -> Vec<String> {
    changes
        .iter()
        .map(|(at, what)| {
            format!(
                "{what} by hand from {:.1} s into the load: no other run repeats this",
                at.0 as f64 / 1e9
            )
        })
        .collect()
}
