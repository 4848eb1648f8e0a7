//! What several flows do with bookings: find an open slot, book it, look at the list of one's own.

use chrono::TimeDelta;
use rand::RngExt as _;
use shared::{
    api::{
        bookings::{BookingRequest, BookingStatus, BookingView},
        mentors::SlotView,
    },
    dataset::{self, RowKind},
    ids::{BookingId, MentorId, SlotId, UserId},
    page::{MAX_PER_PAGE, Page},
    paths,
    problem::Code,
};

use crate::features::mentors;
use crate::flows::{AppIteration, DrawnPlace, Op, TestAccount, World};
use crate::ledger::LedgerEntry;
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};
use loadgen_stats::seed::Chance;

/// Weeks ahead from which a place is looked for: as far as the seeded slots reach, so that the places of the
/// next two weeks are not all there is for a load of many users.
pub(super) const WEEKS: i64 = 7;
/// How many mentors without an open slot are tried before an iteration ends.
const TRIES: usize = 3;

pub(in super::super) static CREATE: Op = Op::post("bookings.create");
pub(super) static MINE: Op = Op::get("bookings.mine");

/// Books a place; the booking with its entry in the ledger, where it was neither refused nor failed. A
/// student who gave the place back before gets a new booking, not the `cancelled` one.
pub(in super::super) async fn create(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    slot: &SlotView,
    key: &str,
    cancelled: Option<BookingId>,
) -> Option<(LedgerEntry, BookingView)> {
    let world = it.world;
    let ledger = &world.ledger;
    let entry = ledger.booking(account.id, slot.id);
    let request = create_request(account, slot.id, key);
    let created = it
        .call(&CREATE, request, |reply| {
            match check_create(reply, slot, account.id)? {
                Ok(booking) if Some(booking.id) == cancelled => {
                    Err(Mismatch::new("the new booking is the cancelled one"))
                }
                created => Ok(created),
            }
        })
        .await;
    // Failed, or answered with something else: it stays in doubt.
    match created? {
        Ok(booking) => {
            ledger.booked(entry, &booking);
            Some((entry, booking))
        }
        Err(refusal) => {
            ledger.refused(entry, refusal == Code::SlotFull);
            None
        }
    }
}

/// An open slot of a mentor picked by popularity, in one of the coming weeks.
pub(in super::super) async fn open_slot(it: &mut AppIteration<'_>) -> Option<SlotView> {
    for _ in 0..TRIES {
        let mentor = MentorId(dataset::id(RowKind::Mentor, it.world.mentors.pick(it.rng)));
        let place = DrawnPlace::draw(it.rng);
        let request = match it.rng.random_range(0..WEEKS) {
            0 => mentors::availability_request(mentor),
            weeks => {
                let from = it.world.made_at + TimeDelta::weeks(weeks);
                mentors::availability_from(mentor, from)
            }
        };
        let slots = it
            .call(&mentors::AVAILABILITY, request, |reply| {
                mentors::check_availability(reply, mentor)
            })
            .await?;
        if let Some(slot) = place.item(&slots) {
            return Some(slot.clone());
        }
    }
    None
}

/// A key that no earlier request had, in this run or in one before.
pub(in super::super) fn fresh_key(world: &World, rng: &mut Chance) -> String {
    format!("{:016x}-{:032x}", world.nonce, rng.random::<u128>())
}

pub(crate) fn create_request(account: &TestAccount, slot_id: SlotId, key: &str) -> Request {
    Request::post_json(paths::BOOKINGS, &BookingRequest { slot_id })
        .bearer(&account.token.get())
        .idempotency_key(key)
}

/// Why a slot was not given, where that may be: it is full or closed by then, or the student has another lesson.
pub(super) fn slot_refusal(reply: &Reply) -> Option<Code> {
    let may_be =
        |code: &Code| matches!(code, Code::SlotFull | Code::StudentBusy | Code::SlotClosed);
    check::problem_code(reply).filter(may_be)
}

/// The booking, or the refusal where that may be.
pub(super) fn check_create(
    reply: &Reply,
    slot: &SlotView,
    student: UserId,
) -> Result<Result<BookingView, Code>, Mismatch> {
    if let Some(code) = slot_refusal(reply) {
        return Ok(Err(code));
    }
    let booking: BookingView = check::json(reply, 201)?;
    let same = booking.slot_id == slot.id
        && booking.mentor_id == slot.mentor_id
        && booking.student_id == student
        && booking.status == BookingStatus::Confirmed
        && booking.scheduled_at == slot.starts_at
        && booking.ends_at == slot.ends_at
        && booking.price_cents == slot.price_cents;
    if same {
        Ok(Ok(booking))
    } else {
        Err(Mismatch::new(
            "the booking is not the one that was asked for",
        ))
    }
}

/// Reads the newest bookings of one's own, and holds them against the ledger and against `check`.
pub(super) async fn read_own(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    check: impl Fn(&[BookingView]) -> Result<(), Mismatch>,
) {
    let mine = Request::get(format!("{}?per_page={MAX_PER_PAGE}", paths::BOOKINGS))
        .bearer(&account.token.get());
    let world = it.world;
    let ledger = &world.ledger;
    let reading = ledger.reading(account.id);
    it.call(&MINE, mine, |reply| {
        let items = listed(reply, account.id)?;
        let whole = items.len() < MAX_PER_PAGE as usize;
        ledger.read(&reading, &items, whole);
        check(&items)
    })
    .await;
}

/// A student's own bookings, newest lesson first.
pub(super) fn listed(reply: &Reply, student: UserId) -> Result<Vec<BookingView>, Mismatch> {
    let page: Page<BookingView> = check::json(reply, 200)?;
    let items = page.items;
    if items.iter().any(|one| one.student_id != student) {
        return Err(Mismatch::new("the list shows another student's booking"));
    }
    if items
        .windows(2)
        .any(|pair| pair[0].scheduled_at < pair[1].scheduled_at)
    {
        return Err(Mismatch::new("the bookings are not newest lesson first"));
    }
    Ok(items)
}

/// The new booking is listed, unless the list `may_be_old`: then its absence is a stale read only.
pub(super) fn check_mine(
    items: &[BookingView],
    booking: &BookingView,
    may_be_old: bool,
) -> Result<(), Mismatch> {
    match items.iter().find(|one| one.id == booking.id) {
        Some(found) if found.slot_id == booking.slot_id => Ok(()),
        Some(_) => Err(Mismatch::new("the listed booking is in another slot")),
        // A full page may end before it.
        None if items.len() >= MAX_PER_PAGE as usize
            && items
                .last()
                .is_some_and(|last| last.scheduled_at >= booking.scheduled_at) =>
        {
            Ok(())
        }
        None if may_be_old => Ok(()),
        None => Err(Mismatch::new(
            "the new booking is not among one's own: the list is stale",
        )),
    }
}
