//! Events of the provider: each has its effect once, whenever and however often it comes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{
        notifications::NotificationKind,
        payments::{EventOutcome, PaymentEvent, PaymentEventKind},
    },
    ids::UserId,
};
use sqlx::PgConnection;

use super::{
    model::{self, NO_SUCH_PAYMENT, PaymentFailure},
    repository,
    service::RETRIES,
};
use crate::{
    db::Isolation,
    engine::Engine,
    error::ApiError,
    features::{
        bookings,
        notifications::{Audience, Outgoing},
    },
    metrics, timing,
};

/// Applies an event.
pub(super) async fn receive(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    event: PaymentEvent,
) -> Result<EventOutcome, ApiError> {
    timing::shielded(async move {
        let kind = event.kind.as_str();
        let is_capture = event.kind == PaymentEventKind::Captured;
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change(Isolation::ReadCommitted, RETRIES, move |conn, touched| {
            let (event, notices) = (event.clone(), notices.attempt());
            async move {
                let (outcome, student) = apply(conn, now, &event, &notices).await?;
                // Only a capture changes bookings. Also where it came before: the process that
                // applied it may have ended before it could invalidate.
                if is_capture && outcome != EventOutcome::Mismatch {
                    touched.add([bookings::student_pages(student)]);
                }
                Ok::<_, PaymentFailure>(outcome)
            }
            .boxed()
        });
        let outcome = work.await?;
        outgoing.push();
        metrics::payment_event(kind, outcome.as_str());
        Ok(outcome)
    })
    .await
}

/// The work of the transaction: what the event did, and whose payment it is.
async fn apply(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    event: &PaymentEvent,
    notices: &Outgoing,
) -> Result<(EventOutcome, UserId), PaymentFailure> {
    let id = event.payment_id;
    let seen = repository::find(conn, id).await?.ok_or(NO_SUCH_PAYMENT)?;
    let booking = bookings::lock_payable(conn, seen.booking).await?;
    let booking = booking.ok_or(NO_SUCH_PAYMENT)?;
    let payment = repository::lock(conn, id).await?.ok_or(NO_SUCH_PAYMENT)?;
    let effect = model::effect(&payment, &booking, event);
    let is_new = if effect.outcome == EventOutcome::Applied {
        let settled_at = effect.settles.then_some(now);
        repository::apply_event(conn, event, effect.status, settled_at, now).await?
    } else {
        repository::insert_event(conn, event, effect.outcome, now).await?
    };
    if !is_new {
        return Ok((EventOutcome::Duplicate, payment.student));
    }
    if effect.settles {
        bookings::end_hold(conn, payment.booking).await?;
        let (kind, reader) = (NotificationKind::BookingPaid, Audience::Student);
        notices
            .write(conn, kind, reader, &[payment.booking], now)
            .await?;
    }
    Ok((effect.outcome, payment.student))
}
