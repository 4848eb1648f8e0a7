//! The summary of a capacity search. Its arm is the last trial at the lower bound: what users see at
//! the highest load that meets the SLO. What to try next comes from the upper bound, which misses it.

use shared::api::lab::Explanation;

use super::{
    assemble::{RunContext, assembled},
    load_line::mix,
};
use crate::{
    capacity::{CapacityOutcome, CapacityPlan, KeptTrial, audits, lowest_missed, verdict_on},
    diagnose, observer,
    schema::{
        Arm, AuditCount, LoadUnit, LoadVote, Recommendation, RunKind, Summary, WhatIfCapacity,
    },
    system::Settings,
    trial::ArmConfig,
    verdict,
};

/// The summary of a search, whether it ran to its end or not, and of the searches with switches set
/// otherwise.
pub fn of_capacity(
    context: RunContext<'_>,
    plan: &CapacityPlan,
    outcome: &CapacityOutcome,
    what_if: Vec<WhatIfCapacity>,
) -> Summary {
    let application = context.application;
    let all = audits(outcome.all());
    let config = ArmConfig::new("capacity", plan.settings.clone(), application);
    let violations = verdict::broken_sentences("capacity", config.known_wrong.as_deref(), &all);
    let settings = outcome
        .in_force
        .as_ref()
        .map_or(&plan.settings, |view| &view.settings);
    // Without a search it is the soak.
    let shown = at(outcome.capacity.lower, LoadVote::Met, &outcome.trials)
        .or_else(|| outcome.trials.last());
    let mut arms: Vec<Arm> = shown
        .map(|one| arm(one, settings, &outcome.plans))
        .into_iter()
        .collect();
    for arm in &mut arms {
        arm.audit.clone_from(&all);
        arm.audits = AuditCount::default();
        for one in outcome.all() {
            arm.audits.add(one.trial.audits);
        }
    }
    let found = Summary {
        kind: RunKind::Capacity,
        load: load(plan),
        arms,
        trials: outcome.trials.iter().map(|one| one.trial.clone()).collect(),
        thresholds: shown.map_or_else(Vec::new, |one| one.thresholds.clone()),
        verdict: verdict_on(outcome, violations),
        interrupted: outcome.interrupted,
        warnings: outcome.warnings.clone(),
        ..Summary::default()
    };
    let mut summary = assembled(found, &plan.suite, context, outcome.in_force.as_ref());
    let failing = outcome
        .capacity
        .upper
        .or_else(|| lowest_missed(&outcome.trials));
    if let Some(one) = at(failing, LoadVote::Missed, &outcome.trials) {
        let overloaded = Summary {
            arms: vec![arm(one, settings, &outcome.plans)],
            ..summary.clone()
        };
        let found = diagnose::advise(&overloaded, &application.hints());
        summary.recommendations = of_load(found, &plan.unit.show(one.step.load));
    }
    summary.capacity = Some(outcome.capacity.clone());
    summary.what_if = what_if;
    summary
}

/// Recommendations with the load of the trial that they rest on: the other figures of a report are of another one.
fn of_load(mut found: Vec<Recommendation>, load: &str) -> Vec<Recommendation> {
    for one in &mut found {
        one.evidence = format!("at {load}: {}", one.evidence);
    }
    found
}

/// The last trial of a load that said so.
fn at(load: Option<f64>, vote: LoadVote, trials: &[KeptTrial]) -> Option<&KeptTrial> {
    let load = load?;
    let here = |one: &&KeptTrial| (one.step.load - load).abs() <= 1e-9 * load;
    trials
        .iter()
        .rev()
        .find(|one| here(one) && one.step.vote == vote)
}

/// A trial as an arm of its own.
fn arm(one: &KeptTrial, settings: &Settings, plans: &[Explanation]) -> Arm {
    let trial = &one.trial;
    Arm {
        name: trial.arm.clone(),
        profile: settings.0.clone(),
        fingerprint: settings.fingerprint(),
        trials: 1,
        total: trial.total.clone(),
        operations: trial.operations.clone(),
        server: trial.server.clone(),
        audit: one.audit.clone(),
        audits: trial.audits,
        consistency: trial.consistency,
        plans: plans.iter().flat_map(observer::read_plans).collect(),
        ..Arm::default()
    }
}

/// What was searched, in one line, without what was found: searches with the same line can be compared.
fn load(plan: &CapacityPlan) -> String {
    let what = match plan.unit {
        LoadUnit::Rate => "iterations a second, arriving at random",
        LoadUnit::Users => "users",
    };
    let slo: Vec<&str> = plan.slo.iter().map(|one| one.text.as_str()).collect();
    let windows = plan.suite.windows;
    if let Some((soak, load)) = plan.soak.and_then(|soak| Some((soak, soak.load?))) {
        return format!(
            "soak at {}; SLO {}; {} warm-up, {} measured; {}",
            plan.unit.show(load),
            slo.join(", "),
            windows.warm_up,
            soak.duration,
            mix(&plan.suite)
        );
    }
    format!(
        "capacity in {what}; SLO {}; {} warm-up, {} measured; {}",
        slo.join(", "),
        windows.warm_up,
        windows.measure,
        mix(&plan.suite)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recommendation_names_the_load_whose_figures_it_rests_on() {
        let found = vec![Recommendation {
            code: "POOL_WAIT".to_owned(),
            evidence: "71 % of the time above p90 is pool wait".to_owned(),
            advice: "increase the database pool size".to_owned(),
            switch: None,
        }];
        let found = of_load(found, &LoadUnit::Rate.show(9.17));
        assert_eq!(
            found[0].evidence,
            "at 9.17/s: 71 % of the time above p90 is pool wait"
        );
    }
}
