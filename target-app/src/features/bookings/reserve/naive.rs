//! KNOWN WRONG: looks, then inserts, with nothing in between to stop another.
//!
//! This is what most applications are born with, and it works until two people press the button
//! in the same instant: both see the place free, both insert. It is here to prove that the audit
//! notices. Its profile lifts the unique index on seats; nothing else makes it worse than it is.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{
        model::{BookingFailure, BookingRefusal, NewBooking},
        repository as bookings,
    },
    repository,
};

/// Takes a place that was free when it looked.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    let seat = repository::smallest_free_seat(conn, &booking.slot)
        .await?
        .ok_or(BookingRefusal::SlotFull)?;
    let made_at = repository::insert(conn, booking, seat).await?;
    bookings::count(conn, booking.slot.id, 1).await?;
    Ok(made_at)
}
