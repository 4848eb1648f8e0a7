//! One trial: sign in, put in order, warm up, measure, drain, audit.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use shared::{
    api::lab::{Explanation, ProfileView},
    invariant::InvariantResult,
    ledger::Ledger,
    profile::Profile,
    time::Millis,
};
use tokio::time::{MissedTickBehavior, interval};

use super::{
    alarm::Alarm,
    crash::Crashing,
    figures,
    job::{Bench, Place},
    prepare::{Prepared, prepare},
    prime::{PrimeError, Sessions, rows},
};
use crate::{
    aggregator::TrialData,
    driver::{self, DriverError, FlowLoad, Progress, Setup},
    events::Tick,
    flows::{self, World},
    ledger::{Freshness, Tally},
    observer::{ControlError, Course, Host, Machine, Observation, Sleeper, Timeline, cores},
    schedule::{self, PlanError},
    schema::{Promised, Trial},
    seed::sub_seed,
    stack::StackError,
    suite::Suite,
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
    let options = options(suite, &place.arm.profile);
    let stop = setup.stop.clone();
    let mut driving = tokio::task::spawn_blocking(move || driver::run_with(setup, &options));
    let host = Host::new(bench.pids());
    let crashing = bench
        .upkeep
        .as_ref()
        .zip(bench.crash)
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
        last: None,
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
    watch.look().await;
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

/// Longest wait for all plans of a trial.
const EXPLAINING: Duration = Duration::from_secs(20);

/// The plans of what was sent, after the load, so that they cost it nothing; once an arm. Nothing
/// where the target has no lab; an operation that it cannot explain is passed over.
async fn plans(bench: &Bench, place: &Place<'_>, data: &TrialData) -> Vec<Explanation> {
    let mut found = Vec::new();
    if !bench.control.has_token() || data.interrupted || place.block > 1 {
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
) -> Result<Setup, TrialError> {
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
    Ok(Setup {
        target: bench.address,
        host: bench.host.clone(),
        schedule,
        flows,
        world: Arc::new(world),
        timeout: suite.timeout,
        drain: suite.windows.drain,
        max_users: suite.max_users,
        workers: place.workers,
        seed: sub_seed(place.seed, "users"),
        progress: Arc::new(Progress::default()),
        stop: bench.stop.child_token(),
    })
}

/// How the driver goes about the load.
fn options(suite: &Suite, profile: &Profile) -> driver::Options {
    let conduct = &suite.conduct;
    driver::Options {
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
        wire: driver::Wire {
            encoding: driver::Encoding::of(profile.http_compression),
            ..driver::Wire::default()
        },
        showing: None,
    }
}

/// Looks at target and machine while the driver runs, and tells where it stands.
struct Watch<'a> {
    bench: &'a Bench,
    place: &'a Place<'a>,
    progress: Arc<Progress>,
    host: Host,
    timeline: Timeline,
    last: Option<driver::Snapshot>,
    alarm: Alarm<'a>,
    /// The promise that ended the run, and the figure that broke it.
    ended_by: Option<(String, String)>,
}

impl Watch<'_> {
    async fn look(&mut self) {
        let snapshot = if self.bench.control.has_token() {
            // One that does not come in time is left out; the trial goes on.
            self.bench.control.telemetry().await.ok()
        } else {
            None
        };
        self.timeline.push(Observation {
            at: SystemTime::now(),
            snapshot,
            host: self.host.read(),
            machine: Machine::read(),
        });
        self.tick();
    }

    fn tick(&mut self) {
        let now = self.progress.snapshot();
        if self.ended_by.is_none()
            && let Some((threshold, figure)) = self.alarm.broken(&now)
        {
            self.bench.events.warning(format!(
                "`{threshold}` is broken ({figure}): the run ends here"
            ));
            self.ended_by = Some((threshold.text.clone(), figure));
        }
        let windows = self.place.suite.windows;
        let at = Millis(now.at.0 / 1_000_000);
        let phase = if at < windows.warm_up {
            "warm up"
        } else if at < windows.planned() {
            "measure"
        } else {
            "drain"
        };
        let rates = self.last.as_ref().map(|last| now.since(last));
        let target = self.timeline.last().and_then(|look| {
            let pool = &look.snapshot.as_ref()?.pool;
            let in_use = pool.size.saturating_sub(pool.idle);
            Some(format!(
                "pool {in_use}/{}, {} waiting",
                pool.max, pool.waiters
            ))
        });
        self.bench.events.tick(Tick {
            arm: self.place.arm.name.clone(),
            block: self.place.block,
            blocks: self.place.blocks,
            phase,
            elapsed: self.place.elapsed + at.duration().min(windows.planned().duration()),
            total: self.place.total,
            offered: rates.map_or(0.0, |rates| rates.offered),
            achieved: rates.map_or(0.0, |rates| rates.achieved),
            in_flight: now.open,
            p50_ms: rates.and_then(|rates| rates.p50_ms),
            p95_ms: rates.and_then(|rates| rates.p95_ms),
            failed: now.failed,
            target,
        });
        self.last = Some(now);
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
        even: suite.load.is_even(),
        level: suite.load.is_level(suite.windows) && suite.conduct.ramp.is_empty(),
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
