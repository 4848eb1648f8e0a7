//! A student takes another slot of the same mentor for a booking.
//!
//! A slot that is full or closed by then, or in the way of another lesson, is an expected response. Errors are an
//! answer that does not show the booking there, and a list of one's own that shows it where it was.

use chrono::TimeDelta;
use shared::{
    api::{
        bookings::{BookingStatus, BookingView, RescheduleRequest},
        mentors::SlotView,
    },
    paths,
    problem::Code,
};

use super::steps::{
    CREATE, MINE, check_mine, create, fresh_key, open_slot, read_own, slot_refusal,
};
use crate::features::mentors;
use crate::flows::{AppFlow, AppIteration, DrawnPlace, Op, TestAccount, until_failure};
use crate::ledger::LedgerEntry;
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

pub(super) static RESCHEDULE: Op = Op::post("bookings.reschedule");

pub(super) const FLOW: AppFlow = AppFlow {
    name: "bookings.reschedule",
    help: "a student books an open slot, takes another one of that mentor instead and finds it listed",
    operations: &[&mentors::AVAILABILITY, &CREATE, &RESCHEDULE, &MINE],
    needs_sessions: true,
    at_once: 1,
    run: |it| until_failure(reschedule(it)),
};

async fn reschedule(mut it: AppIteration<'_>) -> Option<()> {
    let key = fresh_key(it.world, it.rng);
    let place = DrawnPlace::draw(it.rng);
    let account = it.world.any_account(it.rng)?;
    let slot = open_slot(&mut it).await?;
    let (entry, booking) = create(&mut it, account, &slot, &key, None).await?;
    let other = other_slot(&mut it, &slot, place).await?;
    if let Some(changed) = take(&mut it, account, entry, &booking, &other).await {
        find_rescheduled(&mut it, account, &changed).await;
    }
    Some(())
}

/// Another open slot of the same mentor that a booking of this one can be put into, from a week before it on.
async fn other_slot(
    it: &mut AppIteration<'_>,
    slot: &SlotView,
    place: DrawnPlace,
) -> Option<SlotView> {
    let from = it.world.made_at.max(slot.starts_at - TimeDelta::weeks(1));
    let request = mentors::availability_from(slot.mentor_id, from);
    let slots = it
        .call(&mentors::AVAILABILITY, request, |reply| {
            mentors::check_availability(reply, slot.mentor_id)
        })
        .await?;
    let alike: Vec<SlotView> = slots
        .into_iter()
        .filter(|one| is_alike(one, slot))
        .collect();
    place.item(&alike).cloned()
}

/// Whether it is another slot, as long and at the same price.
fn is_alike(other: &SlotView, slot: &SlotView) -> bool {
    other.id != slot.id
        && other.ends_at - other.starts_at == slot.ends_at - slot.starts_at
        && other.price_cents == slot.price_cents
}

/// Takes the other slot; the booking as it is then, where that was neither refused nor failed.
async fn take(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    entry: LedgerEntry,
    booking: &BookingView,
    other: &SlotView,
) -> Option<BookingView> {
    let world = it.world;
    let ledger = &world.ledger;
    let to = ledger.rescheduling(entry, booking, other.id);
    let path = paths::with_id(paths::BOOKING_RESCHEDULE, booking.id);
    let body = RescheduleRequest { slot_id: other.id };
    let request = Request::post_json(path, &body).bearer(&account.token.get());
    let answered = it
        .call(&RESCHEDULE, request, |reply| {
            check_reschedule(reply, booking, other)
        })
        .await;
    // Failed, or answered with something else: it stays in doubt.
    match answered? {
        Ok(changed) => {
            ledger.rescheduled(entry, to, &changed);
            Some(changed)
        }
        Err(refusal) => {
            ledger.stayed(entry, to, booking, refusal == Code::SlotFull);
            None
        }
    }
}

/// The booking in the other slot, or the refusal where that may be.
fn check_reschedule(
    reply: &Reply,
    booking: &BookingView,
    other: &SlotView,
) -> Result<Result<BookingView, Code>, Mismatch> {
    if let Some(code) = slot_refusal(reply) {
        return Ok(Err(code));
    }
    let changed: BookingView = check::json(reply, 200)?;
    let right = changed.id == booking.id
        && changed.student_id == booking.student_id
        && changed.mentor_id == booking.mentor_id
        && changed.status == BookingStatus::Confirmed
        && changed.price_cents == booking.price_cents
        && changed.slot_id == other.id
        && changed.scheduled_at == other.starts_at
        && changed.ends_at == other.ends_at;
    if right {
        Ok(Ok(changed))
    } else {
        Err(Mismatch::new(
            "the answer does not show the booking in the other slot",
        ))
    }
}

/// Looks for the booking in its other slot on the list of one's own.
async fn find_rescheduled(it: &mut AppIteration<'_>, account: &TestAccount, booking: &BookingView) {
    let may_be_old = it.world.reads_may_be_old;
    read_own(it, account, |items| {
        check_changed(items, booking, may_be_old)
    })
    .await;
}

/// The list shows the booking in its other slot, unless it `may_be_old`: then it may show the former one.
fn check_changed(
    items: &[BookingView],
    booking: &BookingView,
    may_be_old: bool,
) -> Result<(), Mismatch> {
    let is_former = |one: &BookingView| one.id == booking.id && one.slot_id != booking.slot_id;
    if !items.iter().any(is_former) {
        return check_mine(items, booking, may_be_old);
    }
    if may_be_old {
        return Ok(());
    }
    Err(Mismatch::new(
        "the list shows the booking in its former slot: it is stale",
    ))
}
