//! The ledger of one trial. An attempt is entered *before* its request goes out, as in doubt,
//! so that an answer that never comes leaves it exactly that.

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::{
    api::bookings::BookingView,
    ids::{RoomId, SlotId, UserId},
    ledger::{BookingOutcome, BookingPromise, Ledger, MessagePromise},
};

use super::freshness::{Reading, Visible};
use loadgen_experiment::system::{Freshness, WriteCounts};

/// Most entries of either kind: some 40 MB of JSON, which an audit still takes.
const MOST: usize = 200_000;

/// The ledger while it is written; shared by all virtual users of a trial.
#[derive(Debug, Default)]
pub struct LedgerRecorder(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    ledger: Ledger,
    visible: Visible,
}

/// Where an attempt was entered; without one it found no room, and nothing more is noted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerEntry(Option<usize>);

impl LedgerRecorder {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A user that panicked while holding it leaves whole entries behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A booking is about to be asked for. One entry an idempotency key: repetitions have none.
    pub fn booking(&self, student: UserId, slot: SlotId) -> LedgerEntry {
        let mut entries = self.entries();
        let promise = BookingPromise {
            student,
            slot,
            booking: None,
            told: BookingOutcome::InDoubt,
        };
        enter(&mut entries.ledger, |ledger| &mut ledger.bookings, promise)
    }

    /// It was acknowledged.
    pub fn booked(&self, entry: LedgerEntry, booking: &BookingView) {
        let mut entries = self.entries();
        let Some(promise) = entry.0.and_then(|at| entries.ledger.bookings.get_mut(at)) else {
            // What the ledger has no room for is not followed either: both stay bounded.
            return;
        };
        promise.booking = Some(booking.id);
        promise.told = BookingOutcome::Booked;
        entries.visible.booked(booking);
    }

    /// It was refused: the slot was `full`, or for another reason.
    pub fn refused(&self, entry: LedgerEntry, full: bool) {
        self.tell(
            entry,
            if full {
                BookingOutcome::Full
            } else {
                BookingOutcome::Refused
            },
        );
    }

    /// A cancellation of it is about to be asked for.
    pub fn cancelling(&self, entry: LedgerEntry, booking: &BookingView) {
        self.entries().visible.cancelling(booking);
        self.tell(entry, BookingOutcome::CancelInDoubt);
    }

    /// It was cancelled.
    pub fn cancelled(&self, entry: LedgerEntry, booking: &BookingView) {
        self.entries().visible.cancelled(booking);
        self.tell(entry, BookingOutcome::Cancelled);
    }

    fn tell(&self, entry: LedgerEntry, told: BookingOutcome) {
        let mut entries = self.entries();
        if let Some(promise) = entry.0.and_then(|at| entries.ledger.bookings.get_mut(at)) {
            promise.told = told;
        }
    }

    /// A chat message is about to be sent.
    pub fn message(&self, room: RoomId, sender: UserId, client_id: &str) -> LedgerEntry {
        let mut entries = self.entries();
        let promise = MessagePromise {
            room,
            sender,
            client_id: client_id.to_owned(),
            seq: None,
        };
        enter(&mut entries.ledger, |ledger| &mut ledger.messages, promise)
    }

    /// It was acknowledged under a number.
    pub fn acknowledged(&self, entry: LedgerEntry, seq: i64) {
        let mut entries = self.entries();
        if let Some(promise) = entry.0.and_then(|at| entries.ledger.messages.get_mut(at)) {
            promise.seq = Some(seq);
        }
    }

    /// A student's bookings are about to be read: what was acknowledged by now ought to be seen.
    pub fn reading(&self, student: UserId) -> Reading {
        self.entries().visible.reading(student)
    }

    /// They were read. `whole` tells that the list was not cut to a page.
    pub fn read(&self, reading: &Reading, listed: &[BookingView], whole: bool) {
        self.entries().visible.read(reading, listed, whole);
    }

    /// What was promised.
    pub fn ledger(&self) -> Ledger {
        self.entries().ledger.clone()
    }

    /// How fresh the reads were.
    pub fn freshness(&self) -> Freshness {
        self.entries().visible.freshness()
    }

    /// The promises, counted.
    pub fn counts(&self) -> WriteCounts {
        let entries = self.entries();
        let mut tally = WriteCounts {
            omitted: entries.ledger.omitted,
            ..WriteCounts::default()
        };
        for promise in &entries.ledger.bookings {
            match promise.told {
                BookingOutcome::Booked => tally.acknowledged += 1,
                BookingOutcome::Cancelled => tally.acknowledged += 2,
                BookingOutcome::Full | BookingOutcome::Refused => tally.refused += 1,
                BookingOutcome::InDoubt => tally.in_doubt += 1,
                BookingOutcome::CancelInDoubt => {
                    tally.acknowledged += 1;
                    tally.in_doubt += 1;
                }
            }
        }
        for promise in &entries.ledger.messages {
            if promise.seq.is_some() {
                tally.acknowledged += 1;
            } else {
                tally.in_doubt += 1;
            }
        }
        tally
    }
}

fn enter<T>(ledger: &mut Ledger, list: fn(&mut Ledger) -> &mut Vec<T>, promise: T) -> LedgerEntry {
    let entries = list(ledger);
    if entries.len() >= MOST {
        ledger.omitted += 1;
        return LedgerEntry(None);
    }
    entries.push(promise);
    LedgerEntry(Some(entries.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::freshness::tests::booking;

    fn told(book: &LedgerRecorder) -> Vec<BookingOutcome> {
        let ledger = book.ledger();
        ledger.bookings.iter().map(|one| one.told).collect()
    }

    #[test]
    fn an_attempt_is_in_doubt_until_something_is_told_of_it() {
        let book = LedgerRecorder::default();
        let lesson = booking(1, 7);
        let tickets: Vec<LedgerEntry> = (0..5)
            .map(|_| book.booking(lesson.student_id, lesson.slot_id))
            .collect();
        book.booked(tickets[1], &lesson);
        book.refused(tickets[2], true);
        book.refused(tickets[3], false);
        book.booked(tickets[4], &lesson);
        book.cancelling(tickets[4], &lesson);
        assert_eq!(
            told(&book),
            [
                BookingOutcome::InDoubt,
                BookingOutcome::Booked,
                BookingOutcome::Full,
                BookingOutcome::Refused,
                BookingOutcome::CancelInDoubt
            ]
        );
        book.cancelled(tickets[4], &lesson);
        assert_eq!(told(&book)[4], BookingOutcome::Cancelled);
        let tally = book.counts();
        assert_eq!(
            (tally.acknowledged, tally.refused, tally.in_doubt),
            (3, 2, 1)
        );
    }

    #[test]
    fn what_finds_no_room_is_counted_and_harms_nothing() {
        let mut ledger = Ledger {
            messages: vec![
                MessagePromise {
                    room: RoomId(uuid::Uuid::nil()),
                    sender: UserId(uuid::Uuid::nil()),
                    client_id: String::new(),
                    seq: None,
                };
                MOST
            ],
            ..Ledger::default()
        };
        let one = ledger.messages[0].clone();
        let entry = enter(&mut ledger, |ledger| &mut ledger.messages, one);
        assert_eq!((entry, ledger.omitted), (LedgerEntry(None), 1));
        let book = LedgerRecorder(Mutex::new(Entries {
            ledger,
            visible: Visible::default(),
        }));
        book.acknowledged(entry, 4);
        assert_eq!(book.counts().acknowledged, 0);
    }
}
