//! Assembles the summary that is stored and reported from the results of trials.

use chrono::{DateTime, Utc};
use shared::api::lab::Explanation;

use super::{
    load_line::load_line,
    provenance::{endpoints, provenance},
};
use crate::{
    diagnose, observer,
    paired::{ArmResult, trial_warnings},
    schema::{
        Arm, Provenance, RunKind, SCHEMA_VERSION, Summary, ThresholdResult, Trial, ValidityWord,
    },
    services::SERVICE_NICE,
    system::{Application, InForce},
    trial::{ArmConfig, Measured, TrialOutcome, arm_operations, flow_iterations, operation},
    verdict::{self, Findings, judge},
};
use loadgen_engine::clock::time_of_day;
use loadgen_engine::{flow::Operations, suite::Suite, threshold::Threshold};

/// Limits of every run of this program on one machine.
const NOT_TESTED: [&str; 2] = [
    "a network between users and servers: everything ran on one machine, over loopback",
    "amounts of data other than the one named above, and data that grows over months",
];
/// The same of processes, of one instance and of several.
const NOT_SEVERAL: &str =
    "more than one instance of the application, and services on machines of their own";
const NOT_APART: &str = "instances and services on machines of their own";

/// What these trials did not test.
fn not_tested(trials: &[Trial]) -> Vec<String> {
    let several = |trial: &Trial| trial.server.instances.len() > 1 || trial.endpoints.len() > 1;
    let processes = if trials.iter().any(several) {
        NOT_APART
    } else {
        NOT_SEVERAL
    };
    NOT_TESTED
        .into_iter()
        .chain([processes])
        .map(str::to_owned)
        .collect()
}

/// What is known of a run besides its measurements.
#[derive(Debug)]
pub struct RunContext<'a> {
    /// What was tested.
    pub application: &'a dyn Application,
    /// Start of the command.
    pub started_at: DateTime<Utc>,
    /// Whether the command started the services itself.
    pub own_stack: bool,
    /// Warnings for the reader of the report.
    pub warnings: Vec<String>,
}

/// The summary of one trial of one profile.
pub fn of_run(
    context: RunContext<'_>,
    suite: &Suite,
    arm: &ArmConfig,
    outcome: &TrialOutcome,
) -> Summary {
    let operations = context.application.catalog().operations;
    let info = context.application.info();
    let mut measured = Measured::default();
    measured.add(outcome);
    let mut thresholds = verdict::evaluate(
        &suite.thresholds,
        &arm.name,
        measured.figures(context.application.catalog(), &info),
    );
    verdict::mark_abort(&mut thresholds, outcome.ended_by.as_ref());
    let trial = &outcome.trial;
    let invalid = trial.validity.word == ValidityWord::Invalid;
    let verdict = judge(Findings {
        interrupted: outcome.data.interrupted,
        invalid: if invalid { vec![trial] } else { Vec::new() },
        violations: verdict::broken_sentences(
            &arm.name,
            arm.known_wrong.as_deref(),
            &measured.audit,
        ),
        omitted: verdict::omitted([trial]),
        overloads: verdict::overloads([trial]),
        not_recovered: verdict::not_recovered(trial),
        thresholds: &thresholds,
        headline: verdict::headline(&trial.total),
        confidence: verdict::confidence(std::slice::from_ref(trial), &[]),
        ..Findings::default()
    });
    let mut warnings = outcome.warnings.clone();
    if trial.validity.word == ValidityWord::Noisy {
        warnings.extend(verdict::reasons(&trial.validity).map(|check| {
            format!(
                "the machine was disturbed: {}: {} (limit {}); {}",
                check.code, check.figure, check.limit, check.advice
            )
        }));
    }
    warnings.extend(trial_warnings(std::slice::from_ref(trial)));
    warnings.extend(first_failures(outcome, operations));
    let found = Summary {
        kind: RunKind::Run,
        load: load_line(suite),
        arms: vec![stored_arm(
            arm,
            &measured,
            outcome.in_force.as_ref(),
            &outcome.plans,
            operations,
        )],
        trials: vec![trial.clone()],
        thresholds,
        verdict,
        interrupted: outcome.data.interrupted,
        warnings,
        ..Summary::default()
    };
    assembled(found, suite, context, outcome.in_force.as_ref())
}

/// The summary of a factorial experiment, from which manifest, verdict and JUnit report are written.
pub fn of_factorial(
    context: RunContext<'_>,
    suite: &Suite,
    load: String,
    finished: &crate::factorial::FactorialOutcome,
) -> Summary {
    let operations = context.application.catalog().operations;
    let info = context.application.info();
    // Some combinations are slow on purpose: of the thresholds only those of failures apply.
    let limits: Vec<Threshold> = suite
        .thresholds
        .iter()
        .filter(|threshold| verdict::limits_failures(threshold))
        .cloned()
        .collect();
    let thresholds: Vec<ThresholdResult> = finished
        .arms
        .iter()
        .filter(|result| result.measured.trials > 0)
        .flat_map(|result| {
            let figures = result
                .measured
                .figures(context.application.catalog(), &info);
            verdict::evaluate(&limits, &result.arm.name, figures)
        })
        .collect();
    let mut invalid_reasons = Vec::new();
    if let Some(error) = &finished.error {
        invalid_reasons.push(verdict::ended_early(error));
    }
    let overloads = verdict::overloads(&finished.trials);
    let no_figure = finished.values.iter().all(Vec::is_empty);
    if !finished.interrupted && no_figure && overloads.is_empty() {
        invalid_reasons.push("no replicate has a figure in every combination".to_owned());
    }
    let verdict = judge(Findings {
        interrupted: finished.interrupted,
        invalid_reasons,
        overloads,
        thresholds: &thresholds,
        confidence: verdict::confidence(&finished.trials, &[]),
        ..findings_of(&finished.arms, &finished.trials, &finished.invalid)
    });
    let view = finished.arms.iter().find_map(|arm| arm.in_force.as_ref());
    let found = Summary {
        kind: RunKind::Experiment,
        load,
        arms: finished
            .arms
            .iter()
            .map(|result| stored_result(result, operations))
            .collect(),
        trials: finished.trials.clone(),
        thresholds,
        verdict,
        interrupted: finished.interrupted,
        warnings: finished.warnings.clone(),
        ..Summary::default()
    };
    assembled(found, suite, context, view)
}

/// What the trials of several arms alone say, whatever is compared in them; `invalid` are the folders of those that
/// no valid repetition replaced.
pub(super) fn findings_of<'a>(
    arms: &[ArmResult],
    trials: &'a [Trial],
    invalid: &[String],
) -> Findings<'a> {
    Findings {
        invalid: trials
            .iter()
            .filter(|trial| invalid.contains(&trial.folder))
            .collect(),
        violations: violations(arms),
        omitted: verdict::omitted(trials),
        ..Findings::default()
    }
}

/// Every invariant that an arm breaks, in one sentence each.
fn violations(arms: &[ArmResult]) -> Vec<String> {
    arms.iter()
        .flat_map(|result| {
            verdict::broken_sentences(
                &result.arm.name,
                result.arm.known_wrong.as_deref(),
                &result.measured.audit,
            )
        })
        .collect()
}

/// An arm as it is stored.
pub(super) fn stored_result(result: &ArmResult, operations: Operations) -> Arm {
    stored_arm(
        &result.arm,
        &result.measured,
        result.in_force.as_ref(),
        &result.plans,
        operations,
    )
}

/// What was found, with what is known of the command around it and what to try next.
pub(super) fn assembled(
    found: Summary,
    suite: &Suite,
    context: RunContext<'_>,
    view: Option<&InForce>,
) -> Summary {
    let mut warnings = context.warnings;
    let (mut named, notes) = view.map_or_else(Default::default, |view| {
        (view.environment.clone(), view.warnings.clone())
    });
    for warning in notes.into_iter().chain(found.warnings) {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    named.extend(machine(context.own_stack, &found.trials));
    if cfg!(debug_assertions) {
        warnings.push(
            "loadgen is a debug build: it uses several times the CPU of a release build".to_owned(),
        );
    }
    let provenance = Provenance {
        endpoints: endpoints(&found.trials),
        ..provenance()
    };
    let mut summary = Summary {
        schema_version: SCHEMA_VERSION,
        name: suite.name.clone(),
        question: suite.question.clone(),
        started_at: context.started_at,
        took_s: (DateTime::<Utc>::from(time_of_day()) - context.started_at).as_seconds_f64(),
        application: context.application.info(),
        provenance: Some(provenance),
        environment: named,
        warnings,
        not_tested: not_tested(&found.trials),
        ..found
    };
    summary.recommendations = diagnose::advise(&summary, &context.application.hints());
    summary
}

fn stored_arm(
    arm: &ArmConfig,
    measured: &Measured,
    view: Option<&InForce>,
    plans: &[Explanation],
    operations: Operations,
) -> Arm {
    let settings = view.map_or(&arm.settings, |view| &view.settings);
    Arm {
        name: arm.name.clone(),
        profile: settings.0.clone(),
        fingerprint: settings.fingerprint(),
        program: arm.program.as_ref().map(ToString::to_string),
        topology: arm.topology.map(|topology| topology.to_string()),
        trials: measured.trials,
        total: operation("total", &measured.total, measured.window_s),
        operations: arm_operations(&measured.ops, operations, measured.window_s),
        flows: flow_iterations(&measured.flows),
        bytes_per_s: (measured.window_s > 0.0)
            .then(|| measured.total.bytes_in as f64 / measured.window_s),
        server: measured.server.clone(),
        audit: measured.audit.clone(),
        audits: measured.audits,
        consistency: measured.consistency.stored(),
        plans: plans.iter().flat_map(observer::read_plans).collect(),
    }
}

/// The most frequent errors of requests.
fn first_failures(outcome: &TrialOutcome, operations: Operations) -> Vec<String> {
    outcome
        .data
        .examples
        .iter()
        .take(5)
        .map(|(op, why, count)| format!("{}: {count} time(s): {why}", operations.name(*op)))
        .collect()
}

fn machine(own_stack: bool, trials: &[Trial]) -> Vec<(String, String)> {
    let weakest = trials.iter().filter_map(|one| one.generator_threads).max();
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let services = if own_stack {
        &format!("started by this command with durable settings, at a nice value of {SERVICE_NICE}")
    } else {
        "were running already"
    };
    let mut named = vec![
        ("services".to_owned(), services.to_owned()),
        (
            "loadgen".to_owned(),
            format!("{} ({build})", env!("CARGO_PKG_VERSION")),
        ),
        ("cores".to_owned(), observer::cores().to_string()),
    ];
    named.extend(weakest.map(|weakest| ("generator threads".to_owned(), weakest.to_string())));
    named
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
