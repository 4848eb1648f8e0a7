//! Taking another slot of the same mentor for a booking: one transaction, the same under every strategy.
//!
//! Locks are taken in the order of all of this feature: student, both slots in the order of their ids, booking.
//! Everything that is decided by is read under them, and the strategies that take a place without the lock of its
//! slot wait for it where they insert. Where these are serializable this is too, as they take no lock of the student:
//! it decides by what there was at its begin, and loses against whoever wrote the slots or the booking since.
//! Payments are not touched: the price is the same, and a hold ends when it would have ended.

use std::sync::Arc;

use futures_util::FutureExt as _;
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        notifications::NotificationKind,
    },
    ids::{BookingId, SlotId, UserId},
    row_security::Person,
};
use sqlx::PgConnection;

use super::{
    cached,
    model::{BookableSlot, BookingFailure, BookingRefusal},
    repository, repository_holds, repository_precheck, repository_reschedule, reserve,
    service::{self, RETRIES},
};
use crate::{
    clock::Clock,
    db::Isolation,
    engine::Engine,
    error::ApiError,
    features::notifications::{Audience, Outgoing},
    timing,
};

/// Puts a booking of this person's into another slot; the same slot again changes nothing.
pub(super) async fn reschedule(
    engine: Arc<Engine>,
    clock: Clock,
    person: Person,
    id: BookingId,
    to: SlotId,
) -> Result<BookingView, ApiError> {
    // A booking stays its student's, so the lock can be taken by what was seen before it.
    let student = service::get(&engine, person, id).await?.student_id;
    timing::shielded(async move {
        let isolation = reserve::isolation(engine.policies.bookings.strategy);
        let lock =
            (isolation == Isolation::ReadCommitted).then(|| repository::student_lock(student));
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = engine.change_under(isolation, lock, RETRIES, move |conn, touched| {
            let (notices, clock) = (notices.attempt(), clock.clone());
            async move {
                let done = carry_out(conn, &clock, person.id(), id, to).await?;
                let (Rescheduled::Now(booking) | Rescheduled::Before(booking)) = &done;
                if matches!(done, Rescheduled::Now(_)) {
                    let kind = NotificationKind::BookingMoved;
                    let reader = Audience::OtherThan(person.id());
                    notices
                        .write(conn, kind, reader, &[id], clock.now())
                        .await?;
                }
                // Also where nothing is changed: the process that did it may have ended before it could
                // invalidate.
                touched.add(cached::groups([(booking.student_id, booking.mentor_id)]));
                Ok::<_, BookingFailure>(done)
            }
            .boxed()
        });
        match work.await {
            Ok(Rescheduled::Now(booking)) => {
                outgoing.push();
                Ok(booking)
            }
            Ok(Rescheduled::Before(booking)) => Ok(booking),
            Err(failure) => {
                if let BookingFailure::Refused(refusal) = &failure
                    && refusal.is_conflict()
                {
                    service::log_conflict(&engine, to, student, refusal).await;
                }
                Err(failure.into())
            }
        }
    })
    .await
}

/// A booking that is in the slot that was asked for.
#[derive(Debug)]
enum Rescheduled {
    /// It was put there by this request.
    Now(BookingView),
    /// It was there already.
    Before(BookingView),
}

/// The work of the transaction, under the lock of the student where it takes one.
async fn carry_out(
    conn: &mut PgConnection,
    clock: &Clock,
    person: UserId,
    id: BookingId,
    to: SlotId,
) -> Result<Rescheduled, BookingFailure> {
    repository_reschedule::lock_slots(conn, id, to).await?;
    repository_holds::lock_booking(conn, id).await?;
    let booking = repository::find_for(conn, id, person)
        .await?
        .ok_or(BookingRefusal::NoSuchBooking)?;
    // The time after the locks: a lesson that began while they were waited for may have been marked.
    let now = clock.now();
    match booking.status {
        BookingStatus::Cancelled => return Err(BookingRefusal::Cancelled.into()),
        BookingStatus::Completed => return Err(BookingRefusal::Underway.into()),
        BookingStatus::Confirmed => {}
    }
    if booking.scheduled_at <= now || repository_reschedule::has_class(conn, id).await? {
        return Err(BookingRefusal::Underway.into());
    }
    if booking.slot_id == to {
        return Ok(Rescheduled::Before(booking));
    }
    let seen = repository_precheck::precheck_for(conn, to, booking.student_id, id)
        .await?
        .ok_or(BookingRefusal::NoSuchSlot)?;
    let slot = seen.slot;
    if !is_alike(&booking, &slot) {
        return Err(BookingRefusal::SlotDiffers.into());
    }
    if !slot.offered || slot.starts_at <= now {
        return Err(BookingRefusal::SlotClosed.into());
    }
    if let Some((from, to)) = seen.overlap {
        return Err(BookingRefusal::StudentBusy { from, to }.into());
    }
    let seat = reserve::smallest_free_seat(conn, &slot)
        .await?
        .ok_or(BookingRefusal::SlotFull)?;
    repository_reschedule::put(conn, id, booking.slot_id, &slot, seat)
        .await
        .map_err(|error| reserve::guarded(error.into()))?;
    Ok(Rescheduled::Now(BookingView {
        slot_id: slot.id,
        scheduled_at: slot.starts_at,
        ends_at: slot.ends_at,
        ..booking
    }))
}

/// Whether a slot is a place of the same kind as a booking: of its mentor, as long, at its price.
fn is_alike(booking: &BookingView, slot: &BookableSlot) -> bool {
    slot.mentor_id == booking.mentor_id
        && slot.ends_at - slot.starts_at == booking.ends_at - booking.scheduled_at
        && slot.price_cents == booking.price_cents
}
