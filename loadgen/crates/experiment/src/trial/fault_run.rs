//! The faults of a trial: put into the services of an own stack at their times and taken away again,
//! also where the trial ends early. The audit afterwards finds what was lost.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    fault_outcome::{FaultSpan, outcomes},
    job::{TestEnv, pids},
    planned_level::is_level,
};
use crate::{
    events::Publisher,
    observer::Host,
    schema::FaultResult,
    services::{ServiceControl, ServiceError},
};
use loadgen_engine::{
    aggregator::TrialData,
    clock::time_of_day,
    suite::{FaultKind, PlannedFault, Suite},
};

/// When a fault was in force; nothing where the trial ended before it.
type FaultTimes = Option<(SystemTime, SystemTime)>;

/// A fault under way, or to come.
struct FaultTask {
    fault: PlannedFault,
    /// Whether it comes from the command line, and is a warning of the report.
    by_flag: bool,
    task: JoinHandle<Result<FaultTimes, ServiceError>>,
}

/// The faults of a trial under way.
pub(super) struct FaultRun {
    tasks: Vec<FaultTask>,
    stop: CancellationToken,
}

impl FaultRun {
    /// Begins to wait for the times of all faults: those of the suite, and that of the command line. The
    /// load begins now. One of the command line that lies behind the measured window becomes a warning.
    pub(super) fn begin(
        env: &TestEnv,
        suite: &Suite,
        host: &Host,
        warnings: &mut Vec<String>,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut run = Self {
            tasks: Vec::new(),
            stop: stop.clone(),
        };
        let Some(control) = &env.service_control else {
            return run;
        };
        let windows = suite.windows;
        let crash = env.crash.into_iter();
        let (inside, behind): (Vec<PlannedFault>, Vec<PlannedFault>) =
            crash.partition(|one| one.at < windows.measure);
        warnings.extend(behind.into_iter().map(|crash| {
            format!(
                "--crash {crash}: nothing was killed, the measured window ends after {}",
                windows.measure
            )
        }));
        let all = suite.faults.iter().map(|one| (*one, false));
        let begun = Instant::now() + windows.warm_up.duration();
        for (fault, by_flag) in all.chain(inside.into_iter().map(|one| (one, true))) {
            let scheduled = ScheduledFault {
                control: Arc::clone(control),
                host: host.clone(),
                kind: fault.kind,
                at: begun + fault.at.duration(),
                lasts: fault.lasts.duration(),
                stop: stop.clone(),
                events: env.events.clone(),
            };
            run.tasks.push(FaultTask {
                fault,
                by_flag,
                task: tokio::spawn(scheduled.run()),
            });
        }
        run
    }

    /// Ends what is still in force, leaves out what was still to come, and says what each fault cost.
    pub(super) async fn end(
        self,
        suite: &Suite,
        data: &TrialData,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<FaultResult>, ServiceError> {
        self.stop.cancel();
        let began = data.started_at + data.window.0.duration();
        let mut spans = Vec::new();
        let mut failure = None;
        // Each is waited for, also behind one that failed: nothing stays in force.
        for one in self.tasks {
            let ended = one
                .task
                .await
                .unwrap_or_else(|error| Err(ServiceError::Failed(error.to_string())));
            match ended {
                Ok(Some((from, to))) => {
                    let span = FaultSpan {
                        fault: one.fault.kind.name().to_owned(),
                        began_s: seconds_since(began, from),
                        ended_s: seconds_since(began, to),
                    };
                    if one.by_flag {
                        warnings.push(sentence(one.fault, span.ended_s - span.began_s));
                    }
                    spans.push(span);
                }
                Ok(None) => warnings.push(format!(
                    "{} was not put in: the trial ended before",
                    one.fault.kind
                )),
                Err(error) => {
                    let _first = failure.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let by_hand = |from: i64, to: i64| {
            let mut changes = data.changes.iter();
            changes.any(|(at, _)| (from..to).contains(&window_second(data, at.0)))
        };
        let stays = |from: i64, to: i64| is_level(suite, from, to) && !by_hand(from, to);
        Ok(outcomes(spans, &data.seconds, data.window_s(), &stays))
    }
}

/// The second of the measured window in which a time of the load lies, in nanoseconds.
fn window_second(data: &TrialData, at_ns: u64) -> i64 {
    let since = i128::from(at_ns) - i128::from(data.window.0.0);
    i64::try_from(since.div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
}

/// Seconds from one instant to another; negative where that lies before it.
fn seconds_since(begin: SystemTime, at: SystemTime) -> f64 {
    match at.duration_since(begin) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// What a reader must know of a fault that the command line asked for.
fn sentence(fault: PlannedFault, took_s: f64) -> String {
    let at = fault.at;
    let name = fault.kind.name();
    let service = name.split('.').next().unwrap_or(name);
    match fault.kind {
        FaultKind::TargetRolling => format!(
            "the instances were restarted one after another, from {at} into the measured window for {took_s:.2} s"
        ),
        FaultKind::PostgresFailover => format!(
            "{service} ended {at} into the measured window and its replica was the primary after {took_s:.2} s"
        ),
        FaultKind::PostgresKill
        | FaultKind::RedisEmpty
        | FaultKind::ReplicaKill
        | FaultKind::PoolerKill
        | FaultKind::TargetKill
        | FaultKind::InstanceKill
        | FaultKind::BalancerKill => format!(
            "{service} was killed {at} into the measured window and was ready again after {took_s:.2} s"
        ),
        _ => format!("{name} was in force from {at} into the measured window for {took_s:.2} s"),
    }
}

/// A fault with its time, and what it is put into.
struct ScheduledFault {
    control: Arc<dyn ServiceControl>,
    /// What watches the processes of the services.
    host: Host,
    kind: FaultKind,
    at: Instant,
    lasts: Duration,
    /// Cancelled when the load has ended.
    stop: CancellationToken,
    events: Publisher,
}

impl ScheduledFault {
    async fn run(self) -> Result<FaultTimes, ServiceError> {
        if !self.reached(self.at).await {
            return Ok(None);
        }
        let kind = self.kind;
        let from = time_of_day();
        self.events.fault(format!("{kind} begins"));
        self.blocking(move |control| control.begin_fault(kind))
            .await?;
        if kind.lasts() {
            // To put it in may take a moment. Where the load ends before it does, it ends with the load.
            let _whole = self.reached(Instant::now() + self.lasts).await;
            self.blocking(move |control| control.end_fault(kind))
                .await?;
        }
        self.events.fault(format!("{kind} is over"));
        Ok(Some((from, time_of_day())))
    }

    /// Waits for an instant; whether it came before the end of the load.
    async fn reached(&self, at: Instant) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = sleep_until(at) => true,
        }
    }

    /// Does what blocks, beside the event loop. Services whose process it ends are watched in the new one.
    async fn blocking(
        &self,
        act: impl FnOnce(&dyn ServiceControl) -> Result<(), ServiceError> + Send + 'static,
    ) -> Result<(), ServiceError> {
        let control = Arc::clone(&self.control);
        let host = self.host.clone();
        spawn_blocking(move || {
            // The last observation of a process that ends here.
            let _noted = host.read();
            let done = act(control.as_ref());
            host.follow(pids(control.as_ref()));
            done
        })
        .await
        .unwrap_or_else(|error| Err(ServiceError::Failed(error.to_string())))
    }
}
