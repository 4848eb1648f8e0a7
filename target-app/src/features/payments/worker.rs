//! The worker: releases holds that expired, and asks the provider for refunds that are due.
//!
//! Instances that share a database do both together: each passes over the rows that another one has
//! locked.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{PaymentServices, repository};
use crate::{db::DbError, features::bookings, metrics, provider::ProviderCall, state::AppState};

/// Refunds that one round asks for.
const REFUNDS_AT_ONCE: i64 = 20;
/// Time between two rounds where bookings need no payment: there may be some of before the switch
/// was turned, and a trial is to be measured without this worker. An audit takes a hold for left behind
/// when it is 30 seconds past its end.
const IDLE: Duration = Duration::from_secs(20);

/// Works every interval until `stop`. Holds have rounds of their own: a provider that is slow to take
/// refunds is not to keep places that nobody has paid.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    tokio::join!(release_holds(&state, &stop), give_back(&state, &stop));
}

async fn release_holds(state: &AppState, stop: &CancellationToken) {
    let mut last = Instant::now();
    while is_due(state, stop, &mut last).await {
        if let Some(Err(error)) = stop.run_until_cancelled(release(state)).await {
            tracing::warn!(%error, "expired holds were not released");
        }
    }
}

async fn give_back(state: &AppState, stop: &CancellationToken) {
    let mut last = Instant::now();
    while is_due(state, stop, &mut last).await {
        if let Some(Err(error)) = stop.run_until_cancelled(refund(state)).await {
            tracing::warn!(%error, "refunds were not asked for");
        }
    }
}

/// Waits for the next round after the one that began at `last`; `false` at the end of the process.
async fn is_due(state: &AppState, stop: &CancellationToken, last: &mut Instant) -> bool {
    let interval = state.part::<PaymentServices>().interval;
    loop {
        let pause = tokio::time::sleep(interval);
        if stop.run_until_cancelled(pause).await.is_none() {
            return false;
        }
        let is_required = state.engine().policies.bookings.payment.is_required();
        if is_required || last.elapsed() >= IDLE {
            *last = Instant::now();
            return true;
        }
    }
}

async fn release(state: &AppState) -> Result<(), DbError> {
    loop {
        // Taken for each batch: an engine that is being replaced must not wait for the worker.
        let Ok(engine) = state.admit() else {
            return Ok(());
        };
        let released = bookings::release_expired(engine, state.clock().now()).await?;
        metrics::holds_released(released);
        if released < bookings::RELEASED_AT_ONCE {
            return Ok(());
        }
    }
}

async fn refund(state: &AppState) -> Result<(), DbError> {
    let due = {
        let Ok(engine) = state.admit() else {
            return Ok(());
        };
        let mut session = engine.db.session();
        let mut conn = session.write().await?;
        let due =
            repository::claim_refunds(&mut conn, state.clock().now(), REFUNDS_AT_ONCE).await?;
        conn.commit().await?;
        due
    };
    for payment in due {
        let order = payment.order(ProviderCall::Refund);
        // The event that confirms it takes it off the queue; until then it is asked for again.
        if let Err(error) = state.part::<PaymentServices>().provider.call(&order).await {
            tracing::warn!(payment.id = %payment.id, %error, "a refund was not accepted");
        }
    }
    Ok(())
}
