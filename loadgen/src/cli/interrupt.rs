//! Ctrl-C: the first ends the load gracefully and the report is still written; the second ends
//! the process at once, after the services of an own stack are down.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, Ordering},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{events::Publisher, exit};

/// What has to be taken down whatever happens.
pub(super) type Held<T> = Arc<Mutex<Option<T>>>;

/// Something to hold.
pub(super) fn held<T>() -> Held<T> {
    Arc::new(Mutex::new(None))
}

/// Takes what is held, for good; a thread that panicked while holding it does not keep it.
pub(super) fn take<T>(held: &Held<T>) -> Option<T> {
    held.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take()
}

/// Puts something to be held.
pub(super) fn put<T>(held: &Held<T>, value: T) {
    *held
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(value);
}

/// Listens for SIGINT and SIGTERM on the running event loop. Takes `services` down before a
/// second signal ends the process.
pub(super) fn listen<T: Send + 'static>(
    stop: CancellationToken,
    services: Held<T>,
    events: Publisher,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let count = AtomicU8::new(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                events.warning(
                    "stopping: the report of what was measured follows; once more to stop at once",
                );
                stop.cancel();
            } else {
                let services = Arc::clone(&services);
                // Stopping services blocks; the process ends when they are down.
                let _gone = tokio::task::spawn_blocking(move || drop(take(&services))).await;
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
        }
    });
    Ok(())
}
