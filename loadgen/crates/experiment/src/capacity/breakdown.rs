//! What happens past the capacity: the loads and the spike with each admission policy, in turn, so that
//! drift of the machine meets all of them.

use super::{
    arms::ArmSearch,
    breakdown_plan::{BreakdownPlan, TIMES},
    breakdown_rules::policy_breakdown,
    breakdown_trial::time_limits,
    outcome::{CapacityOutcome, KeptTrial},
    plan::CapacityPlan,
    run::{OnSearchTrial, Running, run},
    saturation::same,
    search_range::SearchBounds,
};
use crate::{
    schema::{Capacity, CapacityBreakdown, TrialPurpose},
    trial::{CommandClock, TestEnv},
};

/// Runs the search with what follows it, and then, where the plan asks for it, what happens past the
/// capacity. All of it goes on from where `earlier` trials left it.
pub async fn run_with_breakdown(
    env: &TestEnv,
    plan: &CapacityPlan,
    workers: usize,
    earlier: Vec<KeptTrial>,
    on_trial: OnSearchTrial<'_>,
) -> CapacityOutcome {
    let is_past = |one: &KeptTrial| one.breakdown.is_some();
    let (past, earlier): (Vec<KeptTrial>, Vec<KeptTrial>) = earlier.into_iter().partition(is_past);
    let (mut outcome, clock) = Box::pin(run(env, plan, workers, earlier, on_trial)).await;
    let Some(breakdown) = plan.breakdown.as_ref().filter(|_| outcome.goes_on()) else {
        outcome.others = past;
        return outcome;
    };
    let loads = match loads(plan, &outcome.capacity) {
        Ok(loads) => loads,
        Err(why) => {
            let why = format!("what happens past the capacity was not measured: {why}");
            outcome.warnings.push(why);
            outcome.others = past;
            return outcome;
        }
    };
    let arms: Vec<ArmSearch> = breakdown
        .policies
        .iter()
        .map(|policy| ArmSearch {
            arm: policy.name.clone(),
            plan: CapacityPlan {
                settings: policy.settings.clone(),
                ..plan.clone()
            },
        })
        .collect();
    let mut policies: Vec<Running<'_>> = arms
        .iter()
        .map(|one| {
            let mut running = Running::new(env, &one.plan, workers, Some(one.arm.as_str()));
            let of_it = past.iter().filter(|trial| is_of(trial, &one.arm));
            running.outcome.trials = of_it.cloned().collect();
            running
        })
        .collect();
    let bounds = SearchBounds {
        lower: outcome.capacity.lower,
        lower_confirmed: outcome.capacity.lower_confirmed,
        upper: outcome.capacity.upper,
        upper_confirmed: outcome.capacity.upper_confirmed,
    };
    Box::pin(in_turn(
        &mut policies,
        &steps(breakdown, &loads),
        bounds,
        clock,
        on_trial,
    ))
    .await;
    for (running, arm) in policies.into_iter().zip(&arms) {
        add(&mut outcome, running.outcome, &arm.arm);
    }
    let catalog = env.system.application().catalog();
    let flows: Vec<&str> = plan.suite.flows.iter().map(|one| &*one.flow).collect();
    outcome.capacity.breakdown = found(
        breakdown,
        &loads,
        &outcome.others,
        time_limits(&plan.slo, catalog, &flows),
    );
    outcome
}

fn is_of(trial: &KeptTrial, policy: &str) -> bool {
    let past = trial.breakdown.as_ref();
    past.is_some_and(|past| past.policy == policy)
}

/// The loads from the lower bound to twice it; the error says why they must not be tried.
fn loads(plan: &CapacityPlan, found: &Capacity) -> Result<Vec<f64>, String> {
    let Some(lower) = found.lower else {
        return Err("no load is known to meet the SLO".to_owned());
    };
    if found.upper_of_target().is_none() {
        return Err(
            "no load is known to miss the SLO, so the lower bound may be far below the capacity"
                .to_owned(),
        );
    }
    // What holds at a lower bound by luck alone is past the capacity already, and twice a bound that is far
    // below it is not: either would look like a plateau.
    let doubtful = match (found.lower_confirmed, found.upper_confirmed) {
        (true, true) => None,
        (false, true) => Some("the lower bound"),
        (true, false) => Some("the upper bound"),
        (false, false) => Some("either bound"),
    };
    if let Some(bound) = doubtful {
        return Err(format!(
            "fresh trials did not confirm {bound}, so how far past the capacity a load is cannot be said; a longer --duration tells more, or a search without --quick"
        ));
    }
    let double = lower * TIMES[TIMES.len() - 1];
    if double > plan.search.highest {
        return Err(format!(
            "twice the lower bound, {}, is more than may be tried; raise --max-load",
            found.unit.show(double)
        ));
    }
    // Of one user half a user more is two.
    let mut loads = TIMES
        .map(|times| plan.search.rounded(lower * times))
        .to_vec();
    loads.dedup();
    Ok(loads)
}

/// A trial with each policy, the `number`-th of its kind from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
struct BreakdownStep {
    load: f64,
    purpose: TrialPurpose,
    number: u32,
}

/// The rounds, each with its loads ascending, because what an overload leaves behind disturbs no lighter
/// one; then the spike.
fn steps(plan: &BreakdownPlan, loads: &[f64]) -> Vec<BreakdownStep> {
    let step = |load: f64, purpose, number| BreakdownStep {
        load,
        purpose,
        number,
    };
    let rounds = (0..plan.rounds).flat_map(|round| {
        let at = move |load: &f64| step(*load, TrialPurpose::Breakdown, round);
        loads.iter().map(at)
    });
    let peak = loads.last();
    let spike = peak.map(|load| step(*load, TrialPurpose::Spike, 0));
    rounds.chain(spike).collect()
}

/// Whether an earlier command has run a step.
fn is_done(step: BreakdownStep, trials: &[KeptTrial]) -> bool {
    let is_it =
        |one: &&KeptTrial| one.step.purpose == step.purpose && same(one.step.load, step.load);
    trials.iter().filter(is_it).count() > step.number as usize
}

/// Runs each step with each policy, beginning with another one in each round.
async fn in_turn(
    policies: &mut [Running<'_>],
    steps: &[BreakdownStep],
    bounds: SearchBounds,
    mut clock: CommandClock,
    on_trial: OnSearchTrial<'_>,
) {
    let count = policies.len();
    for step in steps {
        for turn in 0..count {
            let running = &mut policies[(turn + step.number as usize) % count];
            if is_done(*step, &running.outcome.trials) {
                continue;
            }
            running.clock = clock;
            running.announce(step.load, step.purpose, bounds);
            // A broken invariant ends a search; here the finding itself is what was asked for.
            running.trial(step.load, step.purpose, on_trial).await;
            clock = running.clock.clone();
            if running.outcome.interrupted || running.outcome.error.is_some() {
                return;
            }
        }
    }
}

/// Adds what was measured with a policy to the outcome of the command. What ended it is a warning: the
/// search is complete by then.
fn add(outcome: &mut CapacityOutcome, of_policy: CapacityOutcome, policy: &str) {
    outcome.interrupted |= of_policy.interrupted;
    let ended = of_policy.error;
    let ended = ended.map(|error| {
        format!(
            "what happens past the capacity was measured in part, it ended with {policy}: {error}"
        )
    });
    let warnings = of_policy.warnings.into_iter();
    let warnings = warnings.map(|text| format!("{policy}: {text}"));
    outcome.warnings.extend(warnings.chain(ended));
    outcome.others.extend(of_policy.trials);
}

/// What was found; absent where not a single trial was run.
fn found(
    plan: &BreakdownPlan,
    loads: &[f64],
    trials: &[KeptTrial],
    time_limits: Vec<String>,
) -> Option<CapacityBreakdown> {
    let lower = loads.first().filter(|_| !trials.is_empty())?;
    let of_policy = |name: &str| policy_breakdown(name, *lower, loads, trials);
    Some(CapacityBreakdown {
        lower: *lower,
        time_limits,
        policies: plan
            .policies
            .iter()
            .map(|one| of_policy(&one.name))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capacity::{fixture::kept, plan::tests::plan, run::nothing_yet},
        schema::{LoadUnit, LoadVote, SearchEnding},
        system::{Application as _, Shop},
        trial::TrialError,
    };

    fn bounds(unit: LoadUnit, lower: Option<f64>, upper: Option<f64>) -> Result<Vec<f64>, String> {
        confirmed(unit, (lower, lower.is_some()), (upper, upper.is_some()))
    }

    /// The same with bounds each of which fresh trials confirmed or did not.
    fn confirmed(
        unit: LoadUnit,
        lower: (Option<f64>, bool),
        upper: (Option<f64>, bool),
    ) -> Result<Vec<f64>, String> {
        let plan = plan(unit);
        let mut capacity = nothing_yet(&plan);
        (capacity.lower, capacity.lower_confirmed) = lower;
        (capacity.upper, capacity.upper_confirmed) = upper;
        capacity.ending = SearchEnding::Found;
        loads(&plan, &capacity)
    }

    #[test]
    fn nothing_is_a_multiple_of_a_bound_that_fresh_trials_did_not_confirm() {
        let (lower, upper) = (Some(100.0), Some(103.0));
        let with = |below, above| confirmed(LoadUnit::Rate, (lower, below), (upper, above));
        assert!(with(true, true).is_ok());
        for (below, above, bound) in [
            (false, true, "the lower bound"),
            (true, false, "the upper bound"),
            (false, false, "either bound"),
        ] {
            let refused = with(below, above).unwrap_err();
            let said = format!("fresh trials did not confirm {bound}");
            assert!(refused.starts_with(&said), "{refused}");
        }
    }

    #[test]
    fn loads_are_multiples_of_a_lower_bound_that_is_known_to_be_near_the_capacity() {
        let rate = |lower, upper| bounds(LoadUnit::Rate, lower, upper);
        assert_eq!(
            rate(Some(100.0), Some(103.0)).unwrap(),
            [100.0, 150.0, 200.0]
        );
        assert_eq!(
            bounds(LoadUnit::Users, Some(1.0), Some(2.0)).unwrap(),
            [1.0, 2.0]
        );
        for (lower, upper, part) in [
            (None, Some(5.0), "no load is known to meet the SLO"),
            (Some(5.0), None, "no load is known to miss the SLO"),
            (
                Some(600.0),
                Some(620.0),
                "1200/s, is more than may be tried",
            ),
        ] {
            let refused = rate(lower, upper).unwrap_err();
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn rounds_ascend_and_what_an_earlier_command_ran_is_not_run_again() {
        let plan = BreakdownPlan::of(&Shop, &Shop.default_profile(), true).unwrap();
        let all = steps(&plan, &[10.0, 15.0, 20.0]);
        let loads: Vec<f64> = all.iter().map(|one| one.load).collect();
        assert_eq!(loads, [10.0, 15.0, 20.0, 10.0, 15.0, 20.0, 20.0]);
        assert_eq!(all[6].purpose, TrialPurpose::Spike);
        assert_eq!(all.len() as u32 * plan.policies.len() as u32, plan.trials());

        let mut one = kept(20.0, LoadVote::Missed);
        one.step.purpose = TrialPurpose::Breakdown;
        let done: Vec<bool> = all
            .iter()
            .map(|step| is_done(*step, &[one.clone()]))
            .collect();
        assert_eq!(done, [false, false, true, false, false, false, false]);
    }

    #[test]
    fn what_was_measured_with_a_policy_is_of_the_command_and_can_be_gone_on_from() {
        let plan = plan(LoadUnit::Rate);
        let outcome = |interrupted| CapacityOutcome {
            interrupted,
            ..CapacityOutcome::of(nothing_yet(&plan), Vec::new())
        };
        let mut all = outcome(false);
        let mut with_policy = outcome(true);
        with_policy.warnings.push("a doubt".to_owned());
        with_policy.error = Some(TrialError::Thread("it broke".to_owned()));
        with_policy.trials.push(kept(20.0, LoadVote::Missed));
        add(&mut all, with_policy, "admission=off");
        assert!(all.interrupted);
        assert_eq!(all.warnings[0], "admission=off: a doubt");
        assert!(all.warnings[1].contains("it broke") && all.error.is_none());
        assert_eq!(all.others.len(), 1);
        assert!(!all.can_be_resumed(), "a trial of another search");
    }
}
