//! One trial: put in order, warm up, measure, drain, audit.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use shared::{api::lab::Explanation, invariant::InvariantResult};
use tokio::time::{MissedTickBehavior, interval};

use super::{
    abort::AbortConditions,
    error::TrialError,
    fault_run::FaultRun,
    figures, growth,
    job::{TestEnv, TrialSpec},
    load_control,
    load_source::GeneratedLoad,
    outcome::TrialOutcome,
    own_limit::own_limit,
    series,
    setup::{options, setup},
    ticks::Ticks,
    watch::TrialWatch,
};
use crate::{
    observer::{HiccupProbe, Host, ObservationLog, WakeupLog, WindowFigures, cores},
    schema::{AuditCount, Consistency, LoadedEndpoint, Second, Trial, Validity},
    system::{PrepareRequest, PreparedSystem},
    verdict::{self, TrialEvidence},
};
use loadgen_engine::{
    aggregator::TrialData,
    driver::{DriverOptions, HttpTrace},
    suite::{FaultKind, Windows},
    threshold::Threshold,
};

/// Time between two looks at the target: two a second, so that every second has one.
const LOOK: Duration = Duration::from_millis(500);

/// Longest time from the sign-in of a part's accounts to the begin of the load: the system is reset
/// meanwhile.
const PART_WAIT: Duration = Duration::from_mins(4);

/// Runs one trial.
pub async fn run(env: &TestEnv, spec: &TrialSpec<'_>) -> Result<TrialOutcome, TrialError> {
    let env = &env.in_stack_of(spec.arm);
    let suite = spec.suite;
    let windows = suite.windows;
    let began = Instant::now();

    restore(env, spec).await?;
    restart_target(env, spec).await?;
    let system = prepared(env, spec).await?;
    if let Some(service_control) = &env.service_control {
        // An instance that is restarted during the trial begins with what is in force.
        service_control.start_with(&spec.arm.settings.0)?;
    }
    let mut warnings = system.warnings();
    let setup = setup(env, spec, system.as_ref())?;
    let at_once = setup
        .flows
        .iter()
        .map(|load| load.flow.max_concurrent_requests())
        .max();
    let progress = Arc::clone(&setup.progress);
    stage(env, spec, "load", Some(windows.planned().duration()));
    // Without it the trial is judged by what else is seen.
    let hiccup_probe = HiccupProbe::start().ok();
    let options = DriverOptions {
        control: load_control::offer(env, spec, &setup.flows)?,
        samples: env.samples,
        trace: env.trace.clone(),
        ..options(suite, system.as_ref())
    };
    let stop = setup.stop.clone();
    let source = Arc::clone(&env.load);
    let mut driving = tokio::task::spawn_blocking(move || source.generate(setup, options));
    let host = Host::new(env.pids());
    let faults = FaultRun::begin(env, suite, &host, &mut warnings);
    let mut watch = TrialWatch {
        env,
        spec,
        course: spec
            .course
            .at_load(began.elapsed(), !env.system.has_control_plane()),
        progress,
        host,
        looks: ObservationLog::default(),
        ticks: Ticks::default(),
        // Of an experiment both arms are measured to the end, however slow one of them is.
        abort: match spec.blocks {
            0 => AbortConditions::new(&suite.thresholds),
            _ => AbortConditions::default(),
        },
        thresholds: shown_thresholds(spec),
        ended_by: None,
    };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Not by who sends: a terminal may let a write wait.
    let print_exchanges = || env.trace.iter().for_each(HttpTrace::print);
    let driven = loop {
        tokio::select! {
            biased;
            done = &mut driving => break done,
            _ = looks.tick() => {
                watch.look().await;
                print_exchanges();
                if watch.ended_by.is_some() {
                    stop.cancel();
                }
            }
        }
    };
    print_exchanges();
    let generated = driven.map_err(|error| TrialError::Thread(error.to_string()))??;
    env.load_control.end();
    watch.look().await;
    warnings.extend(generated.warnings.iter().cloned());
    let note = generated.note.clone();
    let (mut data, parts, lost) = joined(generated, system.as_ref());
    warnings.extend(load_control::sentences(&data.changes));
    let faults = faults.end(suite, &data, &mut warnings).await?;
    let hiccups = hiccup_probe.map(HiccupProbe::finish).unwrap_or_default();
    // One folder has the files of all that is recorded: one of the two sentences is enough.
    let kept = watch.looks.failure().or(hiccups.warning());
    warnings.extend(kept.map(str::to_owned));
    let mut series = series::seconds(&data);
    let looks = watch.looks.figures(window(&data), &mut series);
    let looks = Box::new(looks.map_err(TrialError::Looks)?);
    let ended_by = watch.ended_by;
    warnings.extend(own_limit(suite, looks.generator.as_ref()));
    let consistency = system.consistency();
    let failed_over = faults
        .iter()
        .any(|one| one.fault == FaultKind::PostgresFailover.name());
    if failed_over {
        warnings.push(
            "after the failover there was no replica: reads that went to it went to the primary, and whether another configuration was in force was not asked".to_owned(),
        );
    }
    let changed = if data.interrupted || failed_over {
        None
    } else {
        system.changed_since().await
    };
    warnings.extend(system.clean_up().await);
    let (audit, mut audits) = audit(env, spec, system.as_ref(), &data, &mut warnings).await;
    if !lost.is_empty() && env.system.has_control_plane() {
        audits.expected = 1;
        warnings.push(format!(
            "{}: no audit was made: a part of what clients were acknowledged is missing",
            spec.folder
        ));
    }
    let plans = Box::pin(plans(env, spec, &data)).await;
    let violations = audit.as_ref().map(|found| verdict::violations(found));
    let observations = TrialObservations {
        looks: *looks,
        series,
        hiccups: &hiccups,
        at_once: at_once.unwrap_or(1),
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
    // A broken threshold or a lost part ended it, not a person.
    data.interrupted &= ended_by.is_none() && lost.is_empty();
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
        stage: &|what| stage(env, spec, what, None),
    };
    Ok(unless_stopped(env, env.system.prepare(request)).await??)
}

/// The thresholds that the arm of this trial is compared with: an experiment applies them to its
/// second arm.
fn shown_thresholds(spec: &TrialSpec<'_>) -> Vec<Threshold> {
    if spec.arm.name.is_before() {
        return Vec::new();
    }
    let all = verdict::in_force(&spec.suite.thresholds).into_iter();
    all.map(|(threshold, _)| threshold).collect()
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
    stage(env, spec, "restart", None);
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

/// What a cache that forgets nothing could have reached, for the kinds that were looked up.
fn attainable(trial: &mut Trial, system: &dyn PreparedSystem, windows: &Windows) {
    let requests = |name: &str| {
        let found = trial.operations.iter().find(|one| one.name == name);
        found.map_or(0, |one| one.planned)
    };
    let warm_up = windows.warm_up.0 as f64 / windows.measure.0.max(1) as f64;
    for (kind, ratio) in system.attainable_hit_ratios(&requests, warm_up) {
        let looked_up = trial.server.cache_hit_ratio(&kind);
        if looked_up.is_some() {
            trial.server.cache_attainable.insert(kind, ratio);
        }
    }
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
    stage(env, spec, "plans", None);
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

fn stage(env: &TestEnv, spec: &TrialSpec<'_>, what: &str, expected: Option<Duration>) {
    let text = if spec.blocks == 0 {
        format!("{}: {what}", spec.suite.name)
    } else {
        format!(
            "block {} of {}, {}: {what}",
            spec.block, spec.blocks, spec.arm.name
        )
    };
    env.events.stage(text, expected);
}

/// What the audit found, and whether it was made as a whole; `None` where there is none, or the
/// trial was stopped.
async fn audit(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    system: &dyn PreparedSystem,
    data: &TrialData,
    warnings: &mut Vec<String>,
) -> (Option<Vec<InvariantResult>>, AuditCount) {
    let mut count = AuditCount::default();
    if !env.system.has_control_plane() || data.interrupted {
        return (None, count);
    }
    stage(env, spec, "audit", None);
    match unless_stopped(env, system.audit()).await {
        Ok(Ok(Some(audited))) => {
            count.expected = 1;
            count.made = u32::from(audited.failed.is_empty());
            let folder = &spec.folder;
            let failed = audited.failed.iter();
            warnings.extend(failed.map(|why| format!("{folder}: part of the audit failed: {why}")));
            (Some(audited.invariants), count)
        }
        Ok(Err(error)) => {
            count.expected = 1;
            warnings.push(format!("{}: no audit was made: {error}", spec.folder));
            (None, count)
        }
        Ok(Ok(None)) | Err(_) => (None, count),
    }
}

/// What was seen beside the load.
struct TrialObservations<'a> {
    /// The target and the machine over the window.
    looks: WindowFigures,
    /// The seconds of the trial with the target's part.
    series: Vec<Second>,
    hiccups: &'a WakeupLog,
    /// Most requests that an iteration of any flow sends at once.
    at_once: usize,
    /// The Unix socket that took the place of the endpoint's address.
    unix: Option<PathBuf>,
    /// Why the requested configuration was not in force to the end.
    changed: Option<String>,
}

/// Begin and end of the measured window.
fn window(data: &TrialData) -> (SystemTime, SystemTime) {
    let (from, to) = data.window;
    let begin = data.started_at;
    (begin + from.duration(), begin + to.duration())
}

fn stored(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    data: &TrialData,
    observations: TrialObservations<'_>,
) -> Trial {
    let TrialObservations { looks, series, .. } = observations;
    let server = looks.server;
    let operations = env.system.application().catalog().operations;
    let (from, to) = window(data);
    let window_s = data.window_s();
    let suite = spec.suite;
    let validity = verdict::validity(&TrialEvidence {
        generator: looks.generator.filter(|_| !suite.is_unpaced()),
        steal: looks.steal,
        cpu_pressure: looks.cpu_pressure,
        hiccups: observations.hiccups.between(from, to),
        cpu: (server.window_s > 0.5).then(|| {
            let spent = server.cpu_s.values().sum();
            (spent, server.window_s, cores())
        }),
        at_once: observations.at_once,
        // A load that a person changed on the way is neither.
        even: suite.load.is_even() && data.changes.is_empty(),
        level: suite.load.is_level(suite.windows)
            && suite.options.ramp.is_empty()
            && data.changes.is_empty(),
        overloaded: data.overloaded,
        error_limit: verdict::error_limit(&suite.thresholds),
        changed: observations.changed.clone(),
        ..TrialEvidence::of(data)
    });
    let growth = if env.crash.is_none() && growth::can_be_told(suite, data) {
        growth::of(&series, window_s, &growth::response(data))
    } else {
        Vec::new()
    };
    Trial {
        folder: spec.folder.clone(),
        arm: spec.arm.name.clone(),
        block: spec.block,
        seed: spec.seed,
        validity,
        total: figures::operation("total", &data.total, window_s),
        operations: figures::arm_operations(&data.ops, operations, window_s),
        series,
        pooled: series::pooled(data),
        growth,
        server,
        violations: None,
        generator_threads: data.precedence,
        audits: AuditCount::default(),
        consistency: Consistency::default(),
        endpoints: loaded_endpoints(env, data, observations.unix.as_deref()),
        resent: data.resent,
        reconnects: data.reconnects,
        failures: figures::failures(data, operations),
        faults: Vec::new(),
    }
}

/// Where the load went, and over how many connections.
fn loaded_endpoints(env: &TestEnv, data: &TrialData, unix: Option<&Path>) -> Vec<LoadedEndpoint> {
    let endpoints = env.system.endpoints().iter().zip(&data.opened);
    let loaded = endpoints.map(|(endpoint, connections)| LoadedEndpoint {
        host: endpoint.host.clone(),
        address: unix.map_or_else(
            || endpoint.address.to_string(),
            |path| path.display().to_string(),
        ),
        connections: *connections,
    });
    loaded.collect()
}
