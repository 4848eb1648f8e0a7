//! SQL of taking a place. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::ids::SlotId;
use sqlx::{
    FromRow, PgConnection, Postgres,
    postgres::{PgArguments, PgRow},
    query::QueryScalar,
    types::Json,
};

use super::super::model::{BookableSlot, NewBooking};
use crate::{
    db::{self, DbError, LockName},
    timing,
};

/// The unique index that keeps two people off one seat; lifted only for the known wrong strategies.
pub(super) const SEAT_GUARD: &str = "booking_slot_id_seat_active_key";

/// What follows the booking that `made` has: its hold, and the response under the key of its request.
/// Without a hold or a key these find nothing to do.
macro_rules! with_hold_and_response {
    () => {
        "held as (
             insert into booking_hold (booking_id, expires_at)
             select id, $10
             from made
             where $10 is not null
         ),
         kept as (
             update idempotency_key
             set status = $12, body = $13
             from made
             where user_id = $4
               and key = $11
         )"
    };
}

/// The lowest free seat of a slot that has `$7` of them; no row where it is full.
macro_rules! free_seat {
    () => {
        "free as (
             select place.seat
             from generate_series(0, $7 - 1) as place(seat)
             where place.seat not in (
                 select b.seat
                 from booking b
                 where b.slot_id = $2
                   and b.status in ('confirmed', 'completed')
             )
             order by place.seat
             limit 1
         )"
    };
}

/// Makes the bookings of one slot take turns until the transaction ends, without touching its row.
pub(super) async fn lock_slot_by_name(
    conn: &mut PgConnection,
    slot: SlotId,
) -> Result<(), DbError> {
    db::lock_by_name(conn, LockName::new("booking.slot", slot.0)).await
}

/// The lowest seat of a slot that no active booking has.
pub(in super::super) async fn smallest_free_seat(
    conn: &mut PgConnection,
    slot: &BookableSlot,
) -> Result<Option<i32>, DbError> {
    let query = sqlx::query_scalar(
        "select free.seat
         from generate_series(0, $2 - 1) as free(seat)
         where free.seat not in (
             select b.seat
             from booking b
             where b.slot_id = $1
               and b.status in ('confirmed', 'completed')
         )
         order by free.seat
         limit 1",
    )
    .bind(slot.id.0)
    .bind(slot.capacity);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// The outcome of an attempt to choose a seat, to book it and to count it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceOutcome {
    /// There is none left.
    Full,
    /// It is booked and counted; when that was.
    Booked(DateTime<Utc>),
    /// Somebody else changed the slot meanwhile: a seat has to be looked for anew.
    Unseated,
}

/// Sends a statement that gives a row unless the slot is full, with the time where a booking was made.
async fn place_at_once(
    conn: &mut PgConnection,
    text: &'static str,
    booking: &NewBooking,
) -> Result<PlaceOutcome, DbError> {
    let query = bound::<Option<DateTime<Utc>>>(text, booking, booking.slot.capacity);
    Ok(match timing::db(query.fetch_optional(conn)).await? {
        None => PlaceOutcome::Full,
        Some(Some(made_at)) => PlaceOutcome::Booked(made_at),
        Some(None) => PlaceOutcome::Unseated,
    })
}

/// Counts a place where there is one left, and books its seat.
///
/// The seats are those of the statement's snapshot, which may be older than the row that the update has
/// waited for. So a seat is taken only where the row that was updated is the one of that snapshot, which is
/// so if this transaction is the one that replaced it, and where the times are those that were looked at.
/// The same count would not do: one may have come and another gone meanwhile. Who changes the
/// seats of a slot changes its row in the same transaction.
const COUNT_AND_INSERT: &str = concat!(
    "with counted as (
         update slot
         set booked = booked + 1
         where id = $2
           and booked < capacity
         returning id, mentor_id, starts_at, ends_at,
                   (select seen.xmax = pg_current_xact_id_if_assigned()::xid
                    from slot seen
                    where seen.id = slot.id) as is_as_seen
     ), ",
    free_seat!(),
    ", made as (
         insert into booking
             (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status,
              price_cents, client_key, payment_required)
         select $1, counted.id, counted.mentor_id, $4, counted.starts_at, counted.ends_at, free.seat,
                'confirmed', $8, $9, $10 is not null
         from counted
         cross join free
         where counted.is_as_seen
           and counted.mentor_id = $3
           and counted.starts_at = $5
           and counted.ends_at = $6
         returning id, created_at
     ), ",
    with_hold_and_response!(),
    " select (select created_at from made) from counted"
);

/// Counts one place up where there is one left, and books it unless somebody changed the slot while
/// this waited for its row, which stays locked until the transaction ends.
pub(super) async fn count_and_insert(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<PlaceOutcome, DbError> {
    place_at_once(conn, COUNT_AND_INSERT, booking).await
}

/// Books the lowest free seat unless another request has it by now, and counts it.
const INSERT_AND_COUNT: &str = concat!(
    "with ",
    free_seat!(),
    ", made as (
         insert into booking
             (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status,
              price_cents, client_key, payment_required)
         select $1, slot.id, slot.mentor_id, $4, slot.starts_at, slot.ends_at, free.seat,
                'confirmed', $8, $9, $10 is not null
         from free
         cross join slot
         where slot.id = $2
           and slot.mentor_id = $3
           and slot.starts_at = $5
           and slot.ends_at = $6
         for key share of slot
         on conflict (slot_id, seat) where status in ('confirmed', 'completed') do nothing
         returning id, created_at
     ),
     counted as (
         update slot
         set booked = booked + 1
         from made
         where slot.id = $2
     ), ",
    with_hold_and_response!(),
    " select (select created_at from made) from free"
);

/// Inserts a confirmed booking of the lowest free seat and counts it, unless that is taken or the slot has
/// other times by now; waits for another request that is about to take the seat or to move the slot.
pub(super) async fn insert_and_count(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<PlaceOutcome, DbError> {
    place_at_once(conn, INSERT_AND_COUNT, booking).await
}

/// How many places the slot's count says are taken, without a lock.
pub(super) async fn counted(conn: &mut PgConnection, slot: SlotId) -> Result<i32, DbError> {
    let query = sqlx::query_scalar("select booked from slot where id = $1").bind(slot.0);
    Ok(timing::db(query.fetch_one(conn)).await?)
}

/// Writes a count over whatever the slot's count is by now.
pub(super) async fn overwrite_count(
    conn: &mut PgConnection,
    slot: SlotId,
    booked: i32,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update slot
         set booked = $2
         where id = $1",
    )
    .bind(slot.0)
    .bind(booked);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// A booking in the seat `$7`, and what follows it.
///
/// The slot must have the times that were looked at; one that is being moved is waited for. No row: it
/// has other times, or a seat that is taken was passed over.
macro_rules! insert_sql {
    ($conflict:literal) => {
        concat!(
            "with made as (
                 insert into booking
                     (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status,
                      price_cents, client_key, payment_required)
                 select $1, id, mentor_id, $4, starts_at, ends_at, $7, 'confirmed',
                        $8, $9, $10 is not null
                 from slot
                 where id = $2
                   and mentor_id = $3
                   and starts_at = $5
                   and ends_at = $6
                 for key share ",
            $conflict,
            " returning id, created_at
             ), ",
            with_hold_and_response!(),
            " select created_at from made"
        )
    };
}

/// Inserts a confirmed booking; answers when it was made.
///
/// A slot that was moved since it was looked at is a lost race: the work is run again and sees the new
/// times.
pub(super) async fn insert(
    conn: &mut PgConnection,
    booking: &NewBooking,
    seat: i32,
) -> Result<DateTime<Utc>, DbError> {
    let query = bound::<DateTime<Utc>>(insert_sql!(""), booking, seat);
    let made_at = timing::db(query.fetch_optional(conn)).await?;
    made_at.ok_or_else(DbError::stale_read)
}

/// Inserts a confirmed booking unless its seat is taken or the slot has other times by now; waits
/// for another request that is about to take the seat or to move the slot.
pub(super) async fn insert_unless_taken(
    conn: &mut PgConnection,
    booking: &NewBooking,
    seat: i32,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let text = insert_sql!(
        "on conflict (slot_id, seat) where status in ('confirmed', 'completed') do nothing"
    );
    let query = bound::<DateTime<Utc>>(text, booking, seat);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// The parameters of a statement that inserts a booking. `$7` is its seat, or how many there are.
fn bound<'a, O>(
    text: &'static str,
    booking: &'a NewBooking,
    seat: i32,
) -> QueryScalar<'a, Postgres, O, PgArguments>
where
    (O,): for<'r> FromRow<'r, PgRow>,
{
    let response = booking.response.as_ref();
    sqlx::query_scalar::<Postgres, O>(text)
        .bind(booking.id.0)
        .bind(booking.slot.id.0)
        .bind(booking.slot.mentor_id.0)
        .bind(booking.student.0)
        .bind(booking.slot.starts_at)
        .bind(booking.slot.ends_at)
        .bind(seat)
        .bind(booking.slot.price_cents.0)
        .bind(booking.client_key.as_deref())
        .bind(booking.hold_expires_at)
        .bind(response.map(|response| response.key.as_str()))
        .bind(response.map(|response| response.status))
        .bind(response.map(|response| Json(&response.body)))
}
