//! Inserts a numbered seat and lets the unique index refuse the second.
//!
//! Requests do not queue before the insert, which chooses the seat and counts it as well. One that
//! meets another's uncommitted seat waits in the index, then looks for the next free one. Each lost
//! attempt means that another request got a seat, so there are as many attempts as seats, and a few
//! for seats that are cancelled meanwhile.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::db::DbError;

use super::{
    super::{
        model::{BookingFailure, BookingRefusal, NewBooking},
        repository as bookings,
    },
    repository::{self, PlaceOutcome},
};

/// Tries beyond one a seat, for seats that are given back and taken again under our hands.
const SPARE_TRIES: i32 = 8;

/// Takes a place by inserting it.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    // Where nobody is in the way it is one statement.
    match repository::insert_and_count(conn, booking).await? {
        PlaceOutcome::Full => return Err(BookingRefusal::SlotFull.into()),
        PlaceOutcome::Booked(made_at) => return Ok(made_at),
        PlaceOutcome::Unseated => {}
    }
    let mut tried = None;
    for _ in 0..booking.slot.capacity + SPARE_TRIES {
        let seat = repository::smallest_free_seat(conn, &booking.slot)
            .await?
            .ok_or(BookingRefusal::SlotFull)?;
        // Refused, and free all the same: the slot was moved, or the seat given back.
        if tried.replace(seat) == Some(seat) {
            return Err(DbError::stale_read().into());
        }
        if let Some(made_at) = repository::insert_unless_taken(conn, booking, seat).await? {
            bookings::count(conn, booking.slot.id, 1).await?;
            return Ok(made_at);
        }
    }
    Err(BookingRefusal::Contention.into())
}
