//! Ctrl-C: the first ends the load gracefully and the report is still written; the second ends
//! the process at once, after the services of an own stack are down.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{exit, live};
use loadgen_experiment::events::Publisher;

/// Something that has to be dropped before the process ends, whatever happens. The lock is held
/// while it is started and while it is dropped, so that the process cannot end in between.
#[derive(Debug)]
pub(in crate::cli) struct CleanupSlot<T> {
    content: Arc<Mutex<Option<T>>>,
    abort: CancellationToken,
}

impl<T> Clone for CleanupSlot<T> {
    fn clone(&self) -> Self {
        Self {
            content: Arc::clone(&self.content),
            abort: self.abort.clone(),
        }
    }
}

impl<T> CleanupSlot<T> {
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
    pub(in crate::cli) fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the content; waits if another thread is doing so. Blocks.
    pub(in crate::cli) fn clear(&self) {
        let mut content = self.lock();
        drop(content.take());
    }
}

/// Listens for SIGINT, SIGTERM and SIGHUP on the running event loop; under `nohup`, which ignores
/// SIGHUP, a lost terminal does not end the command. The first signal cancels `stop` and
/// publishes `first` as a warning; the second clears `services` and ends the process. Returns whether
/// a signal has come.
pub(in crate::cli) fn listen<T: Send + 'static>(
    first: &'static str,
    stop: CancellationToken,
    services: Vec<CleanupSlot<T>>,
    events: Publisher,
) -> std::io::Result<Arc<AtomicBool>> {
    let signalled = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&signalled);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = (!hangup_is_ignored())
        .then(|| signal(SignalKind::hangup()))
        .transpose()?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
                Some(()) = received(hangup.as_mut()) => (),
            }
            seen.store(true, Ordering::Release);
            if stop.is_cancelled() {
                live::restore();
                for one in &services {
                    one.abort.cancel();
                }
                // Stopping services blocks; the process ends when they are down.
                let _done = tokio::task::spawn_blocking(move || {
                    services.iter().for_each(CleanupSlot::clear);
                })
                .await;
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
            // Before the event, so that a slow listener cannot delay the end.
            stop.cancel();
            events.warning(first);
        }
    });
    Ok(signalled)
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
