//! SQL of slots and bookings. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    api::bookings::{BookingStatus, BookingView},
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{BookingFilter, BookingOwner};
use crate::{
    db::{DbError, LockName},
    timing,
};

#[derive(sqlx::FromRow)]
struct BookingRow {
    id: Uuid,
    slot_id: Uuid,
    mentor_id: Uuid,
    mentor_name: String,
    student_id: Uuid,
    status: String,
    scheduled_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    price_cents: i64,
    created_at: DateTime<Utc>,
    hold_expires_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    booking: BookingRow,
    total: i64,
}

impl From<BookingRow> for BookingView {
    fn from(row: BookingRow) -> Self {
        Self {
            id: BookingId(row.id),
            slot_id: SlotId(row.slot_id),
            mentor_id: MentorId(row.mentor_id),
            mentor_name: row.mentor_name,
            student_id: UserId(row.student_id),
            // The column's check admits these three and no other.
            status: BookingStatus::named(&row.status).unwrap_or(BookingStatus::Confirmed),
            scheduled_at: row.scheduled_at,
            ends_at: row.ends_at,
            price_cents: Cents(row.price_cents),
            created_at: row.created_at,
            hold_expires_at: row.hold_expires_at,
        }
    }
}

/// The lock under which the bookings of one student take turns, so that the look for overlaps
/// and the insert cannot be torn apart by another request of the same student.
pub(super) const fn student_lock(student: UserId) -> LockName {
    LockName::new("booking.student", student.0)
}

/// Locks a slot's row against other bookings and cancellations until the transaction ends.
pub(super) async fn lock_slot(conn: &mut PgConnection, id: SlotId) -> Result<(), DbError> {
    let query = sqlx::query("select from slot where id = $1 for update").bind(id.0);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Moves the number of places taken by `change`.
pub(super) async fn count(
    conn: &mut PgConnection,
    slot: SlotId,
    change: i32,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update slot
         set booked = booked + $2
         where id = $1",
    )
    .bind(slot.0)
    .bind(change);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Keeps the reason for which a booking was refused.
pub(super) async fn insert_conflict(
    conn: &mut PgConnection,
    slot: SlotId,
    student: UserId,
    reason: &str,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into booking_conflict (slot_id, student_id, reason)
         values ($1, $2, $3)",
    )
    .bind(slot.0)
    .bind(student.0)
    .bind(reason);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// A booking of a person who takes part in it: `id`, `person`; then more joins, and what follows them.
macro_rules! booking_for_sql {
    ($joins:literal, $rest:literal) => {
        concat!(
            "select b.id, b.slot_id, b.mentor_id, m.display_name as mentor_name, b.student_id,
                    b.status, b.scheduled_at, b.ends_at, b.price_cents, b.created_at,
                    h.expires_at as hold_expires_at
             from booking b
             join mentor m on m.id = b.mentor_id ",
            $joins,
            " left join booking_hold h on h.booking_id = b.id
             where b.id = $1
               and (b.student_id = $2 or m.user_id = $2) ",
            $rest
        )
    };
}

/// One booking, if the person takes part in it as student or as mentor.
pub(super) async fn find_for(
    conn: &mut PgConnection,
    id: BookingId,
    person: UserId,
) -> Result<Option<BookingView>, DbError> {
    let query = sqlx::query_as::<_, BookingRow>(booking_for_sql!("", ""))
        .bind(id.0)
        .bind(person.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(BookingView::from))
}

/// The same as it was before the wait for the lock of its slot, which is then held until the transaction ends; no
/// slot is locked for those who take no part in it.
pub(super) async fn find_and_lock_slot(
    conn: &mut PgConnection,
    id: BookingId,
    person: UserId,
) -> Result<Option<BookingView>, DbError> {
    let text = booking_for_sql!("join slot s on s.id = b.slot_id", "for update of s");
    let query = sqlx::query_as::<_, BookingRow>(text)
        .bind(id.0)
        .bind(person.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(BookingView::from))
}

/// Cancels a booking of that slot that is confirmed and begins after `now`, counts its place down and ends its
/// hold; its begin and end where it did. Under the lock of the slot, so that the slot comes before the booking: one
/// that is in another slot by now is left alone.
pub(super) async fn cancel(
    conn: &mut PgConnection,
    id: BookingId,
    slot: SlotId,
    now: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>, DbError> {
    let query = sqlx::query_as(
        "with cancelled as (
             update booking
             set status = 'cancelled', cancelled_at = now()
             where id = $1
               and slot_id = $2
               and status = 'confirmed'
               and scheduled_at > $3
             returning id, slot_id, scheduled_at, ends_at
         ),
         counted as (
             update slot
             set booked = booked - 1
             from cancelled
             where slot.id = cancelled.slot_id
         ),
         ended as (
             delete from booking_hold
             using cancelled
             where booking_hold.booking_id = cancelled.id
         )
         select scheduled_at, ends_at from cancelled",
    )
    .bind(id.0)
    .bind(slot.0)
    .bind(now);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// The two list statements differ in one column; each must be a static text of its own, so
/// that each is served by the index of that column.
macro_rules! list_sql {
    ($owner:literal) => {
        concat!(
            "select b.id, b.slot_id, b.mentor_id, m.display_name as mentor_name, b.student_id,
                    b.status, b.scheduled_at, b.ends_at, b.price_cents, b.created_at,
                    h.expires_at as hold_expires_at, b.total
             from (
                 select *, count(*) over () as total
                 from booking
                 where ",
            $owner,
            " = $1
                   and ($2::text is null or status = $2)
                   and ($3::timestamptz is null or scheduled_at >= $3)
                   and ($4::timestamptz is null or scheduled_at < $4)
                 order by scheduled_at desc, id desc
                 limit $5
                 offset $6
             ) b
             join mentor m on m.id = b.mentor_id
             left join booking_hold h on h.booking_id = b.id
             order by b.scheduled_at desc, b.id desc"
        )
    };
}

macro_rules! count_sql {
    ($owner:literal) => {
        concat!(
            "select count(*)
             from booking
             where ",
            $owner,
            " = $1
               and ($2::text is null or status = $2)
               and ($3::timestamptz is null or scheduled_at >= $3)
               and ($4::timestamptz is null or scheduled_at < $4)"
        )
    };
}

impl BookingOwner {
    /// The key as it is bound.
    fn id(self) -> Uuid {
        match self {
            Self::Student(id) => id.0,
            Self::Mentor(id) => id.0,
        }
    }
}

/// The statement of [`list`]: `owner`, `status`, `from`, `to`, `limit`, `offset`.
pub(super) const fn list_text(owner: BookingOwner) -> &'static str {
    match owner {
        BookingOwner::Student(_) => list_sql!("student_id"),
        BookingOwner::Mentor(_) => list_sql!("mentor_id"),
    }
}

/// One page of bookings, newest lesson first, and how many there are in all.
/// The total is unknown (`None`) when the page is empty.
pub(super) async fn list(
    conn: &mut PgConnection,
    owner: BookingOwner,
    filter: &BookingFilter,
) -> Result<(Vec<BookingView>, Option<i64>), DbError> {
    let query = sqlx::query_as::<_, ListedRow>(list_text(owner))
        .bind(owner.id())
        .bind(filter.status.map(BookingStatus::as_str))
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.page.limit())
        .bind(filter.page.offset());
    let rows = timing::db(query.fetch_all(conn)).await?;
    let total = rows.first().map(|row| row.total);
    let items = rows.into_iter().map(|row| row.booking.into()).collect();
    Ok((items, total))
}

/// How many bookings a filter finds on all its pages.
pub(super) async fn count_all(
    conn: &mut PgConnection,
    owner: BookingOwner,
    filter: &BookingFilter,
) -> Result<i64, DbError> {
    let sql = match owner {
        BookingOwner::Student(_) => count_sql!("student_id"),
        BookingOwner::Mentor(_) => count_sql!("mentor_id"),
    };
    let query = sqlx::query_scalar(sql)
        .bind(owner.id())
        .bind(filter.status.map(BookingStatus::as_str))
        .bind(filter.from)
        .bind(filter.to);
    Ok(timing::db(query.fetch_one(conn)).await?)
}
