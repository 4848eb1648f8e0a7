//! The worker: ends sessions that are still live when their time is over.
//!
//! Instances that share a database do it together: each passes over the rows that another one has locked.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{service, signals::SignalHub};
use crate::state::AppState;

/// Time between two rounds: short against a lesson, long enough that a trial hardly sees it.
const INTERVAL: Duration = Duration::from_secs(30);

/// Works every interval until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    while stop
        .run_until_cancelled(tokio::time::sleep(INTERVAL))
        .await
        .is_some()
    {
        stop.run_until_cancelled(round(&state)).await;
    }
}

async fn round(state: &AppState) {
    loop {
        // Taken for each batch: an engine that is being replaced must not wait for the worker.
        let Ok(engine) = state.admit() else { return };
        let ended = service::end_expired(engine, state.clock().now()).await;
        match ended {
            Ok(ended) => {
                for session in &ended {
                    state.part::<SignalHub>().end(*session);
                }
                if ended.len() < service::ENDED_AT_ONCE {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "expired sessions were not ended");
                return;
            }
        }
    }
}
