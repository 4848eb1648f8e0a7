//! Counts up in an update that only matches while there is room.
//!
//! The check and the lock are one statement: whoever finds the slot full learns it without
//! locking anything, and the winner has one statement less to hold the lock for.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::model::{BookingFailure, BookingRefusal, NewBooking},
    repository,
};

/// Takes a place by counting it; from there on the slot's row is locked.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    if !repository::count_up_if_room(conn, booking.slot.id).await? {
        return Err(BookingRefusal::SlotFull.into());
    }
    // The count said that there is one. If the rows say otherwise they are what is true.
    let seat = repository::smallest_free_seat(conn, &booking.slot)
        .await?
        .ok_or(BookingRefusal::SlotFull)?;
    Ok(repository::insert(conn, booking, seat).await?)
}
