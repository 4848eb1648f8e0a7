//! Stopping: one token that says so, one tracker that knows who is still at work.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests and sockets may take to end after the word to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// The end of the process; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// Cancelled when the process is to end.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Tasks that the end waits for.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Says that the process is to end.
    pub fn stop(&self) {
        self.token.cancel();
    }

    /// Waits for all tracked tasks to end.
    pub async fn finish(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Says so at the first SIGTERM or SIGINT; a second one ends the process at once.
    pub fn listen(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let token = self.token.clone();
        // Not tracked: it waits for a second signal until the process is gone.
        tokio::spawn(async move {
            for time in 0.. {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if time > 0 {
                    tracing::warn!("stopped by a second signal");
                    std::process::exit(130);
                }
                tracing::info!("stopping: a signal came");
                token.cancel();
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_tracked_tasks() {
        let shutdown = Shutdown::default();
        let token = shutdown.token().clone();
        shutdown
            .tracker()
            .spawn(async move { token.cancelled().await });
        let early = tokio::time::timeout(Duration::from_millis(5), shutdown.finish()).await;
        assert!(early.is_err());
        shutdown.stop();
        shutdown.finish().await;
    }
}
