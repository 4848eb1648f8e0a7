//! The worker that keeps tables bounded that requests only add to.
//!
//! Its first round is one interval after the start. Experiments restart the process before each
//! trial, so a trial shorter than the interval, an hour by default, is measured without a purge.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{db, state::AppState};

/// Pause between two batches, so that a purge never competes much with requests.
const PAUSE: Duration = Duration::from_millis(50);

/// Purges every interval until `stop`. Instances that share a database purge it together: each
/// passes over the rows that another one has locked.
pub(crate) async fn run(state: AppState, interval: Duration, stop: CancellationToken) {
    while stop
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        stop.run_until_cancelled(round(&state)).await;
    }
}

async fn round(state: &AppState) {
    for table in &state.features().purges {
        loop {
            // Taken for each batch: an engine that is being replaced must not wait for a purge.
            let Ok(engine) = state.admit() else { return };
            let more = db::purge(engine.db.pool(), table, state.clock().now()).await;
            drop(engine);
            match more {
                Ok(true) => tokio::time::sleep(PAUSE).await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(table = table.table, %error, "a table was not purged");
                    break;
                }
            }
        }
    }
}
