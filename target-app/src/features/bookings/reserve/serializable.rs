//! Looks, then inserts, in a transaction that PostgreSQL keeps apart from all others.
//!
//! The statements are those of the naive way; the isolation is the whole difference. No request
//! waits for an explicit lock: of two that would take one place, or book one student twice, one loses with
//! 40001 and is run again whole (`db/transaction.rs`). What PostgreSQL remembers of the reads is
//! coarse, pages of an index or a whole table where there is none, so that bookings of different
//! slots can make each other lose as well.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::model::{BookingFailure, NewBooking},
    naive,
};

/// Takes a place that is still free when the transaction is committed, or loses.
pub(super) async fn take(
    conn: &mut PgConnection,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    naive::take(conn, booking).await
}
