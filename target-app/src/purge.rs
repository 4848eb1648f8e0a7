//! The worker that keeps tables bounded that requests only add to, and removes uploaded files that no
//! row refers to.
//!
//! Its first round is one interval after the start. Experiments restart the process before each
//! trial, so a trial shorter than the interval, an hour by default, is measured without a purge.

use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::{config::Retention, db, state::AppState};

/// Pause between two batches, so that a purge never competes much with requests.
const PAUSE: Duration = Duration::from_millis(50);

/// Purges every interval until `stop`. Instances that share a database purge it together: each
/// passes over the rows that another one has locked.
pub(crate) async fn run(
    state: AppState,
    interval: Duration,
    retention: Retention,
    stop: CancellationToken,
) {
    while stop
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        stop.run_until_cancelled(round(&state, &retention)).await;
    }
}

/// Age from which a file without a row is one that a crash or a reset left: long against an upload.
const ORPHAN_AGE: TimeDelta = TimeDelta::hours(1);

async fn round(state: &AppState, retention: &Retention) {
    purge(state, retention).await;
    sweep(state).await;
}

async fn sweep(state: &AppState) {
    let before = SystemTime::from(state.clock().now() - ORPHAN_AGE);
    for sweep in &state.features().sweeps {
        match sweep(state.engines(), state.upload_dir(), before).await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "uploaded files without a row were removed"),
            Err(error) => tracing::warn!(detail = error.detail(), "uploaded files were not swept"),
        }
    }
}

async fn purge(state: &AppState, retention: &Retention) {
    for table in &state.features().purges {
        let kept = (table.kept)(retention);
        loop {
            // Taken for each batch: an engine that is being replaced must not wait for a purge.
            let Ok(engine) = state.admit() else { return };
            let more = db::purge(&engine.db, table, state.clock().now() - kept).await;
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
