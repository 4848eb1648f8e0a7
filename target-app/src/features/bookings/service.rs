//! The rules of booking and cancelling, and the one transaction that each of them is.
//!
//! Locks are taken in one order everywhere: idempotency key, student, slot, booking. A serializable
//! booking takes none of its own: PostgreSQL keeps those that run beside each other apart. For the
//! moment in which a profile is exchanged it is not kept apart from a booking of the same student
//! that began under the former profile. What belongs
//! to a change but not into its transaction (the conflict log, the caches) happens right after
//! it, shielded like it from a client that goes away.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{
        auth::Role,
        bookings::{BookingQuery, BookingRequest, BookingStatus, BookingView},
    },
    ids::{BookingId, UserId},
    page::Page,
    paths,
    profile::Strategy,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    idempotency::{self, RequestDigest},
    model::{Failure, Filter, NewBooking, Order, Owner, Refusal},
    repository, reserve,
};
use crate::{
    cache::{Key, keys},
    db::{self, Isolation, Retry, Session},
    engine::Engine,
    error::ApiError,
    http::AuthUser,
    timing,
};

/// Times that a booking or cancellation is run again after it lost against another. Of those that
/// meet one always wins, so a loser gets through after as many as there are places to lose; what
/// is left over is for neighbours on a page, which a serializable transaction also loses against.
const RETRIES: Retry = Retry::Serialization(12);
/// Status that a booking is answered with, and that its repetitions are answered with.
const CREATED: i16 = 201;

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::new(refusal.code(), refusal.to_string()),
            Failure::Db(error) => error.into(),
        }
    }
}

/// Books a place; a repetition with the same key gets the first answer.
pub(super) async fn create(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    order: Order,
) -> Result<BookingView, ApiError> {
    timing::shielded(async move {
        let rules = Rules {
            strategy: engine.policies.bookings.strategy,
            idempotent: engine.policies.bookings.idempotency.is_on(),
            now,
        };
        let (isolation, asked) = (reserve::isolation(rules.strategy), order.clone());
        let work = db::transaction_at(&engine.db, isolation, RETRIES, move |conn| {
            let asked = asked.clone();
            async move { place(conn, rules, &asked).await }.boxed()
        });
        match work.await {
            Ok(Placed::Now(booking)) => {
                let groups = [keys::student(booking.student_id)];
                engine.caches.invalidate(&groups).await;
                Ok(booking)
            }
            Ok(Placed::Before(booking)) => Ok(booking),
            Err(failure) => {
                if let Failure::Refused(refusal) = &failure
                    && refusal.is_conflict()
                {
                    log_conflict(&engine, &order, refusal).await;
                }
                Err(failure.into())
            }
        }
    })
    .await
}

/// What came of an order.
enum Placed {
    /// The booking was made.
    Now(BookingView),
    /// It was made by an earlier request with the same key.
    Before(BookingView),
}

/// What an order is dealt with by.
#[derive(Clone, Copy)]
struct Rules {
    strategy: Strategy,
    /// Whether a key has one effect; if not, it is only kept.
    idempotent: bool,
    now: DateTime<Utc>,
}

/// The work of a booking's transaction.
async fn place(conn: &mut PgConnection, rules: Rules, order: &Order) -> Result<Placed, Failure> {
    let claimed = order.key.as_deref().filter(|_| rules.idempotent);
    if let Some(key) = claimed
        && let Some(booking) = claim(conn, order, key).await?
    {
        return Ok(Placed::Before(booking));
    }
    if reserve::isolation(rules.strategy) == Isolation::ReadCommitted {
        repository::lock_student(conn, order.student).await?;
    }
    let slot = repository::find_slot(conn, order.slot)
        .await?
        .ok_or(Refusal::NoSuchSlot)?;
    if !slot.offered || slot.starts_at <= rules.now {
        return Err(Refusal::SlotClosed.into());
    }
    let (from, to) = (slot.starts_at, slot.ends_at);
    if let Some((from, to)) = repository::find_overlap(conn, order.student, from, to).await? {
        return Err(Refusal::StudentBusy { from, to }.into());
    }
    let booking = NewBooking {
        id: BookingId(Uuid::now_v7()),
        student: order.student,
        slot,
        client_key: order.key.clone(),
    };
    let made_at = reserve::take(conn, rules.strategy, &booking).await?;
    let view = view(booking, made_at);
    if let Some(key) = claimed {
        idempotency::save(conn, order.student, key, CREATED, &view).await?;
    }
    Ok(Placed::Now(view))
}

/// Claims a key, or finds the answer that it has.
async fn claim(
    conn: &mut PgConnection,
    order: &Order,
    key: &str,
) -> Result<Option<BookingView>, Failure> {
    let digest = digest(order);
    if idempotency::claim(conn, order.student, key, &digest).await? {
        return Ok(None);
    }
    let stored = idempotency::find(conn, order.student, key)
        .await?
        .ok_or(Refusal::Contention)?;
    if stored.digest != digest {
        return Err(Refusal::KeyReused.into());
    }
    Ok(Some(stored.booking))
}

fn digest(order: &Order) -> RequestDigest {
    let body = BookingRequest {
        slot_id: order.slot,
    };
    // Of the body's meaning, not of its spaces.
    let body = serde_json::to_vec(&body).expect("an id is always JSON");
    idempotency::digest("POST", paths::BOOKINGS, &body)
}

fn view(booking: NewBooking, created_at: DateTime<Utc>) -> BookingView {
    BookingView {
        id: booking.id,
        slot_id: booking.slot.id,
        mentor_id: booking.slot.mentor_id,
        mentor_name: booking.slot.mentor_name,
        student_id: booking.student,
        status: BookingStatus::Confirmed,
        scheduled_at: booking.slot.starts_at,
        ends_at: booking.slot.ends_at,
        price_cents: booking.slot.price_cents,
        created_at,
    }
}

/// Keeps the reason for support. The answer does not wait for its success: it is already known.
async fn log_conflict(engine: &Engine, order: &Order, refusal: &Refusal) {
    let reason = refusal.code().as_str();
    let kept = async {
        let mut session = engine.db.session();
        let mut conn = session.conn().await?;
        repository::insert_conflict(&mut conn, order.slot, order.student, reason).await
    };
    if let Err(error) = kept.await {
        tracing::warn!(slot.id = %order.slot, reason, %error, "conflict was not logged");
    }
}

/// One page of a person's own bookings, as JSON: a student's come through the cache.
pub(super) async fn list(
    engine: Arc<Engine>,
    person: &AuthUser,
    query: &BookingQuery,
) -> Result<Bytes, ApiError> {
    let filter = Filter::read(query).map_err(|(field, right)| ApiError::invalid(field, &right))?;
    match person.role {
        Role::Mentor => {
            let mut session = engine.db.session();
            let mentor = {
                let mut conn = session.conn().await?;
                repository::find_mentor(&mut conn, person.id).await?
            };
            // An account can have the role before it has a profile.
            match mentor {
                Some(mentor) => load(&mut session, Owner::Mentor(mentor), &filter).await,
                None => json(&page(Vec::new(), 0, &filter)),
            }
        }
        Role::Student | Role::Parent | Role::Admin => {
            let key = keys::student_bookings(person.id, &filter.canonical());
            let owner = Owner::Student(person.id);
            let mut session = engine.db.session();
            let fill = move || async move { load(&mut session, owner, &filter).await };
            Ok(engine.caches.read_through(key, fill).await?.into_body())
        }
    }
}

/// What the database says now to what was cached under `key`. For the audit, which asks past
/// the cache.
pub(crate) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    let query: BookingQuery = serde_json::from_str(&key.question).map_err(ApiError::internal)?;
    let filter = Filter::read(&query).map_err(|(field, right)| ApiError::invalid(field, &right))?;
    let student = key.group.parse().map_err(ApiError::internal)?;
    let owner = Owner::Student(UserId(student));
    let mut session = engine.db.session();
    load(&mut session, owner, &filter).await.map(Some)
}

async fn load(session: &mut Session, owner: Owner, filter: &Filter) -> Result<Bytes, ApiError> {
    let (items, total) = {
        let mut conn = session.conn().await?;
        repository::list(&mut conn, owner, filter).await?
    };
    let total = match total {
        Some(total) => total,
        None if filter.page == 1 => 0,
        None => {
            let mut conn = session.conn().await?;
            repository::count_all(&mut conn, owner, filter).await?
        }
    };
    json(&page(items, total, filter))
}

fn page(items: Vec<BookingView>, total: i64, filter: &Filter) -> Page<BookingView> {
    Page {
        items,
        total: u64::try_from(total).ok(),
        page: filter.page,
        per_page: filter.per_page,
        next_cursor: None,
    }
}

fn json(page: &Page<BookingView>) -> Result<Bytes, ApiError> {
    serde_json::to_vec(page)
        .map(Bytes::from)
        .map_err(ApiError::internal)
}

/// One booking, for those who take part in it; to others it does not exist.
pub(super) async fn get(
    engine: &Engine,
    person: UserId,
    id: BookingId,
) -> Result<BookingView, ApiError> {
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    repository::find_for(&mut conn, id, person)
        .await?
        .ok_or_else(|| Failure::from(Refusal::NoSuchBooking).into())
}

/// Gives a place back; for the student and for the mentor, before the lesson begins.
pub(super) async fn cancel(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    person: UserId,
    id: BookingId,
) -> Result<BookingView, ApiError> {
    timing::shielded(async move {
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            give_back(conn, now, person, id).boxed()
        });
        let booking = work.await?;
        let groups = [keys::student(booking.student_id)];
        engine.caches.invalidate(&groups).await;
        Ok(booking)
    })
    .await
}

/// The work of a cancellation's transaction.
async fn give_back(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    person: UserId,
    id: BookingId,
) -> Result<BookingView, Failure> {
    let seen = repository::find_for(conn, id, person)
        .await?
        .ok_or(Refusal::NoSuchBooking)?;
    // The slot before the booking, as in booking it: the other way round two of them deadlock.
    repository::lock_slot(conn, seen.slot_id).await?;
    if !repository::cancel(conn, id, now).await? {
        // Another request may have come first since we looked.
        let seen = repository::find_for(conn, id, person)
            .await?
            .ok_or(Refusal::NoSuchBooking)?;
        return Err(not_active(&seen).into());
    }
    repository::count(conn, seen.slot_id, -1).await?;
    Ok(BookingView {
        status: BookingStatus::Cancelled,
        ..seen
    })
}

fn not_active(booking: &BookingView) -> Refusal {
    match booking.status {
        BookingStatus::Cancelled => Refusal::Cancelled,
        BookingStatus::Confirmed | BookingStatus::Completed => Refusal::Begun,
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        ids::{MentorId, SlotId},
        money::Cents,
    };

    use super::{super::model::Slot, *};

    fn order(slot: u128) -> Order {
        Order {
            student: UserId(Uuid::from_u128(1)),
            slot: SlotId(Uuid::from_u128(slot)),
            key: None,
        }
    }

    fn booked() -> BookingView {
        let at = DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap();
        let slot = Slot {
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
        };
        view(booking, at)
    }

    #[test]
    fn the_digest_follows_the_slot_and_not_the_person_or_key() {
        let keyed = Order {
            key: Some("k".to_owned()),
            ..order(7)
        };
        assert_eq!(digest(&order(7)), digest(&keyed));
        assert_ne!(digest(&order(7)), digest(&order(8)));
    }

    #[test]
    fn a_stored_answer_is_told_again_to_the_byte() {
        let first = booked();
        let stored = serde_json::to_value(&first).unwrap();
        let again: BookingView = serde_json::from_value(stored).unwrap();
        assert_eq!(
            serde_json::to_string(&again).unwrap(),
            serde_json::to_string(&first).unwrap()
        );
    }

    #[test]
    fn a_second_cancellation_is_told_from_one_that_comes_too_late() {
        let confirmed = booked();
        let cancelled = BookingView {
            status: BookingStatus::Cancelled,
            ..booked()
        };
        assert_eq!(not_active(&confirmed), Refusal::Begun);
        assert_eq!(not_active(&cancelled), Refusal::Cancelled);
    }

    #[test]
    fn an_empty_page_still_says_how_many_there_are() {
        let filter = Filter::read(&BookingQuery {
            page: Some(3),
            ..BookingQuery::default()
        })
        .unwrap();
        let page = page(Vec::new(), 41, &filter);
        assert_eq!((page.total, page.page, page.per_page), (Some(41), 3, 20));
    }
}
