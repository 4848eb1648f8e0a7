//! Bookings: create, repeat with the same key, list, cancel, book again, take another slot; and a race of many
//! students for one slot.
//!
//! A full slot and a busy student are expected responses, not errors. Errors are a slot that is booked
//! twice, and a repetition that makes a second booking.

mod reschedule;
mod steps;

use rand::RngExt as _;
use shared::{
    api::bookings::{BookingStatus, BookingView},
    dataset::{self, RACE_SLOTS, RowKind},
    ids::{BookingId, SlotId, UserId},
    paths,
    problem::Code,
};

use self::{
    reschedule::RESCHEDULE,
    steps::{MINE, check_mine, read_own, slot_refusal},
};
use super::mentors;
use crate::flows::{
    AppFlow, AppIteration, CachedReads, FeatureFlows, FlowFuture, Op, TestAccount, until_failure,
};
use crate::ledger::{LedgerEntry, LedgerRecorder};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    flow::failure,
    request::Request,
    sample::Outcome,
};

pub(crate) use self::steps::create_request;
pub(super) use self::steps::{CREATE, create, fresh_key, open_slot};

/// Number of students that request the same place at once.
const RACERS: usize = 16;
/// Share of students who send the same booking again, as a client does that got no response; of those
/// who cancel it arrives after the cancellation, like a request that the network delayed.
const REPEATS: f64 = 0.1;
/// Share of students who cancel.
const CANCELS: f64 = 0.3;
/// The same booking under the same key: it makes no second one, and is counted as none.
static REPEAT: Op = Op::post("bookings.repeat");
static CANCEL: Op = Op::post("bookings.cancel");
static RACE: Op = Op::post("bookings.race");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&CREATE, &REPEAT, &MINE, &CANCEL, &RESCHEDULE, &RACE],
    headline: &[&CREATE, &RACE],
    completes: &[
        ("bookings made", &[&CREATE, &RACE]),
        ("bookings cancelled", &[&CANCEL]),
        ("bookings rescheduled", &[&RESCHEDULE]),
    ],
    flows: &[
        AppFlow {
            name: "bookings.book",
            help: "a student books an open slot of a popular mentor, finds it listed, sometimes cancels",
            operations: &[&mentors::AVAILABILITY, &CREATE, &REPEAT, &MINE, &CANCEL],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(book(it)),
        },
        AppFlow {
            name: "bookings.rebook",
            help: "a student books an open slot, cancels, books the same slot again and finds it listed",
            operations: &[&mentors::AVAILABILITY, &CREATE, &CANCEL, &MINE],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(rebook(it)),
        },
        reschedule::FLOW,
        AppFlow {
            name: "bookings.race",
            help: "sixteen students want the same place at once: exactly one gets it",
            operations: &[&RACE],
            needs_sessions: true,
            at_once: RACERS,
            run: |it| FlowFuture::new(race(it)),
        },
    ],
    caches: &[CachedReads {
        switch: "cache.bookings",
        operation: &MINE,
        weights: None,
    }],
    ..FeatureFlows::new("bookings", "Booking")
};

async fn book(mut it: AppIteration<'_>) -> Option<()> {
    let key = fresh_key(it.world, it.rng);
    let (repeat, cancel) = (it.rng.random_bool(REPEATS), it.rng.random_bool(CANCELS));
    let account = it.world.any_account(it.rng)?;
    let slot = open_slot(&mut it).await?;
    let (entry, booking) = create(&mut it, account, &slot, &key, None).await?;
    // A copy of the request may also be so late that the place was given back meanwhile.
    if repeat && !cancel {
        send_again(&mut it, account, &booking, &key).await;
    }
    find_listed(&mut it, account, &booking).await;
    if cancel {
        give_back(&mut it, account, entry, &booking).await;
        if repeat {
            send_again(&mut it, account, &booking, &key).await;
        }
    }
    Some(())
}

async fn rebook(mut it: AppIteration<'_>) -> Option<()> {
    let first = fresh_key(it.world, it.rng);
    let second = fresh_key(it.world, it.rng);
    let account = it.world.any_account(it.rng)?;
    let slot = open_slot(&mut it).await?;
    let (entry, booking) = create(&mut it, account, &slot, &first, None).await?;
    if !give_back(&mut it, account, entry, &booking).await {
        return None;
    }
    // Another student may be quicker: then it is refused, as it should be.
    let again = create(&mut it, account, &slot, &second, Some(booking.id)).await;
    if let Some((_, again)) = again {
        find_listed(&mut it, account, &again).await;
    }
    Some(())
}

/// Sends the request of a booking once more.
async fn send_again(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    booking: &BookingView,
    key: &str,
) {
    let request = create_request(account, booking.slot_id, key);
    it.call(&REPEAT, request, |reply| check_repeat(reply, booking.id))
        .await;
}

/// Looks for a new booking on the list of one's own.
async fn find_listed(it: &mut AppIteration<'_>, account: &TestAccount, booking: &BookingView) {
    let may_be_old = it.world.reads_may_be_old;
    read_own(it, account, |items| check_mine(items, booking, may_be_old)).await;
}

/// Gives a place back; whether that was acknowledged.
async fn give_back(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    entry: LedgerEntry,
    booking: &BookingView,
) -> bool {
    let world = it.world;
    let ledger = &world.ledger;
    ledger.cancelling(entry, booking);
    let request = Request::post(paths::with_id(paths::BOOKING_CANCEL, booking.id))
        .bearer(&account.token.get());
    let cancelled = it
        .call(&CANCEL, request, |reply| check_cancel(reply, booking.id))
        .await;
    if cancelled.is_some() {
        ledger.cancelled(entry, booking);
    }
    cancelled.is_some()
}

async fn race(it: AppIteration<'_>) {
    let number = (it.arrival % u64::from(RACE_SLOTS)) as u32;
    let slot = SlotId(dataset::id(RowKind::RaceSlot, number));
    // After so many races every place was had once, and the winner may be of an earlier one.
    let first_time = it.world.fresh && it.arrival < u64::from(RACE_SLOTS);
    let accounts = &it.world.accounts;
    if accounts.is_empty() {
        return;
    }
    let start = it.rng.random_range(0..accounts.len());
    let racers: Vec<&TestAccount> = (0..RACERS.min(accounts.len()))
        .map(|place| &accounts[(start + place) % accounts.len()])
        .collect();
    let requests = racers
        .iter()
        .map(|account| create_request(account, slot, &fresh_key(it.world, it.rng)))
        .collect();
    let students: Vec<UserId> = racers.iter().map(|account| account.id).collect();
    let ledger = &it.world.ledger;
    let entries: Vec<LedgerEntry> = students
        .iter()
        .map(|student| ledger.booking(*student, slot))
        .collect();
    let replies = it.transport.burst(RACE.id(), requests).await;
    for (entry, reply) in entries.into_iter().zip(&replies) {
        note_racer(ledger, entry, reply.as_ref());
    }
    for (index, outcome) in judge_race(&replies, slot, &students, first_time)
        .into_iter()
        .enumerate()
    {
        match outcome {
            Some(Ok(())) => it.transport.settle_nth(index, Outcome::Ok, None),
            Some(Err((outcome, why))) => it.transport.settle_nth(index, outcome, Some(why)),
            // Failed on the way: recorded already.
            None => {}
        }
    }
}

/// Enters the outcome of one racer; what is neither a booking nor a refusal stays in doubt.
fn note_racer(ledger: &LedgerRecorder, entry: LedgerEntry, reply: Option<&Reply>) {
    let Some(reply) = reply else { return };
    if let Some(code) = slot_refusal(reply) {
        ledger.refused(entry, code == Code::SlotFull);
    } else if let Ok(booking) = check::json::<BookingView>(reply, 201) {
        ledger.booked(entry, &booking);
    }
}

type Judgement = Option<Result<(), (Outcome, String)>>;

/// Judges the responses of one race: one booking, and all others `slot_full`; or all `slot_closed`, as
/// for the slots of a mentor who gives no lessons at present.
fn judge_race(
    replies: &[Option<Reply>],
    slot: SlotId,
    students: &[UserId],
    first_time: bool,
) -> Vec<Judgement> {
    let answered = || replies.iter().flatten();
    let lost = replies.iter().any(Option::is_none);
    let closed = answered().all(|reply| check::problem_code(reply) == Some(Code::SlotClosed));
    let all_full = answered().all(|reply| check::problem_code(reply) == Some(Code::SlotFull));
    let mut winners = 0;
    let mut judged: Vec<Judgement> = replies
        .iter()
        .zip(students)
        .map(|(reply, student)| {
            let reply = reply.as_ref()?;
            if closed {
                return Some(Ok(()));
            }
            if reply.status == 201 {
                winners += 1;
                if winners > 1 {
                    return Some(Err((
                        Outcome::BodyMismatch,
                        "slot given twice: more than one student got the same place".to_owned(),
                    )));
                }
            }
            Some(
                check_racer(reply, slot, *student, first_time)
                    .map_err(|mismatch| (failure(reply), mismatch.to_string())),
            )
        })
        .collect();
    // A lost answer may have been the winner's.
    if first_time
        && all_full
        && !lost
        && let Some(first) = judged.first_mut()
    {
        *first = Some(Err((
            Outcome::BodyMismatch,
            "the slot was free, and no student got it".to_owned(),
        )));
    }
    judged
}

fn check_racer(
    reply: &Reply,
    slot: SlotId,
    student: UserId,
    first_time: bool,
) -> Result<(), Mismatch> {
    let refusal = check::problem(reply).filter(|one| {
        // Who won an earlier race for this place has it.
        one.code == Code::SlotFull || (one.code == Code::StudentBusy && !first_time)
    });
    match refusal {
        Some(one) if one.detail.trim().is_empty() => {
            return Err(Mismatch::new("a refusal that does not say why"));
        }
        Some(_) => return Ok(()),
        None => {}
    }
    let booking: BookingView = check::json(reply, 201)?;
    if booking.slot_id == slot
        && booking.student_id == student
        && booking.status == BookingStatus::Confirmed
    {
        Ok(())
    } else {
        Err(Mismatch::new(
            "the booking is not the one that was asked for",
        ))
    }
}

/// The same key again: the same booking, and no refusal.
fn check_repeat(reply: &Reply, first: BookingId) -> Result<(), Mismatch> {
    let expected = if reply.status == 200 { 200 } else { 201 };
    let booking: BookingView = check::json(reply, expected)?;
    if booking.id == first {
        Ok(())
    } else {
        Err(Mismatch::new(
            "the same idempotency key made a second booking",
        ))
    }
}

fn check_cancel(reply: &Reply, id: BookingId) -> Result<(), Mismatch> {
    let booking: BookingView = check::json(reply, 200)?;
    if booking.id == id && booking.status == BookingStatus::Cancelled {
        Ok(())
    } else {
        Err(Mismatch::new(
            "the answer does not show the booking cancelled",
        ))
    }
}

#[cfg(test)]
mod tests;
