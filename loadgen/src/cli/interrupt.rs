//! Ctrl-C: the first ends the load gracefully and the report is still written; the second ends
//! the process at once, after the services of an own stack are down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{events::Publisher, exit, live};

/// What has to be taken down whatever happens. The lock is held while it is started and while
/// it is taken down, so that nobody ends the process in between.
pub(super) type Held<T> = Arc<Mutex<Option<T>>>;

/// Something to hold.
pub(super) fn held<T>() -> Held<T> {
    Arc::new(Mutex::new(None))
}

/// The lock; a thread that panicked while holding it does not keep it.
pub(super) fn lock<T>(held: &Held<T>) -> MutexGuard<'_, Option<T>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes down what is held; waits where another thread is at it. Blocks.
pub(super) fn release<T>(held: &Held<T>) {
    let mut held = lock(held);
    drop(held.take());
}

/// Listens for SIGINT and SIGTERM on the running event loop. Takes `services` down before a
/// second signal ends the process. `first` tells what a first one does.
pub(super) fn listen<T: Send + 'static>(
    first: &'static str,
    stop: CancellationToken,
    services: Held<T>,
    events: Publisher,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if stop.is_cancelled() {
                live::restore();
                let services = Arc::clone(&services);
                // Stopping services blocks; the process ends when they are down.
                let _gone = tokio::task::spawn_blocking(move || release(&services)).await;
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
            // First, so that no listener can hold the end back.
            stop.cancel();
            events.warning(first);
        }
    });
    Ok(())
}
