//! SQL of taking another slot for a booking. Every function is one statement.

use shared::ids::{BookingId, SlotId};
use sqlx::PgConnection;

use super::model::BookableSlot;
use crate::{db::DbError, timing};

/// Locks the slot that a booking has, and another one, until the transaction ends: in the order of their ids, in which
/// everybody locks two, so that none of them waits for one that waits for it.
pub(super) async fn lock_slots(
    conn: &mut PgConnection,
    booking: BookingId,
    other: SlotId,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "select from slot
         where id = any (array[$2, (select slot_id from booking where id = $1)])
         order by id
         for update",
    )
    .bind(booking.0)
    .bind(other.0);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Whether a class of a booking was ever initiated.
pub(super) async fn has_class(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<bool, DbError> {
    let query =
        sqlx::query_scalar("select exists (select from class_session where booking_id = $1)")
            .bind(booking.0);
    Ok(timing::db(query.fetch_one(conn)).await?)
}

/// Puts a confirmed booking from a slot into a seat of another one, and counts the places of both; under the locks of
/// both and of the booking.
///
/// A booking that is not there any more is a lost race: the work is run again and sees where it is.
pub(super) async fn put(
    conn: &mut PgConnection,
    booking: BookingId,
    former: SlotId,
    slot: &BookableSlot,
    seat: i32,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "with rescheduled as (
             update booking
             set slot_id = $3, scheduled_at = $4, ends_at = $5, seat = $6
             where id = $1
               and slot_id = $2
               and status = 'confirmed'
             returning id
         )
         update slot
         set booked = booked + case when slot.id = $3 then 1 else -1 end
         from rescheduled
         where slot.id in ($2, $3)",
    )
    .bind(booking.0)
    .bind(former.0)
    .bind(slot.id.0)
    .bind(slot.starts_at)
    .bind(slot.ends_at)
    .bind(seat);
    let counted = timing::db(query.execute(conn)).await?.rows_affected();
    if counted == 2 {
        Ok(())
    } else {
        Err(DbError::stale_read())
    }
}
