//! The rules of paying: whose booking, how much, and once.
//!
//! Locks are taken in the order of bookings: idempotency key, slot, booking, payment.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{
        auth::Role,
        payments::{PaymentRequest, PaymentStatus, PaymentView},
    },
    ids::{BookingId, PaymentId, UserId},
    page::Page,
    paths,
    problem::Code,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::{NO_SUCH_PAYMENT, NOT_DUE, Payment, PaymentAttempt, PaymentFailure, PaymentIntent},
    repository,
};
use crate::{
    db::{self, Retry},
    engine::Engine,
    error::ApiError,
    features::bookings,
    idempotency::{self, GuardedOutcome, IdempotentRequest},
    paging::PageNumber,
    provider::{Provider, ProviderCall},
    timing,
};

/// Times that a transaction is run again after it lost against another.
pub(super) const RETRIES: Retry = Retry::Serialization(8);
/// HTTP status of the response to a payment and to its repetitions.
const CREATED: i16 = 201;

/// Makes the payment of a held booking, or returns the one that is being made; a repetition with the
/// same key gets the first response.
pub(super) async fn intent(
    engine: Arc<Engine>,
    provider: Provider,
    now: DateTime<Utc>,
    attempt: PaymentAttempt,
) -> Result<PaymentView, ApiError> {
    timing::shielded(async move {
        let request = attempt.key.clone().map(|key| IdempotentRequest {
            user: attempt.student,
            key,
            digest: digest(&attempt),
            status: CREATED,
        });
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            let (request, asked) = (request.clone(), attempt.clone());
            async move {
                idempotency::guarded(conn, request.as_ref(), move |conn| {
                    async move { begin(conn, now, &asked).await }.boxed()
                })
                .await
            }
            .boxed()
        });
        let (GuardedOutcome::New(intent) | GuardedOutcome::Replayed(intent)) = work.await?;
        let PaymentIntent { view, payment } = intent;
        let payment = match payment {
            Some(payment) => payment,
            None => find(&engine, view.id).await?.ok_or(NO_SUCH_PAYMENT)?,
        };
        // The row is there before the provider knows of it: no event can come for none.
        announced(&engine, &provider, payment).await?;
        Ok(view)
    })
    .await
}

/// The work of the transaction.
async fn begin(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    attempt: &PaymentAttempt,
) -> Result<PaymentIntent, PaymentFailure> {
    let booking = bookings::lock_payable(conn, attempt.booking).await?;
    let booking = booking.filter(|booking| booking.student == attempt.student);
    let booking = booking.ok_or(PaymentFailure::Refused(
        Code::NotFound,
        "You have no booking with this id.",
    ))?;
    refuse_unless_held(&booking, now)?;
    let id = PaymentId(Uuid::now_v7());
    let (student, amount) = (attempt.student, booking.price);
    let inserted =
        repository::insert_unless_live(conn, id, attempt.booking, student, amount).await?;
    let payment = match inserted {
        Some(created_at) => Payment {
            id,
            booking: attempt.booking,
            student,
            amount,
            status: PaymentStatus::Created,
            captured: shared::money::Cents(0),
            refunded: shared::money::Cents(0),
            reference: None,
            created_at,
        },
        None => repository::find_open(conn, attempt.booking)
            .await?
            .ok_or(NOT_DUE)?,
    };
    Ok(payment.into())
}

fn refuse_unless_held(
    booking: &bookings::PayableBooking,
    now: DateTime<Utc>,
) -> Result<(), PaymentFailure> {
    if !booking.is_active {
        return Err(PaymentFailure::Refused(
            Code::BookingNotActive,
            "This booking was cancelled, or was not paid in time. Please book again.",
        ));
    }
    match booking.hold_expires_at {
        None => Err(NOT_DUE),
        Some(expires_at) if expires_at <= now => Err(PaymentFailure::Refused(
            Code::BookingNotActive,
            "This booking was not paid in time. Please book again.",
        )),
        Some(_) => Ok(()),
    }
}

/// A payment that the provider knows: announced now where it was not yet.
async fn announced(
    engine: &Engine,
    provider: &Provider,
    mut payment: Payment,
) -> Result<Payment, ApiError> {
    if payment.reference.is_none() {
        let reply = provider.call(&payment.order(ProviderCall::Create)).await?;
        let mut session = engine.db.session();
        let mut conn = session.write().await?;
        repository::set_reference(&mut conn, payment.id, &reply.reference).await?;
        conn.commit().await?;
        payment.reference = Some(reply.reference);
    }
    Ok(payment)
}

async fn find(engine: &Engine, id: PaymentId) -> Result<Option<Payment>, ApiError> {
    // The connection goes back before anybody else is asked.
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    Ok(repository::find(&mut conn, id).await?)
}

/// A booking once those who were changing it have ended. Its lock is waited for and not kept: the
/// provider must not be waited for under it.
async fn settled_booking(
    engine: &Engine,
    booking: BookingId,
) -> Result<Option<bookings::PayableBooking>, ApiError> {
    let mut session = engine.db.session();
    let mut conn = session.write().await?;
    let found = bookings::lock_payable(&mut conn, booking).await?;
    conn.commit().await?;
    Ok(found)
}

/// Has the money taken. The outcome comes by event; doing it again changes nothing.
pub(super) async fn confirm(
    engine: Arc<Engine>,
    provider: Provider,
    now: DateTime<Utc>,
    student: UserId,
    id: PaymentId,
) -> Result<PaymentView, ApiError> {
    timing::shielded(async move {
        let seen = find(&engine, id).await?;
        let seen = seen.filter(|payment| payment.student == student);
        let seen = seen.ok_or(NO_SUCH_PAYMENT)?;
        match seen.status {
            PaymentStatus::Created | PaymentStatus::Processing => {}
            PaymentStatus::Captured => return Ok(seen.into()),
            PaymentStatus::Failed | PaymentStatus::Refunding | PaymentStatus::Refunded => {
                return Err(ApiError::new(
                    Code::PaymentNotOpen,
                    "this payment has failed or was refunded; make another one",
                ));
            }
        }
        let booking = settled_booking(&engine, seen.booking).await?;
        match refuse_unless_held(&booking.ok_or(NO_SUCH_PAYMENT)?, now) {
            // Captured since we looked.
            Err(PaymentFailure::Refused(Code::PaymentNotDue, _)) => {
                let payment = find(&engine, id).await?.ok_or(NO_SUCH_PAYMENT)?;
                return Ok(payment.into());
            }
            outcome => outcome?,
        }
        // What the provider is told does not change once it has given the payment a name.
        let payment = announced(&engine, &provider, seen).await?;
        provider.call(&payment.order(ProviderCall::Confirm)).await?;
        let moved = {
            let mut session = engine.db.session();
            let mut conn = session.write().await?;
            let moved = repository::set_processing(&mut conn, id).await?;
            conn.commit().await?;
            moved
        };
        let payment = match moved {
            Some(payment) => payment,
            // An event was faster.
            None => find(&engine, id).await?.ok_or(NO_SUCH_PAYMENT)?,
        };
        Ok(payment.into())
    })
    .await
}

/// One payment, for its student and for admins; to others it does not exist.
pub(super) async fn get(
    engine: &Engine,
    person: UserId,
    role: Role,
    id: PaymentId,
) -> Result<PaymentView, ApiError> {
    let payment = find(engine, id).await?;
    let payment = payment.filter(|payment| role == Role::Admin || payment.student == person);
    Ok(payment.ok_or(NO_SUCH_PAYMENT)?.into())
}

/// A page of one's payments, newest first.
pub(super) async fn mine(
    engine: &Engine,
    student: UserId,
    part: PageNumber,
) -> Result<Page<PaymentView>, ApiError> {
    let mut session = engine.db.reader();
    let found = repository::of_student(&mut *session.conn().await?, student, part).await?;
    let total = repository::count_of_student(&mut *session.conn().await?, student).await?;
    let items = found.into_iter().map(PaymentView::from).collect();
    Ok(part.with(items, total))
}

fn digest(attempt: &PaymentAttempt) -> idempotency::RequestDigest {
    let body = PaymentRequest {
        booking_id: attempt.booking,
    };
    // Of the body's meaning, not of its spaces.
    let body = serde_json::to_vec(&body).expect("an id is always JSON");
    idempotency::digest("POST", paths::PAYMENT_INTENTS, &body)
}
