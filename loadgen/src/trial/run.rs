//! One trial: sign in, put in order, warm up, measure, drain, audit.

use std::{sync::Arc, time::Duration};

use shared::{
    api::lab::{Explanation, ProfileView},
    invariant::InvariantResult,
    ledger::Ledger,
    profile::Profile,
};
use tokio::time::{MissedTickBehavior, interval};

use super::{
    alarm::Alarm,
    crash::{Crash, Crashing},
    figures, helm,
    job::{Bench, Place},
    prepare::{Prepared, prepare},
    prime::{PrimeError, Sessions, rows},
    ticks::Ticks,
    watch::Watch,
};
use crate::{
    aggregator::TrialData,
    driver::{self, DriverError, DriverSetup, FlowLoad, Progress},
    flows::{self, World},
    ledger::{Freshness, Tally},
    observer::{ControlError, Course, Host, Sleeper, Timeline, cores},
    schedule::{self, PlanError},
    schema::{Promised, Trial},
    seed::sub_seed,
    stack::StackError,
    stats::attainable_hit_ratio,
    suite::{LoadModel, Suite, Windows},
    units::Nanos,
    verdict::{self, Evidence},
};

/// Time between two looks at the target: two a second, so that every second has one.
const LOOK: Duration = Duration::from_millis(500);

/// A measured and judged trial.
#[derive(Debug)]
pub struct Outcome {
    /// What is stored.
    pub trial: Trial,
    /// What it was made from.
    pub data: TrialData,
    /// What the audit found; empty where none was made.
    pub audit: Vec<InvariantResult>,
    /// Every write that was tried, and what was told of it.
    pub ledger: Ledger,
    /// The same, counted.
    pub tally: Tally,
    /// How fresh what was read back was.
    pub freshness: Freshness,
    /// What was in force; absent where the target has no lab.
    pub view: Option<ProfileView>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The promise that ended the trial early, and the figure that broke it.
    pub ended_by: Option<(String, String)>,
    /// How the statements of its operations are carried out; of the first trial of an arm only.
    pub plans: Vec<Explanation>,
}

/// Why there is no trial.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The control plane failed.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Nobody could be signed in.
    #[error(transparent)]
    Prime(#[from] PrimeError),
    /// What is in force is not what was asked for.
    #[error("the profile in force is not the one that was asked for: {0}")]
    NotInForce(String),
    /// The load cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No rate was found that both arms can sustain.
    #[error("no common rate was found: {0}; name one with --rate")]
    NoRate(String),
    /// The load could not be driven.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// A service of the own stack could not be started again.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// A thread of ours died.
    #[error("the driver's thread ended early: {0}")]
    Thread(String),
    /// Stopped before anything was measured.
    #[error("stopped before anything was measured")]
    Stopped,
}

/// Runs one trial.
pub async fn run(
    bench: &Bench,
    place: &Place<'_>,
    sessions: &mut Sessions,
) -> Result<Outcome, TrialError> {
    let suite = place.suite;
    let windows = suite.windows;
    let mut warnings = Vec::new();

    fresh_start(bench, place).await?;
    let flows = flow_loads(place);
    let planned = windows.planned().duration() + windows.drain.duration();
    if flows.iter().any(|load| load.flow.needs_sessions()) {
        stage(bench, place, "sign in", None);
        let signing = sessions.ensure(&bench.control, suite.accounts, planned);
        unless_stopped(bench, signing).await??;
        if let Some(lifetime) = sessions.too_short_for(planned) {
            warnings.push(format!(
                "the target's tokens live for {} s, shorter than a trial: requests after that are refused",
                lifetime.as_secs()
            ));
        }
    }
    stage(bench, place, "reset", None);
    let prepared = unless_stopped(bench, prepare(&bench.control, &place.arm.profile)).await??;

    let setup = setup(bench, place, sessions, &prepared, flows)?;
    let progress = Arc::clone(&setup.progress);
    let world = Arc::clone(&setup.world);
    stage(bench, place, "load", Some(windows.planned().duration()));
    // Without it the trial is judged by what else is seen.
    let sleeper = Sleeper::start().ok();
    let options = driver::DriverOptions {
        control: helm::offer(bench, place, &setup.flows)?,
        samples: bench.samples,
        ..options(suite, &place.arm.profile)
    };
    let stop = setup.stop.clone();
    let mut driving = tokio::task::spawn_blocking(move || driver::run_with(setup, &options));
    let host = Host::new(bench.pids());
    let crashing = bench
        .upkeep
        .as_ref()
        .zip(in_window(bench.crash, &windows, &mut warnings))
        .map(|(upkeep, crash)| {
            let wait = windows.warm_up.duration() + crash.after.duration();
            Crashing::begin(Arc::clone(upkeep), crash, wait)
        });
    let mut watch = Watch {
        bench,
        place,
        progress,
        host,
        timeline: Timeline::default(),
        ticks: Ticks::default(),
        // Of an experiment both arms are measured to the end, however slow one of them is.
        alarm: match place.blocks {
            0 => Alarm::new(&suite.thresholds),
            _ => Alarm::default(),
        },
        ended_by: None,
    };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut data = loop {
        tokio::select! {
            biased;
            done = &mut driving => break done.map_err(|error| TrialError::Thread(error.to_string()))??,
            _ = looks.tick() => {
                watch.look().await;
                if watch.ended_by.is_some() {
                    stop.cancel();
                }
            }
        }
    };
    bench.steering.end();
    watch.look().await;
    warnings.extend(helm::told(&data.changes));
    if let Some(crashing) = crashing {
        warnings.push(crashing.end(data.interrupted).await?);
    }
    let hiccups = sleeper.map(Sleeper::finish).unwrap_or_default();
    let timeline = watch.timeline;
    let ended_by = watch.ended_by;

    let promises = &world.promises;
    let (ledger, tally, freshness) = (promises.ledger(), promises.tally(), promises.freshness());
    // Rows that others wrote before would count as unasked for.
    let told = prepared.fresh.then_some(&ledger);
    let audit = audit(bench, place, told, &data, &mut warnings).await;
    let plans = Box::pin(plans(bench, place, &data)).await;
    let violations = audit.as_ref().map(|found| verdict::violations(found));
    let mut trial = stored(place, &data, &timeline, &hiccups, violations);
    trial.promised = figures::promised(tally, &freshness);
    attainable(&mut trial, &world, &suite.windows);
    bench.events.trial_done(trial.clone());
    // A broken promise ended it, nobody else.
    data.interrupted &= ended_by.is_none();
    Ok(Outcome {
        trial,
        data,
        audit: audit.unwrap_or_default(),
        ledger,
        tally,
        freshness,
        view: prepared.view,
        warnings,
        ended_by,
        plans,
    })
}

/// A crash that lies in the measured window; one that does not is told instead of done.
fn in_window(crash: Option<Crash>, windows: &Windows, warnings: &mut Vec<String>) -> Option<Crash> {
    let crash = crash?;
    if crash.after < windows.measure {
        return Some(crash);
    }
    warnings.push(format!(
        "--crash {crash}: nothing was killed, the measured window ends after {}",
        windows.measure
    ));
    None
}

/// Starts target-app afresh before a trial of an experiment on an own stack: what a process has
/// converged to by chance is drawn again for each trial (method 2.1).
async fn fresh_start(bench: &Bench, place: &Place<'_>) -> Result<(), TrialError> {
    let Some(upkeep) = bench.upkeep.as_ref().filter(|_| place.blocks > 0) else {
        return Ok(());
    };
    stage(bench, place, "restart", None);
    let upkeep = Arc::clone(upkeep);
    let restarting = tokio::task::spawn_blocking(move || upkeep.restart_target());
    restarting
        .await
        .map_err(|error| TrialError::Thread(error.to_string()))??;
    Ok(())
}

/// What the cache of mentor lists could have reached at most, where there is one.
fn attainable(trial: &mut Trial, world: &World, windows: &Windows) {
    const KIND: &str = "mentors";
    let asked = trial
        .operations
        .iter()
        .find(|one| one.name == "mentors.list")
        .map_or(0.0, |one| one.planned as f64);
    // The load before the window is as dense as that in it, or nearly.
    let before = asked * windows.warm_up.0 as f64 / windows.measure.0.max(1) as f64;
    let looked_up = trial.server.cache_hit_ratio.get(KIND).copied().flatten();
    let ratio = attainable_hit_ratio(&world.list_weights(), before, asked);
    if let Some(ratio) = ratio.filter(|_| looked_up.is_some()) {
        trial.server.cache_attainable.insert(KIND.to_owned(), ratio);
    }
}

/// Longest wait for all plans of a trial.
const EXPLAINING: Duration = Duration::from_secs(20);

/// The plans of what was sent, after the load, so that they cost it nothing. Nothing
/// where the target has no lab; an operation that it cannot explain is passed over.
async fn plans(bench: &Bench, place: &Place<'_>, data: &TrialData) -> Vec<Explanation> {
    let mut found = Vec::new();
    if !bench.control.has_token() || data.interrupted || !place.explained {
        return found;
    }
    stage(bench, place, "plans", None);
    let all = async {
        for op in data.ops.keys() {
            match bench.control.explain(flows::operation_name(*op)).await {
                Ok(explanation) => found.push(explanation),
                Err(ControlError::Refused { .. }) => {}
                Err(_) => break,
            }
        }
    };
    // What came in time is kept.
    let _late = unless_stopped(bench, tokio::time::timeout(EXPLAINING, all)).await;
    found
}

/// Ends a wait that is not the load's as soon as the command is to stop.
async fn unless_stopped<T>(bench: &Bench, work: impl Future<Output = T>) -> Result<T, TrialError> {
    tokio::select! {
        biased;
        () = bench.stop.cancelled() => Err(TrialError::Stopped),
        done = work => Ok(done),
    }
}

fn stage(bench: &Bench, place: &Place<'_>, what: &str, expected: Option<Duration>) {
    let text = if place.blocks == 0 {
        format!("{}: {what}", place.suite.name)
    } else {
        format!(
            "block {} of {}, {}: {what}",
            place.block, place.blocks, place.arm.name
        )
    };
    bench.events.stage(text, expected);
}

fn flow_loads(place: &Place<'_>) -> Vec<FlowLoad> {
    place
        .suite
        .flows
        .iter()
        .filter_map(|share| {
            Some(FlowLoad {
                flow: flows::flow(&share.flow)?,
                weight: share.weight,
                think: share.think,
            })
        })
        .collect()
}

fn setup(
    bench: &Bench,
    place: &Place<'_>,
    sessions: &Sessions,
    prepared: &Prepared,
    flows: Vec<FlowLoad>,
) -> Result<DriverSetup, TrialError> {
    let suite = place.suite;
    let weights: Vec<f64> = flows.iter().map(|load| load.weight).collect();
    let schedule = schedule::plan(
        &suite.load,
        &weights,
        &suite.windows,
        sub_seed(place.seed, "plan"),
    )?;
    let scale = prepared
        .view
        .as_ref()
        .and_then(|view| view.scale.as_deref());
    let world = World::new(
        rows(scale),
        sessions.accounts().to_vec(),
        uuid::Uuid::new_v4().as_u64_pair().0,
        prepared.fresh,
    );
    Ok(DriverSetup {
        target: bench.address,
        host: bench.host.clone(),
        schedule,
        flows,
        world: Arc::new(world),
        timeout: suite.timeout,
        drain: suite.windows.drain,
        max_users: suite.max_users,
        // A worker without a user of its own would end at once, and hear of no other.
        workers: match &suite.load {
            LoadModel::Closed { users, .. } => place.workers.min((*users).max(1) as usize),
            LoadModel::Open { .. } => place.workers,
        },
        seed: sub_seed(place.seed, "users"),
        progress: Arc::new(Progress::default()),
        stop: bench.stop.child_token(),
    })
}

/// How the driver goes about the load.
fn options(suite: &Suite, profile: &Profile) -> driver::DriverOptions {
    let conduct = &suite.conduct;
    driver::DriverOptions {
        iterations: conduct.shared_iterations,
        pace: conduct.pace,
        ramp: conduct.ramp.clone(),
        in_flight: conduct.in_flight,
        phases: suite
            .phase_spans()
            .into_iter()
            .map(|(name, from, to)| (name, Nanos::from_millis(from.0), Nanos::from_millis(to.0)))
            .collect(),
        // Asked for where the arm packs: a client that cannot unpack would never see it at work.
        client: driver::ClientOptions {
            encoding: driver::Encoding::of(profile.http_compression),
            ..driver::ClientOptions::default()
        },
        ..driver::DriverOptions::default()
    }
}

/// What the audit found; `None` where there is no lab, or the trial was stopped.
async fn audit(
    bench: &Bench,
    place: &Place<'_>,
    ledger: Option<&Ledger>,
    data: &TrialData,
    warnings: &mut Vec<String>,
) -> Option<Vec<InvariantResult>> {
    if !bench.control.has_token() || data.interrupted {
        return None;
    }
    stage(bench, place, "audit", None);
    match unless_stopped(bench, bench.control.audit(ledger)).await {
        Ok(Ok(report)) => Some(report.invariants),
        Ok(Err(error)) => {
            warnings.push(format!("{}: no audit was made: {error}", place.folder));
            None
        }
        Err(_) => None,
    }
}

fn stored(
    place: &Place<'_>,
    data: &TrialData,
    timeline: &Timeline,
    hiccups: &Course,
    violations: Option<u64>,
) -> Trial {
    let from = data.started_at + data.window.0.duration();
    let to = data.started_at + data.window.1.duration();
    let window_s = data.window_s();
    let mut series = figures::seconds(data);
    timeline.fill(&mut series, from);
    let server = timeline.server(from, to);
    let suite = place.suite;
    let validity = verdict::validity(&Evidence {
        generator: timeline.generator(from, to),
        steal: timeline.steal(from, to),
        cpu_pressure: timeline.cpu_pressure(from, to),
        hiccups: hiccups.between(from, to),
        cpu: (server.window_s > 0.5).then(|| {
            let spent = server.cpu_s.values().sum();
            (spent, server.window_s, cores())
        }),
        at_once: flow_loads(place)
            .iter()
            .map(|load| load.flow.at_once())
            .max()
            .unwrap_or(1),
        // A load that a person changed on the way is neither.
        even: suite.load.is_even() && data.changes.is_empty(),
        level: suite.load.is_level(suite.windows)
            && suite.conduct.ramp.is_empty()
            && data.changes.is_empty(),
        overloaded: data.overloaded,
        error_limit: verdict::error_limit(&suite.thresholds),
        ..Evidence::of(data)
    });
    Trial {
        folder: place.folder.clone(),
        arm: place.arm.name.clone(),
        block: place.block,
        seed: place.seed,
        validity,
        total: figures::operation("total", &data.total, window_s),
        operations: figures::arm_operations(&data.ops, window_s),
        series,
        server,
        violations,
        promised: Promised::default(),
    }
}
