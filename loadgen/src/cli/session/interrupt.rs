//! Ctrl-C: the first ends the load gracefully and the report is still written; the second ends
//! the process at once, after the services of an own stack are down. From the first command that listens until the
//! process ends one thread answers signals, also while reports are written.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

use super::runtime::local_runtime;
use crate::{
    cli::{failure::Failure, output::progress},
    exit, live,
};
use loadgen_experiment::events::Publisher;
use loadgen_report::store;
use loadgen_stack::Stack;

/// Message of the first signal when nothing is left that it could stop.
const LATE: &str =
    "what was measured is still written and printed, then it ends; once more to stop at once";

/// Whether a signal has come.
static SIGNALLED: AtomicBool = AtomicBool::new(false);
/// What a signal stops; absent before anything listens.
static STOPPED: Mutex<Option<Interruptible>> = Mutex::new(None);
/// Where the first signal is published; without such a place standard error names it.
static PUBLISHED: Mutex<Option<Publisher>> = Mutex::new(None);

/// What a signal stops.
#[derive(Debug)]
struct Interruptible {
    /// Message of the first.
    first: &'static str,
    /// Cancelled by the first.
    stop: CancellationToken,
    /// Cleared by the second, before the process ends.
    services: Vec<CleanupSlot>,
    /// Whether standard error shows nothing of what is published.
    quiet: bool,
}

/// An own stack, which has to be dropped before the process ends, whatever happens. The lock is held
/// while it is started and while it is dropped, so that the process cannot end in between.
#[derive(Debug, Clone)]
pub(in crate::cli) struct CleanupSlot {
    content: Arc<Mutex<Option<Stack>>>,
    abort: CancellationToken,
}

impl CleanupSlot {
    /// An empty slot.
    pub(in crate::cli) fn empty() -> Self {
        Self {
            content: Arc::default(),
            abort: CancellationToken::new(),
        }
    }

    /// Another empty one, which the same signal clears.
    pub(in crate::cli) fn beside(&self) -> Self {
        Self {
            content: Arc::default(),
            abort: self.abort.clone(),
        }
    }

    /// Cancelled when the process is to end at once: whoever holds the lock then gives it up.
    pub(in crate::cli) fn abort(&self) -> CancellationToken {
        self.abort.clone()
    }

    /// The content, locked. A thread that panicked while holding the lock does not keep it.
    pub(in crate::cli) fn lock(&self) -> MutexGuard<'_, Option<Stack>> {
        locked(&self.content)
    }

    /// Drops the content; waits if another thread is doing so. Blocks.
    pub(in crate::cli) fn clear(&self) {
        let mut content = self.lock();
        drop(content.take());
    }
}

/// A lock that a thread which panicked does not keep.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on the first SIGINT, SIGTERM or SIGHUP cancels `stop` and prints `first` to standard error; the second, or
/// one that finds `stop` cancelled, ends the process. Where a signal has come before, `stop` is cancelled at once.
/// Under `nohup`, which ignores SIGHUP, a lost terminal does not end the command. Must not be called from a task.
pub(in crate::cli) fn listen(first: &'static str, stop: CancellationToken) -> Result<(), Failure> {
    begin(
        Interruptible {
            first,
            stop,
            services: Vec::new(),
            quiet: true,
        },
        None,
    )
}

/// The same for a command with events, as one of which `first` is published, and with `services` that are cleared before
/// the process ends. Where it is `quiet`, standard error shows no events.
pub(super) fn listen_with(
    first: &'static str,
    stop: CancellationToken,
    services: Vec<CleanupSlot>,
    events: Publisher,
    quiet: bool,
) -> Result<(), Failure> {
    begin(
        Interruptible {
            first,
            stop,
            services,
            quiet,
        },
        Some(events),
    )
}

fn begin(next: Interruptible, events: Option<Publisher>) -> Result<(), Failure> {
    *locked(&PUBLISHED) = events;
    let mut stopped = locked(&STOPPED);
    if stopped.is_none() {
        start()?;
    }
    if signalled() {
        next.stop.cancel();
    }
    *stopped = Some(next);
    Ok(())
}

/// Whether a signal has come, also one that came when nothing was left to stop.
pub(in crate::cli) fn signalled() -> bool {
    SIGNALLED.load(Ordering::Acquire)
}

/// From now on the first signal stops nothing, and says so.
pub(in crate::cli) fn nothing_left_to_stop() {
    if let Some(stopped) = &mut *locked(&STOPPED) {
        stopped.first = LATE;
    }
}

/// Lets `flush` end the sinks of events, to which nothing may be published any more. The message of a signal that
/// comes meanwhile is printed to standard error after it.
pub(super) fn without_events<T>(flush: impl FnOnce() -> T) -> T {
    let mut published = locked(&PUBLISHED);
    *published = None;
    flush()
}

/// Starts the thread that answers signals.
fn start() -> Result<(), Failure> {
    let runtime = local_runtime()?;
    let inside = runtime.enter();
    let listener = |kind| signal(kind).map_err(Failure::internal);
    let interrupt = listener(SignalKind::interrupt())?;
    let terminate = listener(SignalKind::terminate())?;
    let hangup = (!hangup_is_ignored())
        .then(|| listener(SignalKind::hangup()))
        .transpose()?;
    drop(inside);
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(answer_all(interrupt, terminate, hangup)))
        .map_err(Failure::internal)?;
    Ok(())
}

async fn answer_all(mut interrupt: Signal, mut terminate: Signal, mut hangup: Option<Signal>) {
    loop {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
            Some(()) = received(hangup.as_mut()) => (),
        }
        answer();
    }
}

/// Answers one signal.
fn answer() {
    let stopped = locked(&STOPPED);
    let Some(stopped) = stopped.as_ref() else {
        return;
    };
    if SIGNALLED.swap(true, Ordering::AcqRel) || stopped.stop.is_cancelled() {
        end(&stopped.services);
    }
    let (first, quiet) = (stopped.first, stopped.quiet);
    // Before the end that it announces, which waits for it: locked first, and then cancelled.
    let published = PUBLISHED.try_lock();
    stopped.stop.cancel();
    match published {
        Ok(events) => report_signal(events.as_ref(), first, quiet),
        // The sinks are ending: beside this thread, which a second signal has to reach.
        Err(_) => {
            spawn_blocking(move || report_signal(locked(&PUBLISHED).as_ref(), first, quiet));
        }
    }
}

fn report_signal(events: Option<&Publisher>, first: &str, quiet: bool) {
    if let Some(events) = events {
        events.warning(first);
    }
    if quiet || events.is_none() {
        progress(&format!("warning: {first}"));
    }
}

/// Ends the process when the services are down and no file is left half written.
fn end(services: &[CleanupSlot]) -> ! {
    live::restore();
    for one in services {
        one.abort.cancel();
    }
    services.iter().for_each(CleanupSlot::clear);
    store::abandon_writes();
    std::process::exit(i32::from(exit::INTERRUPTED));
}

/// The next signal of a listener; never, without one.
async fn received(listener: Option<&mut Signal>) -> Option<()> {
    match listener {
        Some(listener) => listener.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether this process was started with SIGHUP ignored, as `nohup` does.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        // SIGHUP is number 1, the lowest bit.
        .is_some_and(|mask| mask & 1 != 0)
}
