//! The capacity of both arms of an experiment, and what the first arm does at the load that the second
//! one sustains.

use shared::{invariant::InvariantResult, time::Millis};

use super::{file::Experiment, finished::Finished, probe::ProbedArm, run::OnTrial};
use crate::{
    capacity::{
        ArmSearch, CapacityOutcome, CapacityPlan, KeptTrial, SearchPlan, audits, past_capacity,
        search_in_turn,
    },
    schema::{
        ArmCapacities, ArmCapacity, CapacityFactor, LoadTrial, LoadUnit, LoadVote, PastCapacity,
        TrialPurpose,
    },
    system::Settings,
    trial::{TestEnv, TrialError, TrialOutcome},
    verdict::merge_audits,
};
use loadgen_engine::{
    suite::{LoadModel, Windows},
    threshold::{Level, Scope, Threshold},
};

/// Longest load of a trial before it counts, and while it does; those of the experiment where they are
/// shorter.
const WARM_UP: Millis = Millis(1_000);
const MEASURE: Millis = Millis(6_000);
/// Time that the trials of both arms may take; the bounds are then those that are known.
pub(super) const BUDGET: Millis = Millis(120_000);
/// Time beside the load of each trial, estimated for two quiet cores: restart, reset, drain, audit.
pub(super) const BESIDE: Millis = Millis(3_000);
/// The range of the searches.
const LOWEST_RATE: f64 = 0.5;
const HIGHEST_RATE: f64 = 20_000.0;
const HIGHEST_USERS: f64 = 5_000.0;
/// The first load of a search, as a share of what the arm takes at its limit. The SLO is met below the
/// limit and missed above it, and the next load is half as much again: so the first two trials most often
/// lie on both sides, and are as far apart as the bounds are to be.
const FIRST: f64 = 0.8;
/// The SLO where the experiment limits no time of all requests.
const USUAL_SLO: [&str; 2] = ["p95 < 1000ms", "errors < 1%"];
/// Trials that a search of an arm takes, roughly.
const TRIALS_OF_ARM: u32 = 6;

/// What the searches found, until the experiment ends.
pub(super) struct FoundCapacities {
    searches: [ArmSearch; 2],
    stored: ArmCapacities,
    warnings: Vec<String>,
    /// The last trial of the second arm at its lower bound.
    at_lower: Option<LoadTrial>,
}

/// Searches both arms, one trial of each in turn, from what their probes found. What the audits of all trials found
/// is added to `broken`, also where a search fails.
pub(super) async fn search(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    probed: Option<&[ProbedArm; 2]>,
    broken: &mut [Vec<InvariantResult>; 2],
    on_trial: OnTrial<'_>,
) -> Result<FoundCapacities, TrialError> {
    let slo = slo(experiment);
    let specs = [("before", &experiment.before), ("after", &experiment.after)];
    let mut searches = [0_usize, 1].map(|index| {
        let (arm, spec) = specs[index];
        let first = match (probed, &experiment.suite.load) {
            (Some(probed), _) => {
                let probed = &probed[index];
                (
                    probed.iterations_per_s * FIRST,
                    probed.requests_per_iteration,
                )
            }
            (None, LoadModel::Closed { users, .. }) => (f64::from(*users), 1.0),
            (None, LoadModel::Open { .. }) => (LOWEST_RATE, 1.0),
        };
        ArmSearch {
            arm: arm.to_owned(),
            plan: plan(experiment, &spec.settings, &slo, first),
        }
    });
    divide_budget(searches.each_mut().map(|one| &mut one.plan));
    let trials = 2 * (TRIALS_OF_ARM + experiment.blocks + experiment.control_blocks());
    let mut on_search_trial = |outcome: &TrialOutcome, _: &[KeptTrial]| on_trial(outcome);
    let mut outcomes = search_in_turn(env, &searches, workers, trials, &mut on_search_trial).await;
    for (all, outcome) in broken.iter_mut().zip(&outcomes) {
        merge_audits(all, &audits(&outcome.trials));
    }
    for outcome in &mut outcomes {
        if outcome.interrupted {
            return Err(TrialError::Stopped);
        }
        if let Some(error) = outcome.error.take() {
            return Err(error);
        }
    }
    let [before, after] = &outcomes[..] else {
        return Err(TrialError::NoRate("two arms are searched".to_owned()));
    };
    let found = FoundCapacities::of(searches, [before, after], experiment);
    env.events.note(found.stored.headline());
    Ok(found)
}

/// The limits of all requests of the experiment, of which each trial of a search has enough data.
fn slo(experiment: &Experiment) -> Vec<Threshold> {
    let given = experiment.suite.thresholds.iter();
    let mut slo: Vec<Threshold> = given
        .filter(|one| one.level == Level::Fail && one.scope == Scope::All)
        .cloned()
        .collect();
    if !slo.iter().any(|one| one.metric.is_time()) {
        slo = USUAL_SLO
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
    }
    for one in &mut slo {
        // A trial is judged at its end.
        one.abort_after = None;
    }
    slo
}

fn plan(
    experiment: &Experiment,
    settings: &Settings,
    slo: &[Threshold],
    (first, requests): (f64, f64),
) -> CapacityPlan {
    let mut suite = experiment.suite.clone();
    suite.windows = windows(suite.windows);
    let (unit, think, lowest, highest) = match suite.load {
        LoadModel::Open { .. } => (LoadUnit::Rate, None, LOWEST_RATE, HIGHEST_RATE),
        LoadModel::Closed { think, .. } => (LoadUnit::Users, think, 1.0, HIGHEST_USERS),
    };
    let first = first.clamp(lowest, highest);
    CapacityPlan {
        overloaded_after: CapacityPlan::overload_limit(slo, suite.timeout),
        slo: slo.to_vec(),
        unit,
        think,
        search: SearchPlan::coarse(first, lowest, highest, unit == LoadUnit::Users),
        settings: settings.clone(),
        level_trials: 0,
        soak: None,
        breakdown: None,
        requests_per_iteration: requests.max(1.0),
        suite,
    }
}

/// The windows of a trial, as far as its rate needs no longer one.
pub(super) fn windows(of_experiment: Windows) -> Windows {
    Windows {
        warm_up: of_experiment.warm_up.min(WARM_UP),
        measure: of_experiment.measure.min(MEASURE),
        ..of_experiment
    }
}

/// Gives each arm the part of the time that its first two trials have of those of both: a slow arm has
/// longer ones, and each gets time for about as many.
fn divide_budget(plans: [&mut CapacityPlan; 2]) {
    let seconds = plans.each_ref().map(|plan| {
        let search = &plan.search;
        let planned = |load: f64| {
            let suite = plan.suite_at(load.min(search.highest), TrialPurpose::Bracket);
            let load = suite.map_or(plan.suite.windows, |suite| suite.windows);
            (load.planned().0 + BESIDE.0) as f64
        };
        planned(search.first) + planned(search.first * search.growth)
    });
    let both: f64 = seconds.iter().sum();
    for (plan, share) in plans.into_iter().zip(seconds) {
        plan.search.budget_s = Some(BUDGET.duration().as_secs_f64() * share / both);
    }
}

impl FoundCapacities {
    fn of(
        searches: [ArmSearch; 2],
        outcomes: [&CapacityOutcome; 2],
        experiment: &Experiment,
    ) -> Self {
        let [before, after] = outcomes.map(|outcome| &outcome.capacity);
        let compared_at = match &experiment.suite.load {
            LoadModel::Open { phases, .. } => one_rate(
                phases
                    .iter()
                    .map(|phase| (phase.rate.as_per_second(), phase.to.is_some())),
            ),
            LoadModel::Closed { users, .. } => Some(f64::from(*users)),
        };
        let mut warnings: Vec<String> = Vec::new();
        for (search, outcome) in searches.iter().zip(outcomes) {
            let arm = &search.arm;
            let of_arm = outcome.warnings.iter();
            warnings.extend(of_arm.map(|text| format!("capacity of `{arm}`: {text}")));
            warnings.extend(missing_audits(arm, outcome));
            let found = &outcome.capacity;
            if let Some((rate, lower)) = compared_at.zip(found.lower)
                && rate > lower
            {
                warnings.push(format!(
                    "the arms are compared at {}, and `{arm}` is only known to sustain {}: its times may be those of a queue",
                    found.unit.show(rate),
                    found.unit.show(lower)
                ));
            }
        }
        let at_lower = after.lower.and_then(|lower| {
            let mut latest_first = after.trials.iter().rev();
            let met = |one: &&LoadTrial| {
                one.vote == LoadVote::Met && (one.load - lower).abs() <= 1e-9 * lower
            };
            latest_first.find(met).cloned()
        });
        let stored = ArmCapacities {
            arms: searches
                .iter()
                .zip([before, after])
                .map(|(search, found)| ArmCapacity {
                    arm: search.arm.as_str().into(),
                    found: found.clone(),
                })
                .collect(),
            factor: CapacityFactor::of(before, after),
            compared_at,
            past: None,
        };
        Self {
            searches,
            stored,
            warnings,
            at_lower,
        }
    }

    /// Tries the first arm at the load that the second one sustains, where that is known to be more than
    /// the first one does.
    pub(super) async fn past(
        &mut self,
        env: &TestEnv,
        workers: usize,
        finished: &mut Finished,
        on_trial: OnTrial<'_>,
    ) {
        if finished.interrupted || finished.error.is_some() || !self.stored.factor.is_more() {
            return;
        }
        let Some(other) = self.at_lower.clone() else {
            return;
        };
        let [before, _] = &self.searches;
        env.events.note(format!(
            "`{}` at {}, which the other arm sustains",
            before.arm,
            before.plan.unit.show(other.load)
        ));
        let mut on_search_trial = |outcome: &TrialOutcome, _: &[KeptTrial]| on_trial(outcome);
        match past_capacity(env, before, other.load, workers, &mut on_search_trial).await {
            Ok(Some(one)) => {
                merge_audits(&mut finished.arms[0].measured.audit, &one.audit);
                let made = one.trial.audits.made > 0;
                self.stored.past = Some(PastCapacity {
                    arm: before.arm.as_str().into(),
                    violations: made.then(|| crate::verdict::violations(&one.audit)),
                    trial: one.step,
                    other,
                });
            }
            Ok(None) | Err(TrialError::Stopped) => finished.interrupted = true,
            // Everything else is measured by then.
            Err(error) => self.warnings.push(format!(
                "what `{}` does past its capacity is not known: {error}",
                before.arm
            )),
        }
    }

    /// The experiment with what the searches found.
    pub(super) fn join(self, mut finished: Finished) -> Finished {
        finished.warnings.extend(self.warnings);
        finished.capacities = Some(self.stored);
        finished
    }
}

/// The one rate of a load, given each phase's rate and whether it changes; `None` where there are several.
fn one_rate(mut phases: impl Iterator<Item = (f64, bool)>) -> Option<f64> {
    let (first, changes) = phases.next()?;
    let level =
        !changes && phases.all(|(rate, changes)| !changes && rate.to_bits() == first.to_bits());
    level.then_some(first)
}

fn missing_audits(arm: &str, outcome: &CapacityOutcome) -> Option<String> {
    let missing: u32 = outcome
        .trials
        .iter()
        .map(|one| one.trial.audits.missing())
        .sum();
    (missing > 0).then(|| {
        format!(
            "capacity of `{arm}`: {missing} audit(s) of its trials were not made, or only in part"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{capacity::SearchPlan, paired::file::parse, system::Shop};

    fn experiment(load: &str, thresholds: &str) -> Experiment {
        let text = format!(
            "name: x\nquestion: q\nbefore: {{ profile: before }}\nafter: {{ profile: after }}\nload: {load}\nflows: [ {{ flow: orders.browse }} ]\nthresholds: {thresholds}\n"
        );
        parse(&text, "x.yaml", &Shop).unwrap()
    }

    const OPEN: &str = "{ model: open, rate: 10/s, warmup: 2s, duration: 8s }";

    #[test]
    fn the_slo_is_what_limits_all_requests_because_a_short_trial_has_data_for_that_alone() {
        let texts = |thresholds: &str| -> Vec<String> {
            let slo = slo(&experiment(OPEN, thresholds));
            slo.into_iter().map(|one| one.text).collect()
        };
        let given =
            "[ p95 < 500ms, success > 99%, \"orders.list: p97.5 < 1s\", \"warn: p99 < 2s\" ]";
        assert_eq!(texts(given), ["p95 < 500ms", "success > 99%"]);
        assert_eq!(texts("[ errors < 2% ]"), USUAL_SLO);
    }

    #[test]
    fn a_search_begins_below_the_limit_of_the_arm() {
        let open = experiment(OPEN, "[ p95 < 500ms ]");
        let settings = &open.after.settings;
        let found = plan(&open, settings, &slo(&open), (70.0, 3.0));
        assert_eq!(found.unit, LoadUnit::Rate);
        assert_eq!(found.suite.windows.measure, Millis(6_000));
        assert!((found.requests_per_iteration - 3.0).abs() < 1e-9);
        let wanted = SearchPlan::coarse(70.0, LOWEST_RATE, HIGHEST_RATE, false);
        assert_eq!(found.search, wanted);
        let closed = experiment("{ model: closed, users: 4, duration: 2s }", "[ p95 < 1s ]");
        let found = plan(&closed, settings, &slo(&closed), (4.0, 1.0));
        assert_eq!((found.unit, found.search.whole), (LoadUnit::Users, true));
        assert_eq!(found.suite.windows.measure, Millis(2_000));
    }

    #[test]
    fn both_arms_have_time_for_as_many_trials_and_together_no_more_than_there_is() {
        let open = experiment(OPEN, "[ p95 < 500ms ]");
        let slo = slo(&open);
        let made = |first| plan(&open, &open.after.settings, &slo, (first, 3.0));
        let (mut slow, mut fast) = (made(7.0), made(90.0));
        divide_budget([&mut slow, &mut fast]);
        let [slow, fast] = [slow, fast].map(|plan| plan.search.budget_s.unwrap());
        assert!((slow + fast - 120.0).abs() < 1e-9);
        // 240 requests are 11.4 s at 7 iterations a second and 7.6 s at 10.5, and 6 s are more than that
        // at 90.
        let (of_slow, of_fast) = (15.429 + 11.620, 10.0 + 10.0);
        assert!(
            (slow / fast - of_slow / of_fast).abs() < 1e-3,
            "{slow} {fast}"
        );
        // Two that find the range, two that confirm it, and one more.
        assert!(fast > 4.9 * 10.0, "{fast}");
        assert!(slow > 2.3 * of_slow, "{slow}");
    }

    #[test]
    fn only_a_level_load_has_one_rate() {
        let of = |phases: &[(f64, bool)]| one_rate(phases.iter().copied());
        assert_eq!(of(&[(6.0, false), (6.0, false)]), Some(6.0));
        assert_eq!(of(&[(6.0, false), (9.0, false)]), None);
        assert_eq!(of(&[(6.0, true)]), None);
        assert_eq!(of(&[]), None);
    }
}
