//! The coordinator's side until the load begins: opens a run, waits for its workers, and removes what it
//! left in Redis.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use deadpool_redis::redis::{Cmd, Value, cmd};
use tokio::{
    task::JoinHandle,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    address::RedisAddress,
    error::CoordinationError,
    keys::{OPEN, OPEN_LIFE, RUN_LIFE, RunKeys},
    link::{RedisAbsence, RedisLink},
    message::{CoordinatorCommand, CoordinatorMessage, HEAD, WorkerMessage},
    plan::{RunPlan, digest},
    worker_table::{LOST_AFTER, WorkerTable},
};
use loadgen_engine::driver::Progress;

/// Longest wait for all workers to join.
const JOIN_WAIT: Duration = Duration::from_mins(5);
/// Longest wait for all of them to have signed their accounts in.
const READY_WAIT: Duration = Duration::from_mins(10);
/// Time between two polls for messages.
pub(super) const POLL: Duration = Duration::from_millis(100);
/// Time between two refreshments of the key that names the run.
const REFRESH: Duration = Duration::from_secs(2);
/// Most messages that are not of this run before it is given up: something else writes here.
const MOST_FOREIGN: u32 = 100;

/// An open run.
#[derive(Debug)]
pub struct Coordinator {
    pub(super) link: Arc<RedisLink>,
    keys: RunKeys,
    run: String,
    plan: String,
    workers: u32,
    refreshing: JoinHandle<()>,
}

/// Where the coordinator is in the stream of reports.
#[derive(Debug)]
pub(super) struct ReportCursor {
    after: String,
    foreign: u32,
}

impl Default for ReportCursor {
    fn default() -> Self {
        Self {
            after: "0".to_owned(),
            foreign: 0,
        }
    }
}

impl Coordinator {
    /// Publishes a plan and opens its run for workers. Refused while another run is open in this
    /// database of Redis.
    pub async fn open(address: &RedisAddress, plan: &RunPlan) -> Result<Self, CoordinationError> {
        let link = Arc::new(RedisLink::new(address)?);
        let keys = RunKeys::of(&plan.run);
        let text = plan.text()?;
        // What workers look for is there before they can find the run.
        link.ask::<Value>(&added(&keys.plan, &text)).await?;
        let opened = CoordinatorMessage::new(&plan.run, CoordinatorCommand::Opened);
        let opened = head(&opened)?;
        for stream in [&keys.control, &keys.reports] {
            link.ask::<Value>(&added(stream, &opened)).await?;
        }
        link.ask::<Value>(cmd("HSET").arg(&keys.numbers).arg("run").arg(&plan.run))
            .await?;
        for key in keys.all() {
            let expire = expire(key, RUN_LIFE);
            link.ask::<Value>(&expire).await?;
        }
        let mut claim = cmd("SET");
        claim.arg(OPEN).arg(&plan.run).arg("NX");
        claim.arg("PX").arg(OPEN_LIFE.as_millis() as u64);
        let claimed: Option<String> = link.ask(&claim).await?;
        if claimed.is_none() {
            let other: Option<String> = link.ask(cmd("GET").arg(OPEN)).await?;
            remove(&link, &keys).await;
            return Err(CoordinationError::Refused(format!(
                "run {} is open at {}: wait until it has ended, or use another database of Redis, like …/1",
                other.unwrap_or_default(),
                link.address()
            )));
        }
        Ok(Self {
            refreshing: refresh(Arc::clone(&link)),
            link,
            keys,
            run: plan.run.clone(),
            plan: digest(text.as_bytes()),
            workers: plan.workers,
        })
    }

    /// Waits until every worker has joined and has signed its accounts in. `show` gets what is waited for.
    pub(super) async fn wait_for_workers(
        &self,
        stop: &CancellationToken,
        show: impl Fn(String),
    ) -> Result<(WorkerTable, ReportCursor), CoordinationError> {
        let (mut workers, mut reports) = (WorkerTable::new(self.workers), ReportCursor::default());
        let begun = Instant::now();
        let mut shown = String::new();
        let mut absence = RedisAbsence::new(LOST_AFTER);
        loop {
            let asked = Instant::now();
            match self.receive(&mut reports, &mut workers, None).await {
                Ok(()) => absence.end(),
                Err(error) => {
                    absence.take(error, Instant::now())?;
                    workers.restart_silence(Instant::now());
                }
            }
            workers.note_silent(asked);
            let lost = workers.lost();
            if !lost.is_empty() {
                return Err(CoordinationError::Lost(lost.join("; ")));
            }
            let (joined, ready, all) = (workers.joined(), workers.ready(), workers.workers());
            if ready == all {
                return Ok((workers, reports));
            }
            if joined < all
                && let Some(refused) = workers.refused()
            {
                return Err(CoordinationError::Refused(refused.to_owned()));
            }
            let waited = begun.elapsed();
            if (joined < all && waited > JOIN_WAIT) || waited > JOIN_WAIT + READY_WAIT {
                return Err(CoordinationError::Lost(format!(
                    "{joined} of {all} workers joined and {ready} were ready after {:.0} s: start each with `loadgen worker --coordinate {}`",
                    waited.as_secs_f64(),
                    self.link.address()
                )));
            }
            let now = if joined < all {
                format!("waiting for workers: {joined} of {all} joined")
            } else {
                format!("waiting for workers: {ready} of {all} are signed in")
            };
            if now != shown {
                show(now.clone());
                shown = now;
            }
            tokio::select! {
                () = stop.cancelled() => return Err(CoordinationError::Stopped),
                () = sleep(POLL) => {}
            }
        }
    }

    /// Takes every message that has come, and removes it from Redis.
    pub(super) async fn receive(
        &self,
        reports: &mut ReportCursor,
        workers: &mut WorkerTable,
        progress: Option<&Progress>,
    ) -> Result<(), CoordinationError> {
        loop {
            let entries = self
                .link
                .entries_after(&self.keys.reports, &reports.after)
                .await?;
            let Some(last) = entries.last() else {
                return Ok(());
            };
            reports.after.clone_from(&last.id);
            let mut read = cmd("XDEL");
            read.arg(&self.keys.reports);
            for entry in entries {
                let received = match WorkerMessage::read(&entry, &self.run, self.workers) {
                    Ok(None) => Ok(()),
                    Ok(Some((message, body))) => {
                        workers.receive(message, body, Instant::now(), &self.plan, progress)
                    }
                    Err(why) => Err(why),
                };
                if let Err(why) = received {
                    reports.foreign += 1;
                    if reports.foreign > MOST_FOREIGN {
                        return Err(CoordinationError::Foreign(why));
                    }
                }
                read.arg(entry.id);
            }
            self.link.ask::<Value>(&read).await?;
        }
    }

    /// Sends a command to all workers.
    pub(super) async fn send(&self, command: CoordinatorCommand) -> Result<(), CoordinationError> {
        let text = head(&CoordinatorMessage::new(&self.run, command))?;
        self.link
            .ask::<Value>(&added(&self.keys.control, &text))
            .await
            .map(|_id| ())
    }

    /// Ends the run: workers that still listen stop, and nothing of it stays in Redis.
    pub async fn close(&self) {
        self.refreshing.abort();
        // Should Redis be gone, the keys expire.
        let open: Result<Option<String>, _> = self.link.ask(cmd("GET").arg(OPEN)).await;
        if open.is_ok_and(|open| open.as_deref() == Some(self.run.as_str())) {
            let _removed = self.link.ask::<Value>(cmd("DEL").arg(OPEN)).await;
        }
        remove(&self.link, &self.keys).await;
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.refreshing.abort();
    }
}

async fn remove(link: &RedisLink, keys: &RunKeys) {
    let _expires_otherwise = link.ask::<Value>(cmd("DEL").arg(&keys.all()[..])).await;
}

/// Keeps the key that names the run alive.
fn refresh(link: Arc<RedisLink>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = interval(REFRESH);
        loop {
            ticks.tick().await;
            // One that fails is followed by others before the key expires.
            let _again = link.ask::<Value>(&expire(OPEN, OPEN_LIFE)).await;
        }
    })
}

fn added(stream: &str, text: &str) -> Cmd {
    let mut add = cmd("XADD");
    add.arg(stream).arg("*").arg(HEAD).arg(text);
    add
}

fn expire(key: &str, life: Duration) -> Cmd {
    let mut expire = cmd("PEXPIRE");
    expire.arg(key).arg(life.as_millis() as u64);
    expire
}

fn head(message: &CoordinatorMessage) -> Result<String, CoordinationError> {
    serde_json::to_string(message).map_err(|error| CoordinationError::Foreign(error.to_string()))
}
