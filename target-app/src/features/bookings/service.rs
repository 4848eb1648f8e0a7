//! The rules of booking and cancelling, and the one transaction that each of them is.
//!
//! Locks are taken in one order everywhere: student, idempotency key, slot, booking; of two slots the
//! one with the smaller id first. A serializable booking takes none of its own: PostgreSQL keeps those
//! that run beside each other apart. For the moment in which a profile is exchanged it is not kept
//! apart from a booking of the same student that began under the former profile. Whether the lesson has
//! begun is asked once more under all locks: it may have begun, and its participants may have been marked,
//! while one of them was waited for. What belongs to a change but not into its transaction (the conflict
//! log, the caches) happens right after it, shielded like it from a client that goes away.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{
        bookings::{BookingRequest, BookingStatus, BookingView},
        notifications::NotificationKind,
    },
    ids::{BookingId, MentorId, SlotId, UserId},
    paths,
    profile::Strategy,
    row_security::Person,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    cached,
    model::{
        BookingAttempt, BookingFailure, BookingFilter, BookingPrecheck, BookingRefusal,
        KeyedPrecheck, KeyedResponse, NewBooking,
    },
    repository, repository_precheck, reserve,
};
use crate::{
    clock::Clock,
    db::{DbError, Isolation, Retry},
    engine::Engine,
    error::ApiError,
    features::notifications::{Audience, Outgoing},
    idempotency::{self, GuardedOutcome, IdempotentRequest, RequestDigest},
    registry::OnCancelled,
    timing,
};

/// Times that a booking, cancellation or move is run again after it lost against another. Of those that
/// meet one always wins, so a loser gets through after as many as there are places to lose; what
/// is left over is for neighbours on a page, which a serializable transaction also loses against.
pub(super) const RETRIES: Retry = Retry::Serialization(12);
/// HTTP status of the response to a booking and to its repetitions.
const CREATED: i16 = 201;

impl From<BookingFailure> for ApiError {
    fn from(failure: BookingFailure) -> Self {
        match failure {
            BookingFailure::Refused(refusal) => Self::new(refusal.code(), refusal.to_string()),
            BookingFailure::Db(error) => error.into(),
        }
    }
}

/// Books a place; a repetition with the same key gets the first response.
pub(super) async fn create(
    engine: Arc<Engine>,
    clock: Clock,
    attempt: BookingAttempt,
) -> Result<BookingView, ApiError> {
    timing::shielded(async move {
        let now = clock.now();
        let strategy = engine.policies.bookings.strategy;
        let one_effect = engine.policies.bookings.idempotency.is_on();
        let request = attempt.key.as_ref().filter(|_| one_effect).map(|key| {
            let (user, key) = (attempt.student, key.clone());
            IdempotentRequest {
                user,
                key,
                digest: digest(&attempt),
                status: CREATED,
            }
        });
        let rule = engine.policies.bookings;
        let hold = rule
            .payment
            .is_required()
            .then(|| now + rule.hold.duration());
        let (isolation, asked) = (reserve::isolation(strategy), attempt.clone());
        let lock = (isolation == Isolation::ReadCommitted)
            .then(|| repository::student_lock(attempt.student));
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change_under(isolation, lock, RETRIES, move |conn, touched| {
            let (request, asked, notices) = (request.clone(), asked.clone(), notices.attempt());
            let clock = clock.clone();
            async move {
                let booked = book_once(conn, strategy, &clock, hold, &asked, request).await?;
                if let GuardedOutcome::New(booking) = &booked {
                    let kind = NotificationKind::BookingMade;
                    let reader = Audience::OtherThan(asked.student);
                    notices
                        .write(conn, kind, reader, &[booking.id], now)
                        .await?;
                }
                // Also where it is replayed: the process that committed may have ended before it
                // could invalidate.
                let (GuardedOutcome::New(booking) | GuardedOutcome::Replayed(booking)) = &booked;
                touched.add(cached::groups([(booking.student_id, booking.mentor_id)]));
                Ok::<_, BookingFailure>(booked)
            }
            .boxed()
        });
        match work.await {
            Ok(GuardedOutcome::New(booking)) => {
                outgoing.push();
                Ok(booking)
            }
            Ok(GuardedOutcome::Replayed(booking)) => Ok(booking),
            Err(failure) => {
                if let BookingFailure::Refused(refusal) = &failure
                    && refusal.is_conflict()
                {
                    log_conflict(&engine, attempt.slot, attempt.student, refusal).await;
                }
                Err(failure.into())
            }
        }
    })
    .await
}

/// The work of a booking's transaction, under the lock of the student where it takes one: the response that
/// the key of `request` has, or that of a booking that is made now.
async fn book_once(
    conn: &mut PgConnection,
    strategy: Strategy,
    clock: &Clock,
    hold: Option<DateTime<Utc>>,
    attempt: &BookingAttempt,
    request: Option<IdempotentRequest>,
) -> Result<GuardedOutcome<BookingView>, BookingFailure> {
    let seen = match &request {
        None => repository_precheck::precheck(conn, attempt.slot, attempt.student).await?,
        Some(request) => {
            match repository_precheck::claim_and_precheck(conn, attempt.slot, request).await? {
                KeyedPrecheck::Claimed(seen) => seen,
                KeyedPrecheck::Taken => {
                    let first = idempotency::replay(conn, request).await;
                    return first.map(GuardedOutcome::Replayed);
                }
            }
        }
    };
    let booking = book(conn, strategy, clock, hold, attempt, request, seen).await?;
    Ok(GuardedOutcome::New(booking))
}

/// Makes a booking, and saves the response under the key of `request` with it.
async fn book(
    conn: &mut PgConnection,
    strategy: Strategy,
    clock: &Clock,
    hold: Option<DateTime<Utc>>,
    attempt: &BookingAttempt,
    request: Option<IdempotentRequest>,
    seen: Option<BookingPrecheck>,
) -> Result<BookingView, BookingFailure> {
    let BookingPrecheck {
        slot,
        overlap,
        now: made_at,
    } = seen.ok_or(BookingRefusal::NoSuchSlot)?;
    if !slot.offered || slot.starts_at <= clock.now() {
        return Err(BookingRefusal::SlotClosed.into());
    }
    if let Some((from, to)) = overlap {
        return Err(BookingRefusal::StudentBusy { from, to }.into());
    }
    let mut booking = NewBooking {
        id: BookingId(Uuid::now_v7()),
        student: attempt.student,
        // Nothing is to be paid for a lesson that costs nothing.
        hold_expires_at: hold.filter(|_| slot.price_cents.0 > 0),
        slot,
        client_key: attempt.key.clone(),
        response: None,
    };
    let response = view(&booking, made_at);
    booking.response = request.map(|request| KeyedResponse {
        key: request.key,
        status: request.status,
        body: response.clone(),
    });
    let inserted_at = reserve::take(conn, strategy, &booking).await?;
    if booking.slot.starts_at <= clock.now() {
        return Err(BookingRefusal::SlotClosed.into());
    }
    debug_assert_eq!(inserted_at, made_at, "a transaction has one `now()`");
    Ok(response)
}

fn digest(attempt: &BookingAttempt) -> RequestDigest {
    let body = BookingRequest {
        slot_id: attempt.slot,
    };
    // Of the body's meaning, not of its spaces.
    let body = serde_json::to_vec(&body).expect("an id is always JSON");
    idempotency::digest("POST", paths::BOOKINGS, &body)
}

fn view(booking: &NewBooking, created_at: DateTime<Utc>) -> BookingView {
    BookingView {
        id: booking.id,
        slot_id: booking.slot.id,
        mentor_id: booking.slot.mentor_id,
        mentor_name: booking.slot.mentor_name.clone(),
        student_id: booking.student,
        status: BookingStatus::Confirmed,
        scheduled_at: booking.slot.starts_at,
        ends_at: booking.slot.ends_at,
        price_cents: booking.slot.price_cents,
        created_at,
        hold_expires_at: booking.hold_expires_at,
    }
}

/// Keeps the reason for support. A failure to keep it does not change the response.
pub(super) async fn log_conflict(
    engine: &Engine,
    slot: SlotId,
    student: UserId,
    refusal: &BookingRefusal,
) {
    let reason = refusal.code().as_str();
    let mut session = engine.db.session();
    let kept = session.write_for(Person::Student(student), move |conn| {
        repository::insert_conflict(conn, slot, student, reason).boxed()
    });
    if let Err(error) = kept.await {
        tracing::warn!(slot.id = %slot, reason, %error, "conflict was not logged");
    }
}

/// One page of a person's own bookings, as JSON: those of a student or of the lessons that a
/// mentor gives, whose profile it needs.
pub(super) async fn list(
    engine: Arc<Engine>,
    person: Person,
    profile: Option<MentorId>,
    filter: BookingFilter,
) -> Result<Bytes, ApiError> {
    match person {
        Person::Mentor(mentor) => cached::mentor_page(&engine, mentor, profile, filter).await,
        Person::Student(student) => cached::student_page(&engine, student, filter).await,
    }
}

/// One booking, for those who take part in it; to others it does not exist.
pub(super) async fn get(
    engine: &Engine,
    person: Person,
    id: BookingId,
) -> Result<BookingView, ApiError> {
    let mut session = engine.db.session();
    let found = session.run_for(person, move |conn| {
        repository::find_for(conn, id, person.id()).boxed()
    });
    found
        .await?
        .ok_or_else(|| BookingFailure::from(BookingRefusal::NoSuchBooking).into())
}

/// Gives a place back; for the student and for the mentor, before the lesson begins.
pub(super) async fn cancel(
    engine: Arc<Engine>,
    others: Vec<OnCancelled>,
    clock: Clock,
    person: UserId,
    id: BookingId,
) -> Result<BookingView, ApiError> {
    timing::shielded(async move {
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change(Isolation::ReadCommitted, RETRIES, move |conn, touched| {
            let (others, notices, clock) = (others.clone(), notices.attempt(), clock.clone());
            async move {
                let booking = give_back(conn, &clock, person, id).await?;
                let now = clock.now();
                for on_cancelled in others {
                    on_cancelled(conn, id, now).await?;
                }
                let kind = NotificationKind::BookingCancelled;
                let reader = Audience::OtherThan(person);
                notices.write(conn, kind, reader, &[id], now).await?;
                touched.add(cached::groups([(booking.student_id, booking.mentor_id)]));
                Ok::<_, BookingFailure>(booking)
            }
            .boxed()
        });
        let booking = work.await?;
        outgoing.push();
        Ok(booking)
    })
    .await
}

/// The work of a cancellation's transaction.
async fn give_back(
    conn: &mut PgConnection,
    clock: &Clock,
    person: UserId,
    id: BookingId,
) -> Result<BookingView, BookingFailure> {
    // The slot before the booking, as in booking it: the other way round two of them deadlock.
    let seen = repository::find_and_lock_slot(conn, id, person)
        .await?
        .ok_or(BookingRefusal::NoSuchBooking)?;
    let cancelled = repository::cancel(conn, id, seen.slot_id, clock.now()).await?;
    let Some((scheduled_at, ends_at)) = cancelled else {
        // Another request may have come first since we looked.
        let found = repository::find_for(conn, id, person)
            .await?
            .ok_or(BookingRefusal::NoSuchBooking)?;
        if found.slot_id != seen.slot_id {
            // The lock of its slot comes before its own, so it is begun again.
            return Err(DbError::stale_read().into());
        }
        return Err(not_active(&found).into());
    };
    if scheduled_at <= clock.now() {
        return Err(BookingRefusal::Begun.into());
    }
    Ok(BookingView {
        status: BookingStatus::Cancelled,
        // Those of now: the slot may have been moved while its lock was waited for.
        scheduled_at,
        ends_at,
        hold_expires_at: None,
        ..seen
    })
}

fn not_active(booking: &BookingView) -> BookingRefusal {
    match booking.status {
        BookingStatus::Cancelled => BookingRefusal::Cancelled,
        BookingStatus::Confirmed | BookingStatus::Completed => BookingRefusal::Begun,
    }
}

#[cfg(test)]
mod tests {
    use shared::money::Cents;

    use super::{super::model::BookableSlot, *};

    fn attempt(slot: u128) -> BookingAttempt {
        BookingAttempt {
            student: UserId(Uuid::from_u128(1)),
            slot: SlotId(Uuid::from_u128(slot)),
            key: None,
        }
    }

    fn booked() -> BookingView {
        let at = DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap();
        let slot = BookableSlot {
            id: SlotId(Uuid::from_u128(2)),
            mentor_id: MentorId(Uuid::from_u128(3)),
            mentor_name: "Ada Stone".to_owned(),
            offered: true,
            starts_at: at,
            ends_at: at + chrono::TimeDelta::hours(1),
            capacity: 1,
            price_cents: Cents(4_500),
        };
        let booking = NewBooking {
            id: BookingId(Uuid::from_u128(4)),
            student: UserId(Uuid::from_u128(1)),
            slot,
            client_key: None,
            hold_expires_at: None,
            response: None,
        };
        view(&booking, at)
    }

    #[test]
    fn the_digest_follows_the_slot_and_not_the_person_or_key() {
        let keyed = BookingAttempt {
            key: Some("k".to_owned()),
            ..attempt(7)
        };
        assert_eq!(digest(&attempt(7)), digest(&keyed));
        assert_ne!(digest(&attempt(7)), digest(&attempt(8)));
    }

    #[test]
    fn a_stored_response_is_replayed_to_the_byte() {
        let first = booked();
        let stored = serde_json::to_value(&first).unwrap();
        let again: BookingView = serde_json::from_value(stored).unwrap();
        assert_eq!(
            serde_json::to_string(&again).unwrap(),
            serde_json::to_string(&first).unwrap()
        );
    }

    #[test]
    fn a_second_cancellation_differs_from_one_that_comes_too_late() {
        let confirmed = booked();
        let cancelled = BookingView {
            status: BookingStatus::Cancelled,
            ..booked()
        };
        assert_eq!(not_active(&confirmed), BookingRefusal::Begun);
        assert_eq!(not_active(&cancelled), BookingRefusal::Cancelled);
    }
}
