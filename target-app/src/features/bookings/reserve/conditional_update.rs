//! Counts up in an update that only matches while there is room, and books in the same statement.
//!
//! The check and the lock are one statement: whoever finds the slot full learns it without
//! locking anything, and the winner holds the lock for that statement and its commit. Who had to wait for
//! the lock looks for a seat anew, in two statements more.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::model::{BookingFailure, BookingRefusal, NewBooking},
    repository::{self, PlaceOutcome},
};

/// Takes a place by counting it; from there on the slot's row is locked.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    match repository::count_and_insert(conn, booking).await? {
        PlaceOutcome::Full => Err(BookingRefusal::SlotFull.into()),
        PlaceOutcome::Booked(made_at) => Ok(made_at),
        PlaceOutcome::Unseated => {
            // The count said that there is one. If the rows say otherwise they are what is true.
            let seat = repository::smallest_free_seat(conn, &booking.slot)
                .await?
                .ok_or(BookingRefusal::SlotFull)?;
            Ok(repository::insert(conn, booking, seat).await?)
        }
    }
}
