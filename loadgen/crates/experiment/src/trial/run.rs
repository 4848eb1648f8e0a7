//! One trial: put in order, warm up, measure, drain, audit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{api::lab::Explanation, invariant::InvariantResult};

use super::{
    error::TrialError,
    job::{TestEnv, TrialSpec},
    load_control,
    load_phase::{LoadPhase, under_load},
    load_source::GeneratedLoad,
    outcome::TrialOutcome,
    own_limit::own_limit,
    series,
    stored::{TrialObservations, attainable, stored, window},
};
use crate::{
    observer::HiccupProbe,
    schema::{AuditCount, FaultResult, Validity},
    system::{PrepareRequest, PreparedSystem},
    verdict,
};
use loadgen_engine::{aggregator::TrialData, suite::FaultKind};

/// Longest time from the sign-in of a part's accounts to the begin of the load: the system is reset
/// meanwhile.
const PART_WAIT: Duration = Duration::from_mins(4);

/// Runs one trial.
pub async fn run(env: &TestEnv, spec: &TrialSpec<'_>) -> Result<TrialOutcome, TrialError> {
    let env = &env.in_stack_of(spec.arm);
    let suite = spec.suite;
    let began = Instant::now();

    let system = put_in_order(env, spec).await?;
    let mut warnings = system.warnings();
    let LoadPhase {
        generated,
        at_once,
        observations,
        ended_by,
        faults,
        hiccup_probe,
    } = Box::pin(under_load(env, spec, system.as_ref(), began, &mut warnings)).await?;
    warnings.extend(generated.warnings.iter().cloned());
    let note = generated.note.clone();
    let (mut data, parts, lost) = joined(generated, system.as_ref());
    warnings.extend(load_control::sentences(&data.changes));
    let faults = faults.end(suite, &data, &mut warnings).await?;
    let hiccups = hiccup_probe.map(HiccupProbe::finish).unwrap_or_default();
    // One folder has the files of all that is recorded: one of the two sentences is enough.
    let kept = observations.failure().or(hiccups.warning());
    warnings.extend(kept.map(str::to_owned));
    let mut series = series::seconds(&data);
    let window_figures = observations.figures(window(&data), &mut series);
    let window_figures = Box::new(window_figures.map_err(TrialError::Observations)?);
    warnings.extend(own_limit(suite, window_figures.generator.as_ref()));
    let consistency = system.consistency();
    let changed = changed(system.as_ref(), &data, &faults, &mut warnings).await;
    warnings.extend(system.clean_up().await);
    let AuditEnding {
        found: audit,
        count: audits,
        was_stopped,
    } = audit(env, spec, system.as_ref(), &data, &lost, &mut warnings).await;
    // The audit belongs to the trial: one that was stopped before it has not ended.
    data.interrupted |= was_stopped;
    let plans = Box::pin(plans(env, spec, &data)).await;
    let violations = audit.as_ref().map(|found| verdict::violations(found));
    let observations = TrialObservations {
        window_figures: *window_figures,
        series,
        hiccups: &hiccups,
        at_once,
        unix: system.client().unix,
        changed,
    };
    let mut trial = stored(env, spec, &data, observations);
    trial.faults = faults;
    trial.validity = verdict::join_parts(trial.validity, &parts, &lost, &note);
    trial.violations = violations;
    trial.audits = audits;
    trial.consistency = consistency.stored();
    attainable(&mut trial, system.as_ref(), &suite.windows);
    env.events.trial_done(trial.clone());
    // Where a broken threshold ended the load, a person has ended the trial only if the command was stopped as well;
    // where a lost part did, none has.
    let by_person = ended_by.is_none() || env.stop.is_cancelled();
    data.interrupted &= by_person && lost.is_empty();
    let record = if env.load.is_part() {
        system.export_record()?
    } else {
        String::new()
    };
    Ok(TrialOutcome {
        trial,
        data,
        audit: audit.unwrap_or_default(),
        consistency,
        record,
        artifacts: system.artifacts(),
        in_force: system.in_force().cloned(),
        warnings,
        ended_by,
        plans,
    })
}

/// Services, target and data as the trial has to find them, under the arm's configuration.
async fn put_in_order(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
) -> Result<Arc<dyn PreparedSystem>, TrialError> {
    restore(env, spec).await?;
    restart_target(env, spec).await?;
    let system = prepared(env, spec).await?;
    if let Some(service_control) = &env.service_control {
        // An instance that is restarted during the trial begins with what is in force.
        service_control.start_with(&spec.arm.settings.0)?;
    }
    Ok(system)
}

/// The figures of a load, the validity of each of its parts, and a sentence for each part that is missing
/// or cannot be used. The system then knows what the clients of all parts know; where one is missing,
/// nothing can be audited, and the load counts as stopped.
fn joined(
    generated: GeneratedLoad,
    system: &dyn PreparedSystem,
) -> (TrialData, Vec<(String, Validity)>, Vec<String>) {
    let GeneratedLoad {
        mut data,
        parts,
        mut lost,
        ..
    } = generated;
    let mut validities = Vec::new();
    for part in parts {
        if let Err(error) = system.import_record(&part.record) {
            lost.push(format!(
                "the ledger of {} cannot be read: {error}",
                part.label
            ));
        }
        validities.push((part.label, part.validity));
    }
    data.interrupted |= !lost.is_empty();
    (data, validities, lost)
}

/// Asks the system for known data under the arm's configuration.
async fn prepared(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
) -> Result<Arc<dyn PreparedSystem>, TrialError> {
    let suite = spec.suite;
    let flows: Vec<String> = suite.flows.iter().map(|share| share.flow.clone()).collect();
    let request = PrepareRequest {
        settings: &spec.arm.settings,
        flows: &flows,
        // Whoever sends signs its accounts in.
        accounts: if env.load.is_elsewhere() {
            0
        } else {
            suite.accounts
        },
        planned: suite.windows.planned().duration()
            + suite.windows.drain.duration()
            + if env.load.is_part() {
                PART_WAIT
            } else {
                Duration::ZERO
            },
        stage: &|what| spec.stage(&env.events, what, None),
    };
    Ok(unless_stopped(env, env.system.prepare(request)).await??)
}

/// Brings back what faults of the trial before have used up.
async fn restore(env: &TestEnv, spec: &TrialSpec<'_>) -> Result<(), TrialError> {
    let disturbed = env.crash.is_some() || !spec.suite.faults.is_empty();
    let Some(service_control) = env.service_control.as_ref().filter(|_| disturbed) else {
        return Ok(());
    };
    let service_control = Arc::clone(service_control);
    let restoring = tokio::task::spawn_blocking(move || service_control.restore());
    restoring
        .await
        .map_err(|error| TrialError::Thread(error.to_string()))??;
    Ok(())
}

/// Starts the target afresh before a trial of an experiment on an own stack: what a process has
/// converged to by chance is drawn again for each trial.
async fn restart_target(env: &TestEnv, spec: &TrialSpec<'_>) -> Result<(), TrialError> {
    let Some(service_control) = env.service_control.as_ref().filter(|_| spec.blocks > 0) else {
        return Ok(());
    };
    spec.stage(&env.events, "restart", None);
    let service_control = Arc::clone(service_control);
    let program = spec.arm.program.clone();
    let others = env.other_stacks(spec.arm);
    let restarting = tokio::task::spawn_blocking(move || {
        // What the other arm left running would take its part of the processors.
        others.iter().try_for_each(|other| other.stop_target())?;
        if let Some(program) = program {
            program.check_unchanged()?;
            service_control.use_program(program.path())?;
        }
        service_control.restart_target()
    });
    restarting
        .await
        .map_err(|error| TrialError::Thread(error.to_string()))??;
    Ok(())
}

/// Longest wait for all plans of a trial.
const EXPLAINING: Duration = Duration::from_secs(20);

/// The plans of what was sent, after the load, so that they cost it nothing. Nothing where the
/// target has no control plane; an operation that it cannot explain is passed over.
async fn plans(env: &TestEnv, spec: &TrialSpec<'_>, data: &TrialData) -> Vec<Explanation> {
    let mut found = Vec::new();
    if !env.system.has_control_plane() || data.interrupted || !spec.explained {
        return found;
    }
    spec.stage(&env.events, "plans", None);
    let operations = env.system.application().catalog().operations;
    let all = async {
        for op in data.ops.keys() {
            match env.system.explain(operations.name(*op)).await {
                Ok(explanation) => found.extend(explanation),
                Err(_) => break,
            }
        }
    };
    // What came in time is kept.
    let _late = unless_stopped(env, tokio::time::timeout(EXPLAINING, all)).await;
    found
}

/// Ends a wait that is not the load's as soon as the command is to stop.
async fn unless_stopped<T>(env: &TestEnv, work: impl Future<Output = T>) -> Result<T, TrialError> {
    tokio::select! {
        biased;
        () = env.stop.cancelled() => Err(TrialError::Stopped),
        done = work => Ok(done),
    }
}

/// Why the requested configuration was not in force to the end; not asked where the trial was stopped, or
/// a failover has changed the system itself.
async fn changed(
    system: &dyn PreparedSystem,
    data: &TrialData,
    faults: &[FaultResult],
    warnings: &mut Vec<String>,
) -> Option<String> {
    let failed_over = faults
        .iter()
        .any(|one| one.fault == FaultKind::PostgresFailover.name());
    if failed_over {
        warnings.push(
            "after the failover there was no replica: reads that went to it went to the primary, and whether another configuration was in force was not asked".to_owned(),
        );
    }
    if data.interrupted || failed_over {
        None
    } else {
        system.changed_since().await
    }
}

/// How the audit at the end of a trial ended.
#[derive(Default)]
struct AuditEnding {
    /// What it found; absent where there is none, the trial was stopped, or a part of the load is lost.
    found: Option<Vec<InvariantResult>>,
    /// Whether one was to be made, and was made as a whole.
    count: AuditCount,
    /// Whether the command was stopped before its end, after the load.
    was_stopped: bool,
}

impl AuditEnding {
    /// One that was to be made and was not.
    const fn missing() -> Self {
        Self {
            found: None,
            count: AuditCount {
                expected: 1,
                made: 0,
            },
            was_stopped: false,
        }
    }
}

/// Makes the audit; what was to be made and was not is a warning. `lost` are the parts of the load that are missing.
async fn audit(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    system: &dyn PreparedSystem,
    data: &TrialData,
    lost: &[String],
    warnings: &mut Vec<String>,
) -> AuditEnding {
    if !env.system.has_control_plane() {
        return AuditEnding::default();
    }
    if !lost.is_empty() {
        warnings.push(format!(
            "{}: no audit was made: a part of what clients were acknowledged is missing",
            spec.folder
        ));
        return AuditEnding::missing();
    }
    // A load that a threshold has ended was drained like any other, and its data can be looked at.
    if data.interrupted && env.stop.is_cancelled() {
        return AuditEnding::default();
    }
    spec.stage(&env.events, "audit", None);
    match unless_stopped(env, system.audit()).await {
        Ok(Ok(Some(audited))) => {
            let folder = &spec.folder;
            let failed = audited.failed.iter();
            warnings.extend(failed.map(|why| format!("{folder}: part of the audit failed: {why}")));
            AuditEnding {
                count: AuditCount {
                    expected: 1,
                    made: u32::from(audited.failed.is_empty()),
                },
                found: Some(audited.invariants),
                was_stopped: false,
            }
        }
        Ok(Err(error)) => {
            warnings.push(format!("{}: no audit was made: {error}", spec.folder));
            AuditEnding::missing()
        }
        Ok(Ok(None)) => AuditEnding::default(),
        Err(_) => {
            warnings.push(format!(
                "{}: no audit was made: the command was stopped before its end",
                spec.folder
            ));
            AuditEnding {
                was_stopped: true,
                ..AuditEnding::missing()
            }
        }
    }
}
