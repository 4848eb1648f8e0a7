//! The capacity with some switches set otherwise, beside the capacity as it was set.

use super::{
    arms::{ArmSearch, search_in_turn},
    outcome::CapacityOutcome,
    plan::CapacityPlan,
    run::{OnSearchTrial, expected_trials},
};
use crate::{
    schema::{CapacityFactor, WhatIfCapacity},
    system::Settings,
    trial::TestEnv,
};

/// The arm of the switches as they were set.
const AS_SET: &str = "as set";

/// Switches that are set otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// As written: `cache.items=off`.
    pub text: String,
    /// Every switch.
    pub settings: Settings,
}

/// Searches the capacity as it was set and with each change, one trial of each in turn, so that the
/// machine's drift meets all of them. A budget is divided among them in equal parts. Returns the capacity
/// as it was set, which tells of the whole command whether it was stopped, why it failed, and what the
/// audits of all trials found; then what each change makes of it.
pub async fn run_with_what_if(
    env: &TestEnv,
    plan: &CapacityPlan,
    changes: &[WhatIf],
    workers: usize,
    on_trial: OnSearchTrial<'_>,
) -> (CapacityOutcome, Vec<WhatIfCapacity>) {
    let arms = arms(plan, changes);
    let trials = expected_trials(plan) * arms.len() as u32;
    let outcomes = search_in_turn(env, &arms, workers, trials, on_trial).await;
    joined(outcomes, changes)
}

fn arms(plan: &CapacityPlan, changes: &[WhatIf]) -> Vec<ArmSearch> {
    let mut plan = plan.clone();
    let parts = 1.0 + changes.len() as f64;
    plan.search.budget_s = plan.search.budget_s.map(|budget| budget / parts);
    let changed = changes.iter().map(|one| ArmSearch {
        arm: one.text.clone(),
        plan: CapacityPlan {
            settings: one.settings.clone(),
            ..plan.clone()
        },
    });
    let as_set = ArmSearch {
        arm: AS_SET.to_owned(),
        plan: plan.clone(),
    };
    std::iter::once(as_set).chain(changed).collect()
}

fn joined(
    outcomes: Vec<CapacityOutcome>,
    changes: &[WhatIf],
) -> (CapacityOutcome, Vec<WhatIfCapacity>) {
    let mut outcomes = outcomes.into_iter();
    let mut as_set = outcomes.next().expect("the first arm is always searched");
    let mut found = Vec::new();
    for (outcome, change) in outcomes.zip(changes) {
        found.push(WhatIfCapacity {
            settings: change.text.clone(),
            factor: CapacityFactor::of(&as_set.capacity, &outcome.capacity),
            found: outcome.capacity,
        });
        as_set.interrupted |= outcome.interrupted;
        as_set.error = as_set.error.or(outcome.error);
        let named = outcome.warnings.into_iter();
        as_set
            .warnings
            .extend(named.map(|text| format!("{}: {text}", change.text)));
        as_set.others.extend(outcome.trials);
    }
    (as_set, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capacity::{fixture::kept, plan::tests::plan, run::nothing_yet},
        schema::{LoadUnit, LoadVote},
    };

    fn outcome(lower: f64, upper: f64) -> CapacityOutcome {
        let plan = plan(LoadUnit::Rate);
        let mut capacity = nothing_yet(&plan);
        (capacity.lower, capacity.upper) = (Some(lower), Some(upper));
        CapacityOutcome::of(capacity, vec![kept(lower, LoadVote::Met)])
    }

    fn changes() -> [WhatIf; 2] {
        ["cache=off", "pool=50"].map(|text| WhatIf {
            text: text.to_owned(),
            settings: Settings::default(),
        })
    }

    #[test]
    fn each_change_is_an_arm_with_its_part_of_the_budget() {
        let mut plan = plan(LoadUnit::Rate);
        plan.search.budget_s = Some(90.0);
        let arms = arms(&plan, &changes());
        let names: Vec<&str> = arms.iter().map(|one| one.arm.as_str()).collect();
        assert_eq!(names, ["as set", "cache=off", "pool=50"]);
        let budgets = arms.iter().map(|one| one.plan.search.budget_s);
        assert!(budgets.into_iter().all(|one| one == Some(30.0)));
    }

    #[test]
    fn a_factor_rests_on_the_bounds_of_both_and_faults_of_any_search_are_those_of_the_command() {
        let mut slow = outcome(20.0, 25.0);
        slow.warnings.push("a doubt".to_owned());
        let mut stopped = outcome(90.0, 110.0);
        stopped.interrupted = true;
        let (as_set, found) = joined(vec![outcome(100.0, 104.0), slow, stopped], &changes());
        assert_eq!(as_set.capacity.lower, Some(100.0));
        assert_eq!(found[0].settings, "cache=off");
        let factor = found[0].factor;
        assert!((factor.at_least.unwrap() - 20.0 / 104.0).abs() < 1e-9);
        assert!((factor.at_most.unwrap() - 0.25).abs() < 1e-9);
        assert!(!found[1].factor.is_more());
        assert!(as_set.interrupted && as_set.error.is_none());
        assert_eq!(as_set.warnings, ["cache=off: a doubt"]);
        assert_eq!((as_set.trials.len(), as_set.others.len()), (1, 2));
    }
}
