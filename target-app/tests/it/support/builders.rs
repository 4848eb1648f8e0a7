//! Slots, lessons, marks and locks that a test needs and the seed does not have.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    dataset::{self, RowKind},
    ids::{BookingId, MentorId, SlotId, UserId},
    profile::Strategy,
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::TestDb;

/// Days from now to the first slot made here: behind the seeded calendar, before the race slots.
const AHEAD_DAYS: i64 = 200;
/// Days from the first lesson made here to now: before the seeded history.
const PAST_DAYS: i64 = 700;
/// Two hours a slot keep any two of one mentor apart.
static NUMBER: AtomicI64 = AtomicI64::new(0);

/// The account of seeded student `n`.
pub(crate) fn student_id(n: u32) -> UserId {
    UserId(dataset::id(RowKind::Student, n))
}

/// Every way to book that is right, by its name.
pub(crate) fn right_strategies() -> impl Iterator<Item = &'static str> {
    Strategy::ALL
        .iter()
        .filter(|strategy| !strategy.is_known_wrong())
        .map(|strategy| strategy.as_str())
}

/// Every way to book.
pub(crate) fn all_strategies() -> impl Iterator<Item = &'static str> {
    Strategy::ALL.iter().map(|strategy| strategy.as_str())
}

/// A slot to be, overlapping with no other of its mentor unless a test sets it.
#[derive(Debug, Clone)]
pub(crate) struct NewSlot {
    mentor: u32,
    starts_at: DateTime<Utc>,
    capacity: i32,
}

impl NewSlot {
    /// A single lesson of seeded mentor 0 at a time of its own.
    pub(crate) fn single() -> Self {
        let number = NUMBER.fetch_add(1, Relaxed);
        Self {
            mentor: 0,
            starts_at: Utc::now() + TimeDelta::days(AHEAD_DAYS) + TimeDelta::hours(2 * number),
            capacity: 1,
        }
    }

    /// A lesson for a group.
    pub(crate) fn group(capacity: i32) -> Self {
        Self {
            capacity,
            ..Self::single()
        }
    }

    /// Of another mentor.
    pub(crate) fn of_mentor(self, mentor: u32) -> Self {
        Self { mentor, ..self }
    }

    /// At another time.
    pub(crate) fn starting(self, starts_at: DateTime<Utc>) -> Self {
        Self { starts_at, ..self }
    }

    /// When it begins; it lasts an hour.
    pub(crate) fn starts_at(&self) -> DateTime<Utc> {
        self.starts_at
    }

    /// Puts it into the calendar.
    pub(crate) async fn create(&self, db: &TestDb) -> SlotId {
        let id = Uuid::now_v7();
        sqlx::query(
            "insert into slot (id, mentor_id, starts_at, ends_at, capacity, price_cents)
             values ($1, $2, $3, $3 + interval '1 hour', $4, 4500)",
        )
        .bind(id)
        .bind(dataset::id(RowKind::Mentor, self.mentor))
        .bind(self.starts_at)
        .bind(self.capacity)
        .execute(db.pool())
        .await
        .unwrap();
        SlotId(id)
    }
}

/// A lesson that took place.
pub(crate) struct Lesson {
    /// Who took it.
    pub(crate) student: u32,
    /// Who gave it.
    pub(crate) mentor: u32,
}

impl Lesson {
    /// Puts it into the history, without a review.
    pub(crate) async fn create(&self, db: &TestDb) -> BookingId {
        let number = NUMBER.fetch_add(1, Relaxed);
        let starts_at = Utc::now() - TimeDelta::days(PAST_DAYS) + TimeDelta::hours(2 * number);
        let slot = NewSlot::single()
            .of_mentor(self.mentor)
            .starting(starts_at)
            .create(db)
            .await;
        let id = Uuid::now_v7();
        sqlx::query(
            "with taken as (
                 update slot
                 set booked = 1
                 where id = $2
                 returning *
             )
             insert into booking
                 (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents)
             select $1, id, mentor_id, $3, starts_at, ends_at, 0, 'completed', price_cents
             from taken",
        )
        .bind(id)
        .bind(slot.0)
        .bind(student_id(self.student).0)
        .execute(db.pool())
        .await
        .unwrap();
        BookingId(id)
    }

    /// The mentor's profile.
    pub(crate) fn mentor_id(&self) -> MentorId {
        MentorId(dataset::id(RowKind::Mentor, self.mentor))
    }
}

/// A transaction that has locked a slot: what books it waits until it ends.
pub(crate) async fn lock_slot(db: &TestDb, slot: SlotId) -> Transaction<'static, Postgres> {
    let mut gate = db.pool().begin().await.unwrap();
    sqlx::query("select from slot where id = $1 for update")
        .bind(slot.0)
        .execute(&mut *gate)
        .await
        .unwrap();
    gate
}

/// A transaction that marks the participant of a lesson, as its mentor does from its begin on, and is not committed
/// yet: it has locked the booking.
pub(crate) async fn begin_mark(db: &TestDb, booking: BookingId) -> Transaction<'static, Postgres> {
    let mut marking = db.pool().begin().await.unwrap();
    sqlx::query(
        "with locked as (
             select id, mentor_id, scheduled_at
             from booking
             where id = $1
             for share
         )
         insert into attendance (booking_id, status, marked_by, marked_at)
         select locked.id, 'present', mentor.user_id, locked.scheduled_at
         from locked
         join mentor on mentor.id = locked.mentor_id",
    )
    .bind(booking.0)
    .execute(&mut *marking)
    .await
    .unwrap();
    marking
}

/// Why bookings of a slot were refused, oldest first.
pub(crate) async fn conflicts(db: &TestDb, slot: SlotId) -> Vec<(UserId, String)> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "select student_id, reason
         from booking_conflict
         where slot_id = $1
         order by id",
    )
    .bind(slot.0)
    .fetch_all(db.pool())
    .await
    .unwrap();
    rows.into_iter()
        .map(|(student, reason)| (UserId(student), reason))
        .collect()
}
