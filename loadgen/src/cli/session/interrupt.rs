//! Ctrl-C: the first ends the load gracefully and the report is still written; the second ends
//! the process at once, after the services of an own stack are down.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{exit, live};
use loadgen_experiment::events::Publisher;

/// Something that has to be dropped before the process ends, whatever happens. The lock is held
/// while it is started and while it is dropped, so that the process cannot end in between.
#[derive(Debug)]
pub(in crate::cli) struct CleanupSlot<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for CleanupSlot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> CleanupSlot<T> {
    /// An empty slot.
    pub(in crate::cli) fn empty() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// The content, locked. A thread that panicked while holding the lock does not keep it.
    pub(in crate::cli) fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the content; waits if another thread is doing so. Blocks.
    pub(in crate::cli) fn clear(&self) {
        let mut content = self.lock();
        drop(content.take());
    }
}

/// Listens for SIGINT and SIGTERM on the running event loop. The first signal cancels `stop` and
/// publishes `first` as a warning; the second clears `services` and ends the process. Returns whether
/// a signal has come.
pub(in crate::cli) fn listen<T: Send + 'static>(
    first: &'static str,
    stop: CancellationToken,
    services: CleanupSlot<T>,
    events: Publisher,
) -> std::io::Result<Arc<AtomicBool>> {
    let signalled = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&signalled);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            seen.store(true, Ordering::Release);
            if stop.is_cancelled() {
                live::restore();
                let services = services.clone();
                // Stopping services blocks; the process ends when they are down.
                let _done = tokio::task::spawn_blocking(move || services.clear()).await;
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
            // Before the event, so that a slow listener cannot delay the end.
            stop.cancel();
            events.warning(first);
        }
    });
    Ok(signalled)
}
