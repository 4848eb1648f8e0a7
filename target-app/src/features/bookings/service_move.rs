//! Moving a slot to another time, with the bookings in it: one transaction.
//!
//! Locks are taken in the order of all of this feature, with the mentor's before them: mentor,
//! students, slot, booking. A student who takes a place while the others are being locked is
//! noticed under the slot's lock, and the move begins again. A booking that looked at the slot
//! before it was moved finds other times when it inserts, and begins again too.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::notifications::NotificationKind,
    ids::{BookingId, SlotId, UserId},
};
use sqlx::PgConnection;

use super::{
    cached,
    model::{BookingFailure, BookingRefusal},
    repository, repository_move, reserve,
    service::RETRIES,
};
use crate::{
    cache::TouchedGroups,
    clock::Clock,
    db::{DbError, Isolation},
    engine::Engine,
    error::ApiError,
    features::notifications::{Audience, Outgoing},
    timing,
};

/// What a mentor asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MoveAttempt {
    /// The mentor's account.
    pub(crate) mentor: UserId,
    /// Which of their slots.
    pub(crate) slot: SlotId,
    /// Its new begin; its length stays.
    pub(crate) starts_at: DateTime<Utc>,
}

/// Moves a slot of the mentor's own.
pub(crate) async fn move_slot(
    engine: Arc<Engine>,
    clock: Clock,
    attempt: MoveAttempt,
) -> Result<(), ApiError> {
    timing::shielded(async move {
        let isolation = reserve::isolation(engine.policies.bookings.strategy);
        let lock = (isolation == Isolation::ReadCommitted)
            .then(|| repository_move::mentor_lock(attempt.mentor));
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change_under(isolation, lock, RETRIES, move |conn, touched| {
            let (notices, clock) = (notices.attempt(), clock.clone());
            async move {
                let moved = carry_out(conn, isolation, &clock, attempt, &touched).await?;
                let (kind, readers) = (NotificationKind::BookingMoved, Audience::Student);
                notices
                    .write(conn, kind, readers, &moved, clock.now())
                    .await?;
                Ok::<_, BookingFailure>(())
            }
            .boxed()
        });
        work.await?;
        outgoing.push();
        Ok(())
    })
    .await
}

/// The work of a move's transaction, under the lock of the mentor where it takes any; notes the students
/// whose bookings have other times by it, and returns those of the bookings that are active.
async fn carry_out(
    conn: &mut PgConnection,
    isolation: Isolation,
    clock: &Clock,
    attempt: MoveAttempt,
    touched: &TouchedGroups,
) -> Result<Vec<BookingId>, BookingFailure> {
    let slot = repository_move::find_own(conn, attempt.slot, attempt.mentor)
        .await?
        .ok_or(BookingRefusal::NoSuchSlot)?;
    if slot.starts_at <= clock.now() {
        return Err(BookingRefusal::TooLateToMove.into());
    }
    let mut students = repository_move::students(conn, &slot).await?;
    if isolation == Isolation::ReadCommitted {
        repository_move::lock_students(conn, &students).await?;
        repository::lock_slot(conn, slot.id).await?;
        let locked = students;
        students = repository_move::students(conn, &slot).await?;
        if students.iter().any(|student| !locked.contains(student)) {
            return Err(DbError::stale_read().into());
        }
    }
    let (from, to) = (
        attempt.starts_at,
        attempt.starts_at + (slot.ends_at - slot.starts_at),
    );
    if from == slot.starts_at {
        return Ok(Vec::new());
    }
    if let Some((from, to)) = repository_move::find_mentor_overlap(conn, &slot, from, to).await? {
        return Err(BookingRefusal::MentorBusy { from, to }.into());
    }
    let busy = repository_move::find_students_overlap(conn, slot.id, &students, from, to).await?;
    if let Some((from, to)) = busy {
        return Err(BookingRefusal::StudentBusy { from, to }.into());
    }
    repository_move::move_slot(conn, slot.id, from, to)
        .await
        .map_err(|error| taken(error, from, to))?;
    let moved = repository_move::move_bookings(conn, &slot, from, to).await?;
    // Now that the bookings are locked: a lesson that began while they were waited for may have been marked.
    if slot.starts_at <= clock.now() {
        return Err(BookingRefusal::TooLateToMove.into());
    }
    let students = moved.iter().map(|booking| (booking.student, slot.mentor));
    touched.add(cached::groups(students));
    let active = moved.into_iter().filter(|booking| booking.is_active);
    Ok(active.map(|booking| booking.id).collect())
}

/// A slot with the same begin that no look for overlaps saw: one whose transaction ended since.
fn taken(error: DbError, from: DateTime<Utc>, to: DateTime<Utc>) -> BookingFailure {
    if error.is_constraint("slot_mentor_id_starts_at_key") {
        BookingRefusal::MentorBusy { from, to }.into()
    } else {
        error.into()
    }
}
