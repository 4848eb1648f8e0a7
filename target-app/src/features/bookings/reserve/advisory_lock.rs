//! Takes an advisory lock that stands for the slot, then looks, then inserts.
//!
//! The queue is that of the slot's row, but it stands in the lock manager's memory: whoever will
//! find the slot full writes nothing, where a row lock is written into the row. It stops only those
//! who ask for it; cancellations do not, and count in one statement for that reason.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{
        model::{BookingFailure, BookingRefusal, NewBooking},
        repository as bookings,
    },
    repository,
};

/// Takes a place under the lock that has the slot's name.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    repository::lock_slot_by_name(conn, booking.slot.id).await?;
    let seat = repository::smallest_free_seat(conn, &booking.slot)
        .await?
        .ok_or(BookingRefusal::SlotFull)?;
    let made_at = repository::insert(conn, booking, seat).await?;
    bookings::count(conn, booking.slot.id, 1).await?;
    Ok(made_at)
}
