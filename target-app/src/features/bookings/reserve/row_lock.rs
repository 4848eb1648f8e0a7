//! Locks the slot's row, then looks, then inserts.
//!
//! The plainest right way: each booking of the slot queues at its row, also those that will
//! find it full, and each holds it for four statements and a commit.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{
        model::{BookingFailure, BookingRefusal, NewBooking},
        repository as bookings,
    },
    repository,
};

/// Takes a place under the lock of the slot's row.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    bookings::lock_slot(conn, booking.slot.id).await?;
    let seat = repository::smallest_free_seat(conn, &booking.slot)
        .await?
        .ok_or(BookingRefusal::SlotFull)?;
    let made_at = repository::insert(conn, booking, seat).await?;
    bookings::count(conn, booking.slot.id, 1).await?;
    Ok(made_at)
}
