//! The capacity of several arms, their trials in turn, so that drift of the machine meets all of them.

use super::{
    outcome::{CapacityOutcome, KeptTrial},
    plan::CapacityPlan,
    run::{OnSearchTrial, Running},
    search_range::SearchBounds,
};
use crate::{
    schema::TrialPurpose,
    trial::{CommandClock, TestEnv, TrialError},
};

/// An arm and how it is searched.
#[derive(Debug)]
pub struct ArmSearch {
    /// Its name.
    pub arm: String,
    /// How it is searched.
    pub plan: CapacityPlan,
}

/// Searches each arm, one trial of each in turn until all are done. `trials` is how many the whole
/// command expects, for the time that is shown.
pub async fn search_in_turn(
    env: &TestEnv,
    arms: &[ArmSearch],
    workers: usize,
    trials: u32,
    on_trial: OnSearchTrial<'_>,
) -> Vec<CapacityOutcome> {
    let mut clock = CommandClock::start(trials);
    let mut searches: Vec<(Running<'_>, Option<SearchBounds>)> = arms
        .iter()
        .map(|one| {
            (
                Running::new(env, &one.plan, workers, Some(one.arm.as_str())),
                None,
            )
        })
        .collect();
    while searches.iter().any(|(_, bounds)| bounds.is_none()) {
        for (running, bounds) in &mut searches {
            if bounds.is_some() {
                continue;
            }
            running.clock = clock;
            *bounds = Box::pin(running.step(on_trial)).await;
            clock = running.clock.clone();
            if running.outcome.interrupted || running.outcome.error.is_some() {
                // Nothing of the other arms would be measured either.
                return finished(searches);
            }
        }
    }
    finished(searches)
}

fn finished(searches: Vec<(Running<'_>, Option<SearchBounds>)>) -> Vec<CapacityOutcome> {
    searches
        .into_iter()
        .map(|(running, bounds)| running.finish(bounds.unwrap_or_default()))
        .collect()
}

/// One trial of an arm at a load beyond its search, measured to its end. `None`: the command was stopped.
pub async fn past_capacity(
    env: &TestEnv,
    search: &ArmSearch,
    load: f64,
    workers: usize,
    on_trial: OnSearchTrial<'_>,
) -> Result<Option<KeptTrial>, TrialError> {
    let mut running = Running::new(env, &search.plan, workers, Some(search.arm.as_str()));
    running.clock = CommandClock::start(1);
    // A broken invariant ends a search; here the finding itself is what was asked for.
    Box::pin(running.trial(load, TrialPurpose::PastCapacity, on_trial)).await;
    match running.outcome.error {
        Some(error) => Err(error),
        None => Ok(running.outcome.trials.pop()),
    }
}
