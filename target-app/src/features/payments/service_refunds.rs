//! Giving money back: the decision is a transaction, and the worker asks the provider for it until an
//! event says that it is done. So no refund is lost to a provider that is down.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{
        auth::Role,
        notifications::NotificationKind,
        payments::{PaymentStatus, PaymentView},
    },
    ids::{BookingId, PaymentId, UserId},
    problem::Code,
};
use sqlx::PgConnection;

use super::{
    model::{NO_SUCH_PAYMENT, Payment, PaymentFailure},
    repository,
    service::RETRIES,
};
use crate::{
    clock::Clock,
    db::{DbError, Isolation},
    engine::Engine,
    error::ApiError,
    features::{
        bookings,
        notifications::{Audience, Outgoing},
        sessions,
    },
    timing,
};

/// Gives the money of a payment back, and the place of its booking where the lesson has not begun.
/// For its student until then, for admins always; doing it again changes nothing.
pub(super) async fn refund(
    engine: Arc<Engine>,
    clock: Clock,
    person: UserId,
    role: Role,
    id: PaymentId,
) -> Result<PaymentView, ApiError> {
    timing::shielded(async move {
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change(Isolation::ReadCommitted, RETRIES, move |conn, touched| {
            let (notices, clock) = (notices.attempt(), clock.clone());
            async move {
                let decided = decide(conn, &clock, person, role, id).await?;
                let (payment, now) = (decided.payment, clock.now());
                if decided.is_cancelled {
                    sessions::on_cancelled(conn, payment.booking, now).await?;
                    let kind = NotificationKind::BookingCancelled;
                    let reader = Audience::OtherThan(person);
                    notices
                        .write(conn, kind, reader, &[payment.booking], now)
                        .await?;
                }
                touched.add(bookings::groups_of(conn, payment.booking).await?);
                Ok::<_, PaymentFailure>(payment)
            }
            .boxed()
        });
        let payment = work.await?;
        outgoing.push();
        Ok(payment.into())
    })
    .await
}

/// What was decided of a refund.
struct RefundDecision {
    /// The payment as it is now.
    payment: Payment,
    /// Whether its booking was cancelled with it.
    is_cancelled: bool,
}

/// The work of the transaction.
async fn decide(
    conn: &mut PgConnection,
    clock: &Clock,
    person: UserId,
    role: Role,
    id: PaymentId,
) -> Result<RefundDecision, PaymentFailure> {
    let seen = repository::find(conn, id).await?;
    let seen = seen.filter(|payment| role == Role::Admin || payment.student == person);
    let seen = seen.ok_or(NO_SUCH_PAYMENT)?;
    match seen.status {
        PaymentStatus::Refunding | PaymentStatus::Refunded => {
            return Ok(RefundDecision {
                payment: seen,
                is_cancelled: false,
            });
        }
        PaymentStatus::Captured => {}
        _ => {
            return Err(PaymentFailure::Refused(
                Code::PaymentNotOpen,
                "Nothing was taken for this payment that could be given back.",
            ));
        }
    }
    let is_cancelled = bookings::cancel_by_refund(conn, seen.booking, clock).await?;
    let payment = repository::lock(conn, id).await?.ok_or(NO_SUCH_PAYMENT)?;
    if payment.status != PaymentStatus::Captured {
        // Another request came first; it has cancelled the booking too.
        return Ok(RefundDecision {
            payment,
            is_cancelled,
        });
    }
    if !is_cancelled && role != Role::Admin {
        return Err(PaymentFailure::Refused(
            Code::BookingNotActive,
            "This lesson has begun or is over: ask the platform for a refund.",
        ));
    }
    repository::queue_refund(conn, id, clock.now()).await?;
    Ok(RefundDecision {
        payment: Payment {
            status: PaymentStatus::Refunding,
            ..payment
        },
        is_cancelled,
    })
}

/// The part of payments in the cancellation of a booking: what was paid goes back.
pub(super) async fn on_cancelled(
    conn: &mut PgConnection,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    match repository::lock_captured(conn, booking).await? {
        Some(payment) => repository::queue_refund(conn, payment, now).await,
        None => Ok(()),
    }
}
