//! SQL of taking a place. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::ids::SlotId;
use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::QueryScalar, types::Json};

use super::super::model::{BookableSlot, NewBooking};
use crate::{
    db::{self, DbError},
    timing,
};

/// The unique index that keeps two people off one seat; lifted only for the known wrong strategies.
pub(super) const SEAT_GUARD: &str = "booking_slot_id_seat_active_key";

/// Makes the bookings of one slot take turns until the transaction ends, without touching its row.
pub(super) async fn lock_slot_by_name(
    conn: &mut PgConnection,
    slot: SlotId,
) -> Result<(), DbError> {
    db::lock_by_name(conn, &format!("booking.slot/{slot}")).await
}

/// The lowest seat of a slot that no active booking has.
pub(super) async fn smallest_free_seat(
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

/// Counts one place up where there is one left; the row stays locked until the transaction ends.
pub(super) async fn count_up_if_room(
    conn: &mut PgConnection,
    slot: SlotId,
) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update slot
         set booked = booked + 1
         where id = $1
           and booked < capacity",
    )
    .bind(slot.0);
    Ok(timing::db(query.execute(conn)).await?.rows_affected() == 1)
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

/// A booking in the seat `$7`, with its hold, and with the response under the key of its request. Without
/// a hold or a key the later two find nothing to do.
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
             ),
             held as (
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
             )
             select created_at from made"
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
    let query = bound(insert_sql!(""), booking, seat);
    let made_at = timing::db(query.fetch_optional(conn)).await?;
    made_at.ok_or(DbError::Serialization(sqlx::Error::RowNotFound))
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
    let query = bound(text, booking, seat);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// The parameters of a statement that inserts a booking.
fn bound(
    text: &'static str,
    booking: &NewBooking,
    seat: i32,
) -> QueryScalar<'_, Postgres, DateTime<Utc>, PgArguments> {
    let response = booking.response.as_ref();
    sqlx::query_scalar(text)
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
