//! Holds: places that are taken and not paid yet. What takes the money and what releases a place
//! that stayed unpaid use these; the locks are in the order of the rest, slot before booking.

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::ids::{BookingId, MentorId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    cached, model::PayableBooking, repository, repository_holds, service_touched::TouchedBookings,
};
use crate::{
    db::{self, DbError, Retry},
    engine::Engine,
};

/// Holds that one transaction releases: few enough that their locks are held for milliseconds.
pub(in super::super) const RELEASED_AT_ONCE: usize = 100;

/// Ends the hold of a booking that was paid or cancelled, if it is one.
pub(in super::super) async fn end_hold(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<(), DbError> {
    repository_holds::delete(conn, &[booking.0]).await
}

/// Locks a booking until the transaction ends, and reads what a payment has to know of it.
pub(in super::super) async fn lock_payable(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<PayableBooking>, DbError> {
    // Two statements: one that waited for the lock would see the hold as it was before the wait.
    repository_holds::lock_booking(conn, booking).await?;
    repository_holds::find_payable(conn, booking).await
}

/// Cancels a paid booking whose lesson begins after `now`; whether it did.
pub(in super::super) async fn cancel_by_refund(
    conn: &mut PgConnection,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let Some((slot, ..)) = repository_holds::find_parts(conn, booking).await? else {
        return Ok(false);
    };
    repository::lock_slot(conn, slot).await?;
    if !repository::cancel(conn, booking, now).await? {
        return Ok(false);
    }
    repository::count(conn, slot, -1).await?;
    end_hold(conn, booking).await?;
    Ok(true)
}

/// Notes that a booking is about to change.
pub(in super::super) async fn note_touched(
    conn: &mut PgConnection,
    booking: BookingId,
    touched: &TouchedBookings,
) -> Result<(), DbError> {
    if let Some((_, student, mentor)) = repository_holds::find_parts(conn, booking).await? {
        touched.add(student, mentor);
    }
    Ok(())
}

/// Forgets the cached pages of a student whose booking was paid: they show until when it is held.
pub(in super::super) async fn invalidate(engine: &Engine, student: UserId) {
    engine.caches.invalidate(&[cached::group(student)]).await;
}

/// Cancels one batch of the holds that have expired, and returns how many there were. Workers that
/// share a database do it together: each passes over the rows that another one has locked.
pub(in super::super) async fn release_expired(
    engine: &Engine,
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    let touched = TouchedBookings::default();
    let noted = touched.clone();
    let work = db::transaction(&engine.db, Retry::Never, move |conn| {
        let noted = noted.clone();
        async move { release(conn, now, &noted).await }.boxed()
    });
    let released = work.await;
    touched.invalidate(engine).await;
    released
}

/// The work of the transaction; returns the number of holds. Everything that is changed is
/// locked by its first statement, without waiting, so no order of locks of another transaction can
/// deadlock with this one.
async fn release(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    touched: &TouchedBookings,
) -> Result<usize, DbError> {
    let expired = repository_holds::lock_expired(conn, now, RELEASED_AT_ONCE as i64).await?;
    if expired.is_empty() {
        return Ok(0);
    }
    let bookings: Vec<Uuid> = expired.iter().map(|(booking, ..)| *booking).collect();
    repository_holds::count_down(conn, &bookings).await?;
    repository_holds::cancel_all(conn, &bookings).await?;
    repository_holds::delete(conn, &bookings).await?;
    for (_, student, mentor) in &expired {
        touched.add(UserId(*student), MentorId(*mentor));
    }
    Ok(expired.len())
}
