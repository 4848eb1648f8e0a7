//! KNOWN WRONG: reads the slot's count, and later writes back one more.
//!
//! The update that an object mapper sends: of two that read the same count the second overwrites
//! what the first counted, and a slot says that it has places which are taken. It is here to prove
//! that the audit notices. Its profile lifts the unique index on seats, as that of `naive` does.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::model::{BookingFailure, BookingRefusal, NewBooking},
    repository,
};

/// Takes a place that the count had when it was read.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    let slot = &booking.slot;
    let booked = repository::counted(conn, slot.id).await?;
    if booked >= slot.capacity {
        return Err(BookingRefusal::SlotFull.into());
    }
    let seat = repository::smallest_free_seat(conn, slot)
        .await?
        .ok_or(BookingRefusal::SlotFull)?;
    let made_at = repository::insert(conn, booking, seat).await?;
    repository::overwrite_count(conn, slot.id, booked + 1).await?;
    Ok(made_at)
}
