//! The worker's side: finds the open run, takes a number in it, says that it is there, begins when it
//! is told to, and sends its result.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use deadpool_redis::redis::cmd;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    address::RedisAddress,
    error::CoordinationError,
    keys::{OPEN, OPEN_LIFE, RunKeys},
    link::{RedisAbsence, RedisLink},
    message::{
        BODY, CoordinatorCommand, CoordinatorMessage, HEAD, WorkerEvent, WorkerInfo, WorkerMessage,
    },
    offset::ClockReading,
    packed_result::pack,
    plan::{RunPlan, digest},
};
use loadgen_engine::{aggregator::TrialData, driver::Progress, schedule::LoadShare, suite::Suite};
use loadgen_experiment::schema::Validity;

/// Time between two polls for what the coordinator says.
const POLL: Duration = Duration::from_millis(100);
/// Polls between two heartbeats.
const POLLS_A_BEAT: u32 = 5;
/// Time between two polls for an open run.
const SEARCH: Duration = Duration::from_millis(250);
/// Longest wait for the start, once this worker is ready: the others sign in, and the target is reset.
const START_WAIT: Duration = Duration::from_mins(20);
/// Most messages that wait in Redis for the coordinator.
const MOST_WAITING: u32 = 20_000;

/// What a worker sends of its part of the load.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartResult {
    /// What it measured.
    pub data: TrialData,
    /// The self-checks of its threads and its machine.
    pub validity: Validity,
    /// What its clients know of their writes.
    pub record: String,
    /// By how many microseconds the instant at which it began may be wrong, either way.
    pub uncertainty_us: u64,
    /// Warnings for the report.
    pub warnings: Vec<String>,
}

/// A worker that has joined a run. While it lives, the coordinator receives its heartbeats.
#[derive(Debug)]
pub struct JoinedWorker {
    state: Arc<WorkerState>,
    /// The plan of the run.
    pub plan: RunPlan,
    /// Its suite.
    pub suite: Suite,
    share: LoadShare,
    /// By how much the instant at which the load begins may be wrong, either way.
    uncertainty: OnceLock<Duration>,
    /// Ends the heartbeats when the worker is dropped.
    _heartbeats: DropGuard,
}

/// What the heartbeats share with the worker.
#[derive(Debug)]
struct WorkerState {
    link: RedisLink,
    keys: RunKeys,
    run: String,
    number: u32,
    id: String,
    /// Ends the load of this process.
    stop: CancellationToken,
    progress: OnceLock<Arc<Progress>>,
    /// When the load begins, on Redis's clock.
    start: watch::Sender<Option<i64>>,
    /// Why the run was given up.
    given_up: Mutex<Option<String>>,
}

impl JoinedWorker {
    /// Waits for an open run, for `wait` at most, and joins it with the number `index`, or with the
    /// first that is free. `stop` ends the wait, and is cancelled when the coordinator ends the load.
    pub async fn join(
        address: &RedisAddress,
        index: Option<u32>,
        wait: Duration,
        stop: CancellationToken,
    ) -> Result<Self, CoordinationError> {
        let link = RedisLink::new(address)?;
        let run = open_run(&link, wait, &stop).await?;
        let keys = RunKeys::of(&run);
        let published = link.entries_after(&keys.plan, "0").await?;
        let text = published.first().and_then(|entry| entry.field(HEAD));
        let text = text.ok_or_else(|| CoordinationError::Lost(format!("run {run} has ended")))?;
        let host = host_name();
        let read = RunPlan::read(text).and_then(|(plan, suite)| match index {
            Some(index) if index >= plan.workers => Err(no_such_number(index, plan.workers)),
            _ => Ok((plan, suite)),
        });
        if let Some(why) = read.as_ref().err().map(ToString::to_string) {
            // Or its coordinator would wait for it.
            send_refused(&link, &keys, &run, &host, why).await;
        }
        let (plan, suite) = read?;
        let plan_digest = digest(text);
        let holder = format!("{host} (process {})", std::process::id());
        let number = take_number(&link, &keys, &plan, index, &holder).await?;
        let share = LoadShare::new(number, plan.workers);
        let share = share.ok_or_else(|| no_such_number(number, plan.workers))?;
        let reading = ClockReading::take(&link).await?;
        let state = Arc::new(WorkerState {
            link,
            keys,
            run,
            number,
            id: uuid::Uuid::new_v4().simple().to_string(),
            stop,
            progress: OnceLock::new(),
            start: watch::Sender::new(None),
            given_up: Mutex::default(),
        });
        let info = WorkerInfo {
            host,
            pid: std::process::id(),
            plan: plan_digest,
            ahead_us: reading.ahead_us(),
        };
        state.send(WorkerEvent::Joined(info), None).await?;
        let ended = CancellationToken::new();
        tokio::spawn(heartbeats(Arc::clone(&state), ended.clone()));
        Ok(Self {
            state,
            plan,
            suite,
            share,
            uncertainty: OnceLock::new(),
            _heartbeats: ended.drop_guard(),
        })
    }

    /// The part of the load that this worker generates.
    pub const fn share(&self) -> LoadShare {
        self.share
    }

    /// By how much the instant at which the load begins may be wrong here, either way; nothing before that
    /// is known.
    pub fn uncertainty(&self) -> Duration {
        self.uncertainty.get().copied().unwrap_or_default()
    }

    /// Says that this worker is ready, and waits for the instant at which the load begins. `progress` is
    /// sent with the heartbeats from now on.
    pub(super) async fn ready(
        &self,
        progress: &Arc<Progress>,
    ) -> Result<Instant, CoordinationError> {
        let state = &self.state;
        // A worker generates one load.
        let _first = state.progress.set(Arc::clone(progress));
        state.send(WorkerEvent::Ready, None).await?;
        let mut start = state.start.subscribe();
        let started = async {
            start
                .wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|at| *at)
        };
        let at_us = tokio::select! {
            biased;
            at = timeout(START_WAIT, started) => at.ok().flatten(),
            () = state.stop.cancelled() => return Err(self.why_stopped()),
        };
        let at_us = at_us.ok_or_else(|| {
            let waited = START_WAIT.as_secs() / 60;
            CoordinationError::Lost(format!("the load did not begin within {waited} minutes"))
        })?;
        // Read again: clocks have drifted since this worker joined.
        let reading = ClockReading::take(&state.link).await?;
        let _first = self.uncertainty.set(reading.uncertainty);
        reading
            .instant(at_us)
            .ok_or_else(|| CoordinationError::Foreign("the load begins at no instant".to_owned()))
    }

    /// Why the load was ended from outside.
    pub fn why_stopped(&self) -> CoordinationError {
        let why = self.state.given_up.lock();
        let why = why.unwrap_or_else(PoisonError::into_inner).clone();
        why.map_or(CoordinationError::Stopped, CoordinationError::Lost)
    }

    /// Whether the run was given up.
    pub fn is_given_up(&self) -> bool {
        let why = self.state.given_up.lock();
        why.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Sends the result.
    pub async fn send_result(&self, result: PartResult) -> Result<(), CoordinationError> {
        let packing = tokio::task::spawn_blocking(move || pack(&result));
        let pieces = packing
            .await
            .map_err(|error| CoordinationError::Lost(error.to_string()))??;
        let of = pieces.len() as u32;
        for (number, piece) in (0..of).zip(&pieces) {
            let event = WorkerEvent::Piece { number, of };
            self.state.send(event, Some(piece)).await?;
        }
        Ok(())
    }

    /// Says that this worker gives up, and why. Whoever does not hear it notices its silence.
    pub async fn send_gone(&self, why: &str) {
        let event = WorkerEvent::Gone(why.to_owned());
        let _noticed_otherwise = self.state.send(event, None).await;
    }
}

impl WorkerState {
    async fn send(&self, event: WorkerEvent, body: Option<&[u8]>) -> Result<(), CoordinationError> {
        let message = WorkerMessage::new(&self.run, self.number, &self.id, event);
        send(&self.link, &self.keys, &message, body).await
    }

    fn give_up(&self, why: String) {
        let given_up = self.given_up.lock();
        given_up
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(why);
        self.stop.cancel();
    }

    /// Takes what the coordinator said after `after`, which moves on.
    async fn receive(&self, after: &mut String) -> Result<(), CoordinationError> {
        for entry in self.link.entries_after(&self.keys.control, after).await? {
            if let Ok(message) = CoordinatorMessage::read(&entry, &self.run) {
                match message.command {
                    CoordinatorCommand::Opened => {}
                    CoordinatorCommand::Start { at_us } => {
                        self.start.send_replace(Some(at_us));
                    }
                    CoordinatorCommand::Stop => self.stop.cancel(),
                }
            }
            *after = entry.id;
        }
        Ok(())
    }

    /// Says that this worker is there, and makes sure that the coordinator is.
    async fn heartbeat(&self) -> Result<(), CoordinationError> {
        let counts = self.progress.get().map(|progress| progress.counts());
        self.send(WorkerEvent::Beat(counts), None).await?;
        let open: Option<String> = self.link.ask(cmd("GET").arg(OPEN)).await?;
        if open.as_deref() == Some(self.run.as_str()) {
            Ok(())
        } else {
            Err(CoordinationError::Lost(
                "the coordinator is gone".to_owned(),
            ))
        }
    }
}

/// Sends a message to the coordinator.
async fn send(
    link: &RedisLink,
    keys: &RunKeys,
    message: &WorkerMessage,
    body: Option<&[u8]>,
) -> Result<(), CoordinationError> {
    let head = serde_json::to_vec(message)
        .map_err(|error| CoordinationError::Foreign(error.to_string()))?;
    let mut add = cmd("XADD");
    // A stream that its coordinator has removed is not made again.
    add.arg(&keys.reports).arg("NOMKSTREAM");
    add.arg("MAXLEN").arg("~").arg(MOST_WAITING).arg("*");
    add.arg(HEAD).arg(head);
    if let Some(body) = body {
        add.arg(BODY).arg(body);
    }
    let id: Option<String> = link.ask(&add).await?;
    id.map(|_id| ())
        .ok_or_else(|| CoordinationError::Lost("the coordinator has ended the run".to_owned()))
}

/// Says that this process was refused before it had a number, and why.
async fn send_refused(link: &RedisLink, keys: &RunKeys, run: &str, host: &str, why: String) {
    let event = WorkerEvent::Refused {
        host: host.to_owned(),
        pid: std::process::id(),
        why,
    };
    let id = uuid::Uuid::new_v4().simple().to_string();
    let message = WorkerMessage::new(run, 0, &id, event);
    // A coordinator that does not hear it gives up when nobody has come for long enough.
    let _noticed_otherwise = send(link, keys, &message, None).await;
}

/// Heartbeats, until the worker is dropped or the run is given up.
async fn heartbeats(state: Arc<WorkerState>, ended: CancellationToken) {
    let mut after = "0".to_owned();
    // A short absence of Redis ends nothing.
    let mut absence = RedisAbsence::new(OPEN_LIFE);
    for poll in 0_u32.. {
        tokio::select! {
            () = ended.cancelled() => return,
            () = sleep(POLL) => {}
        }
        let mut received = state.receive(&mut after).await;
        if received.is_ok() && poll % POLLS_A_BEAT == 0 {
            received = state.heartbeat().await;
        }
        match received {
            Ok(()) => absence.end(),
            Err(error) => {
                if let Err(error) = absence.take(error, Instant::now()) {
                    return state.give_up(error.to_string());
                }
            }
        }
    }
}

/// The name of the open run.
async fn open_run(
    link: &RedisLink,
    wait: Duration,
    stop: &CancellationToken,
) -> Result<String, CoordinationError> {
    let begun = Instant::now();
    let mut absence = RedisAbsence::new(OPEN_LIFE);
    let mut answered = false;
    loop {
        match link.ask(cmd("GET").arg(OPEN)).await {
            Ok(Some(run)) => return Ok(run),
            Ok(None) => {
                answered = true;
                absence.end();
            }
            // A wrong address or password is said at once; a Redis that was there may be away for a moment.
            Err(error) if !answered => return Err(error),
            Err(error) => absence.take(error, Instant::now())?,
        }
        if begun.elapsed() >= wait {
            return Err(CoordinationError::Lost(format!(
                "no run is open at {}: start one with `loadgen run SUITE --workers N --coordinate URL`, or wait longer for it with --wait",
                link.address()
            )));
        }
        tokio::select! {
            () = stop.cancelled() => return Err(CoordinationError::Stopped),
            () = sleep(SEARCH) => {}
        }
    }
}

/// Takes a number, atomically.
async fn take_number(
    link: &RedisLink,
    keys: &RunKeys,
    plan: &RunPlan,
    index: Option<u32>,
    holder: &str,
) -> Result<u32, CoordinationError> {
    let wanted = match index {
        Some(index) => index..index + 1,
        None => 0..plan.workers,
    };
    for number in wanted {
        let mut set = cmd("HSETNX");
        set.arg(&keys.numbers).arg(number).arg(holder);
        if link.ask::<bool>(&set).await? {
            return Ok(number);
        }
    }
    let Some(index) = index else {
        return Err(CoordinationError::Refused(format!(
            "run {} has all of its {} workers: start the next run with more --workers",
            plan.run, plan.workers
        )));
    };
    let other: Option<String> = link.ask(cmd("HGET").arg(&keys.numbers).arg(index)).await?;
    Err(CoordinationError::Refused(format!(
        "worker {index} of run {} is taken by {}: omit --index to take the next free number",
        plan.run,
        other.unwrap_or_default()
    )))
}

fn no_such_number(index: u32, workers: u32) -> CoordinationError {
    CoordinationError::Refused(format!(
        "--index {index}: the run has {workers} workers, from 0 to {}",
        workers.saturating_sub(1)
    ))
}

/// The name of this machine.
fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(
        |_| "an unnamed machine".to_owned(),
        |name| name.trim().to_owned(),
    )
}
