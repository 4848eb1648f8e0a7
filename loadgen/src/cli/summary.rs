//! From what was measured to the summary that is stored and reported.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use shared::api::lab::{Explanation, ProfileView};

use crate::{
    diagnose,
    experiment::{ArmResult, Experiment, FEWEST, Finished, held_against, overload_warnings},
    observer,
    schema::{
        Arm, Control, Effect, RunKind, SCHEMA_VERSION, Summary, ThresholdResult, ThresholdWord,
        Trial, ValidityWord, Verdict,
    },
    suite::{Arrivals, LoadModel, Suite},
    trial::{
        Arm as ArmSetting, Measured, Outcome, arm_operations, environment, operation, promised,
        switches_by_name,
    },
    verdict::{self, Findings, judge},
};

/// What is true of every run of this program on one machine.
const NOT_TESTED: [&str; 3] = [
    "a network between users and servers: everything ran on one machine, over loopback",
    "other sizes of data than the one named above, and data that grows over months",
    "more than one instance of the application, and services on machines of their own",
];

/// What the command knows besides its measurements.
#[derive(Debug)]
pub(super) struct About {
    /// When it began.
    pub(super) started_at: DateTime<Utc>,
    /// Whether the services were started by this command.
    pub(super) own_stack: bool,
    /// What a reader must know.
    pub(super) warnings: Vec<String>,
}

/// The summary of one trial of one profile.
pub(super) fn of_run(about: About, suite: &Suite, arm: &ArmSetting, outcome: &Outcome) -> Summary {
    let mut measured = Measured::default();
    measured.add(outcome);
    let mut thresholds = verdict::hold(&suite.thresholds, &arm.name, measured.figures());
    if let Some((text, figure)) = &outcome.ended_by {
        for one in thresholds.iter_mut().filter(|one| one.text == *text) {
            one.word = ThresholdWord::Fail;
            one.figure = format!("{figure}, which ended the run");
        }
    }
    let trial = &outcome.trial;
    let invalid = trial.validity.word == ValidityWord::Invalid;
    let verdict = judge(&Findings {
        interrupted: outcome.data.interrupted,
        invalid: if invalid { vec![trial] } else { Vec::new() },
        invalid_reasons: Vec::new(),
        violations: verdict::broken_sentences(
            &arm.name,
            arm.known_wrong().as_deref(),
            &measured.audit,
        ),
        thresholds: &thresholds,
        valid_trials: usize::from(!invalid),
    });
    let mut warnings = outcome.warnings.clone();
    if trial.validity.word == ValidityWord::Noisy {
        warnings.extend(verdict::reasons(&trial.validity).map(|check| {
            format!(
                "the machine was not quiet: {}: {} (limit {}); {}",
                check.code, check.figure, check.limit, check.advice
            )
        }));
    }
    warnings.extend(overload_warnings(std::slice::from_ref(trial)));
    warnings.extend(first_failures(outcome));
    let parts = Parts {
        kind: RunKind::Run,
        suite,
        load: load_line(suite),
        arms: vec![stored_arm(
            arm,
            &measured,
            outcome.view.as_ref(),
            &outcome.plans,
        )],
        trials: vec![trial.clone()],
        effects: Vec::new(),
        controls: Vec::new(),
        thresholds,
        verdict,
        interrupted: outcome.data.interrupted,
        warnings,
    };
    parts.summary(about, outcome.view.as_ref())
}

/// The summary of an experiment, whether it ran to its end or not.
pub(super) fn of_experiment(about: About, experiment: &Experiment, finished: &Finished) -> Summary {
    let mut suite = experiment.suite.clone();
    if let Some((rate, _)) = &finished.rate {
        // It was set before; what it can be refused for it would have been refused for then.
        let _set = suite.set_rate(*rate);
    }
    let suite = &suite;
    let [before, after] = &finished.arms;
    let thresholds = if after.measured.trials == 0 {
        Vec::new()
    } else {
        verdict::hold(&suite.thresholds, &after.arm.name, after.measured.figures())
    };
    let mut invalid_reasons = Vec::new();
    invalid_reasons.extend(
        finished
            .controls
            .iter()
            .filter(|control| !control.passed)
            .map(|control| format!("control {}: {}", control.name, control.sentence)),
    );
    if let Some(error) = &finished.error {
        invalid_reasons.push(format!("ended early: {error}"));
    }
    let violations = [before, after]
        .into_iter()
        .flat_map(|result: &ArmResult| {
            verdict::broken_sentences(
                &result.arm.name,
                result.arm.known_wrong().as_deref(),
                &result.measured.audit,
            )
        })
        .collect();
    let mut verdict = judge(&Findings {
        interrupted: finished.interrupted,
        invalid: finished
            .trials
            .iter()
            .filter(|trial| finished.invalid.contains(&trial.folder))
            .collect(),
        invalid_reasons,
        violations,
        thresholds: &thresholds,
        valid_trials: finished
            .trials
            .iter()
            .filter(|trial| trial.validity.word != ValidityWord::Invalid)
            .count(),
    });
    verdict
        .reasons
        .extend(held_against(experiment, &finished.effects));
    let mut warnings = finished.warnings.clone();
    if finished.valid_blocks < FEWEST {
        warnings.push(format!(
            "{} valid block(s): too few for an interval or a decision, which need {FEWEST}; the figures only point a way",
            finished.valid_blocks
        ));
    }
    let view = after.view.as_ref().or(before.view.as_ref());
    let parts = Parts {
        kind: RunKind::Experiment,
        suite,
        load: format!(
            "{}; {} blocks of two trials in an order drawn by lot{}",
            load_line(suite),
            experiment.blocks,
            finished
                .rate
                .as_ref()
                .map_or_else(String::new, |(_, told)| format!("; {told}"))
        ),
        arms: [before, after]
            .into_iter()
            .filter(|result| result.measured.trials > 0)
            .map(|result| {
                stored_arm(
                    &result.arm,
                    &result.measured,
                    result.view.as_ref(),
                    &result.plans,
                )
            })
            .collect(),
        trials: finished.trials.clone(),
        effects: finished.effects.clone(),
        controls: finished.controls.clone(),
        thresholds,
        verdict,
        interrupted: finished.interrupted,
        warnings,
    };
    parts.summary(about, view)
}

/// What the manifest, the verdict and the test report say of a factorial experiment.
pub(super) fn of_factorial(
    about: About,
    suite: &Suite,
    load: String,
    finished: &crate::factorial::Finished,
) -> Summary {
    let mut invalid_reasons = Vec::new();
    if let Some(error) = &finished.error {
        invalid_reasons.push(format!("ended early: {error}"));
    }
    if !finished.interrupted && finished.values.iter().all(Vec::is_empty) {
        invalid_reasons.push("no replicate has a figure in every combination".to_owned());
    }
    let violations = finished
        .arms
        .iter()
        .flat_map(|result| {
            verdict::broken_sentences(
                &result.arm.name,
                result.arm.known_wrong().as_deref(),
                &result.measured.audit,
            )
        })
        .collect();
    let verdict = judge(&Findings {
        interrupted: finished.interrupted,
        invalid: finished
            .trials
            .iter()
            .filter(|trial| finished.invalid.contains(&trial.folder))
            .collect(),
        invalid_reasons,
        violations,
        thresholds: &[],
        valid_trials: finished
            .trials
            .iter()
            .filter(|trial| trial.validity.word != ValidityWord::Invalid)
            .count(),
    });
    let view = finished.arms.iter().find_map(|arm| arm.view.as_ref());
    let parts = Parts {
        kind: RunKind::Experiment,
        suite,
        load,
        arms: finished
            .arms
            .iter()
            .map(|result| {
                stored_arm(
                    &result.arm,
                    &result.measured,
                    result.view.as_ref(),
                    &result.plans,
                )
            })
            .collect(),
        trials: finished.trials.clone(),
        effects: Vec::new(),
        controls: Vec::new(),
        thresholds: Vec::new(),
        verdict,
        interrupted: finished.interrupted,
        warnings: finished.warnings.clone(),
    };
    parts.summary(about, view)
}

struct Parts<'a> {
    kind: RunKind,
    suite: &'a Suite,
    load: String,
    arms: Vec<Arm>,
    trials: Vec<Trial>,
    effects: Vec<Effect>,
    controls: Vec<Control>,
    thresholds: Vec<ThresholdResult>,
    verdict: Verdict,
    interrupted: bool,
    warnings: Vec<String>,
}

impl Parts<'_> {
    fn summary(self, about: About, view: Option<&ProfileView>) -> Summary {
        let mut warnings = about.warnings;
        let (mut named, told) = view.map(environment).unwrap_or_default();
        for warning in told.into_iter().chain(self.warnings) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        named.extend(machine(about.own_stack));
        if cfg!(debug_assertions) {
            warnings.push("loadgen is a debug build: it costs more CPU than it has to".to_owned());
        }
        let mut summary = Summary {
            schema_version: SCHEMA_VERSION,
            kind: self.kind,
            name: self.suite.name.clone(),
            question: self.suite.question.clone(),
            started_at: about.started_at,
            took_s: (Utc::now() - about.started_at).as_seconds_f64(),
            interrupted: self.interrupted,
            application: crate::flows::application(),
            verdict: self.verdict,
            load: self.load,
            arms: self.arms,
            trials: self.trials,
            effects: self.effects,
            controls: self.controls,
            thresholds: self.thresholds,
            environment: named,
            warnings,
            not_tested: NOT_TESTED.map(str::to_owned).to_vec(),
            recommendations: Vec::new(),
        };
        summary.recommendations = diagnose::advise(&summary);
        summary
    }
}

fn stored_arm(
    arm: &ArmSetting,
    measured: &Measured,
    view: Option<&ProfileView>,
    plans: &[Explanation],
) -> Arm {
    Arm {
        name: arm.name.clone(),
        profile: switches_by_name(view, &arm.profile),
        fingerprint: view.map_or_else(
            || arm.profile.fingerprint(),
            |view| view.fingerprint.clone(),
        ),
        trials: measured.trials,
        total: operation("total", &measured.total, measured.window_s),
        operations: arm_operations(&measured.ops, measured.window_s),
        server: measured.server.clone(),
        audit: measured.audit.clone(),
        promised: promised(measured.tally, &measured.freshness),
        plans: plans.iter().flat_map(observer::read_plans).collect(),
    }
}

/// The most frequent reasons for which requests failed.
fn first_failures(outcome: &Outcome) -> Vec<String> {
    outcome
        .data
        .examples
        .iter()
        .take(5)
        .map(|(op, why, count)| {
            format!(
                "{}: {count} time(s): {why}",
                crate::flows::operation_name(*op)
            )
        })
        .collect()
}

fn machine(own_stack: bool) -> Vec<(String, String)> {
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let services = if own_stack {
        "started by this command, durable settings on"
    } else {
        "were running already"
    };
    vec![
        ("services".to_owned(), services.to_owned()),
        (
            "loadgen".to_owned(),
            format!("{} ({build})", env!("CARGO_PKG_VERSION")),
        ),
        ("cores".to_owned(), observer::cores().to_string()),
    ]
}

/// The load in one line for people.
pub(super) fn load_line(suite: &Suite) -> String {
    let windows = suite.windows;
    let what = match &suite.load {
        LoadModel::Open { phases, arrivals } => {
            let mut rates: Vec<String> = Vec::new();
            for phase in phases {
                let rate = match phase.to {
                    Some(to) if to != phase.rate => format!("{} to {to}", phase.rate),
                    _ => phase.rate.to_string(),
                };
                if rates.last() != Some(&rate) {
                    rates.push(rate);
                }
            }
            let arrivals = match arrivals {
                Arrivals::Constant => "evenly",
                Arrivals::Poisson => "at random",
            };
            format!(
                "open: {} iterations, arriving {arrivals}",
                rates.join(", then ")
            )
        }
        LoadModel::Closed { users, .. } if suite.conduct.ramp.is_empty() => {
            format!("closed: {users} users")
        }
        LoadModel::Closed { users, .. } => format!("closed: up to {users} users"),
    };
    format!(
        "{what}; {} warm-up, {} measured; {}",
        windows.warm_up,
        windows.measure,
        mix(suite)
    )
}

fn mix(suite: &Suite) -> String {
    let all: f64 = suite.flows.iter().map(|share| share.weight).sum();
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for share in &suite.flows {
        *shares.entry(&share.flow).or_default() += share.weight / all * 100.0;
    }
    let mut sorted: Vec<(&str, f64)> = shares.into_iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    sorted
        .iter()
        .map(|(flow, share)| format!("{flow} {share:.0} %"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::shipped;

    #[test]
    fn the_load_is_told_in_one_line() {
        let (suite, _) = shipped::suite("core").unwrap();
        let line = load_line(&suite);
        assert!(
            line.starts_with("open: 20/s iterations, arriving at random; 5s warm-up, 30s measured"),
            "{line}"
        );
        assert!(line.contains("mentors.browse 45 %") && !line.contains('\n'));
    }
}
