//! Holds: places that are taken and not paid yet. What takes the money and what releases a place
//! that stayed unpaid use these; the locks are in the order of the rest, slot before booking.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::notifications::NotificationKind,
    ids::{BookingId, MentorId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{cached, model::PayableBooking, repository, repository_holds};
use crate::{
    cache::{Group, TouchedGroups},
    clock::Clock,
    db::{DbError, Isolation, Retry},
    engine::Engine,
    features::notifications::{Audience, Outgoing},
    timing,
};

/// Holds that one transaction releases: few enough that their locks are held for milliseconds.
pub(in super::super) const RELEASED_AT_ONCE: usize = 100;

/// Ends the hold of a booking that was paid, if it is one.
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

/// Cancels a paid booking whose lesson has not begun; whether it did.
pub(in super::super) async fn cancel_by_refund(
    conn: &mut PgConnection,
    booking: BookingId,
    clock: &Clock,
) -> Result<bool, DbError> {
    let Some((slot, ..)) = repository_holds::find_parts(conn, booking).await? else {
        return Ok(false);
    };
    repository::lock_slot(conn, slot).await?;
    let cancelled = repository::cancel(conn, booking, slot, clock.now()).await?;
    if let Some((scheduled_at, _)) = cancelled {
        return if scheduled_at <= clock.now() {
            // It began while the booking was waited for, and may have been marked: it is begun again without this.
            Err(DbError::stale_read())
        } else {
            Ok(true)
        };
    }
    match repository_holds::find_parts(conn, booking).await? {
        // It is in another slot by now, whose lock comes before its own, so it is begun again.
        Some((other, ..)) if other != slot => Err(DbError::stale_read()),
        _ => Ok(false),
    }
}

/// All that shows a booking.
pub(in super::super) async fn groups_of(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Vec<Group>, DbError> {
    let found = repository_holds::find_parts(conn, booking).await?;
    let parts = found.map(|(_, student, mentor)| (student, mentor));
    Ok(cached::groups(parts))
}

/// The cached pages that a payment of a student's booking touches.
pub(in super::super) fn student_pages(student: UserId) -> Group {
    cached::group(student)
}

/// Cancels one batch of the holds that have expired, and returns how many there were. Workers that
/// share a database do it together: each passes over the rows that another one has locked.
///
/// A batch that was begun is finished, also where the worker is stopped meanwhile.
pub(in super::super) async fn release_expired(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    timing::shielded(async move {
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change(
            Isolation::ReadCommitted,
            Retry::Never,
            move |conn, touched| {
                let notices = notices.attempt();
                async move {
                    let released = release(conn, now, &touched).await?;
                    let (kind, readers) = (NotificationKind::BookingReleased, Audience::Student);
                    notices.write(conn, kind, readers, &released, now).await?;
                    Ok::<_, DbError>(released.len())
                }
                .boxed()
            },
        );
        let released = work.await?;
        outgoing.push();
        Ok(released)
    })
    .await
}

/// The work of the transaction; returns the bookings. Everything that is changed is
/// locked by its first statement, without waiting, so no order of locks of another transaction can
/// deadlock with this one.
async fn release(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    touched: &TouchedGroups,
) -> Result<Vec<BookingId>, DbError> {
    let expired = repository_holds::lock_expired(conn, now, RELEASED_AT_ONCE as i64).await?;
    if expired.is_empty() {
        return Ok(Vec::new());
    }
    let bookings: Vec<Uuid> = expired.iter().map(|(booking, ..)| *booking).collect();
    repository_holds::count_down(conn, &bookings).await?;
    repository_holds::cancel_all(conn, &bookings).await?;
    repository_holds::delete(conn, &bookings).await?;
    let released = expired
        .iter()
        .map(|(_, student, mentor)| (UserId(*student), MentorId(*mentor)));
    touched.add(cached::groups(released));
    Ok(bookings.into_iter().map(BookingId).collect())
}
