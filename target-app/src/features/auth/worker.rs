//! The worker: ends the sockets of accounts that are not active any more.
//!
//! A request looks its account up; a socket's account was looked up when it opened. Each instance looks for
//! the accounts that have sockets here, many in one statement, and sends none while there are no sockets.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::service;
use crate::state::AppState;

/// Time between two rounds. With a round and a closing handshake it is less than the ten seconds that the API
/// promises, as long as PostgreSQL answers.
const INTERVAL: Duration = Duration::from_secs(5);
/// Accounts that one statement asks for.
const ASKED_AT_ONCE: usize = 1_000;

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
    for accounts in state.sockets().accounts().chunks(ASKED_AT_ONCE) {
        // Taken for each batch: an engine that is being replaced must not wait for the worker.
        let Ok(engine) = state.admit() else { return };
        match service::inactive(&engine, accounts).await {
            Ok(inactive) => {
                for account in inactive {
                    tracing::info!(user.id = %account, "the sockets of an inactive account are closed");
                    state.sockets().revoke(account);
                }
            }
            // The next round looks again.
            Err(error) => {
                tracing::warn!(%error, "the accounts of open sockets were not looked up");
                return;
            }
        }
    }
}
