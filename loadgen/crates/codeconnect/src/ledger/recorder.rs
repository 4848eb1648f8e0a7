//! The ledger of one trial. A write is entered as in doubt *before* its request is sent, and stays
//! in doubt if no response comes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::{
    api::bookings::BookingView,
    ids::{NotificationId, RoomId, SlotId, UserId},
    ledger::{BookingEntry, BookingOutcome, Ledger, MessageEntry, ReadEntry},
};

use super::{
    freshness::{Reading, Visible},
    record::ClientRecord,
};
use loadgen_experiment::system::{Freshness, WriteCounts};

/// Maximum number of entries of either kind: about 40 MB of JSON, which an audit still accepts.
const MAX_ENTRIES: usize = 200_000;

/// The ledger while it is written; shared by all virtual users of a trial.
#[derive(Debug, Default)]
pub struct LedgerRecorder(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    ledger: Ledger,
    visible: Visible,
}

/// Index of an entry; `None` if the ledger had no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerEntry(Option<usize>);

impl LedgerRecorder {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A user that panicked while holding the lock left complete entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a booking that is about to be requested. One entry for each idempotency key.
    pub fn booking(&self, student: UserId, slot: SlotId) -> LedgerEntry {
        let mut entries = self.entries();
        let write = BookingEntry {
            student,
            slot,
            booking: None,
            outcome: BookingOutcome::InDoubt,
        };
        enter(&mut entries.ledger, |ledger| &mut ledger.bookings, write)
    }

    /// The booking was acknowledged.
    pub fn booked(&self, entry: LedgerEntry, booking: &BookingView) {
        let mut entries = self.entries();
        let Some(write) = entry.0.and_then(|at| entries.ledger.bookings.get_mut(at)) else {
            // Freshness is not followed either, so that both stay bounded.
            return;
        };
        write.booking = Some(booking.id);
        write.outcome = BookingOutcome::Booked;
        entries.visible.booked(booking);
    }

    /// The booking was refused: the slot was `full`, or for another reason.
    pub fn refused(&self, entry: LedgerEntry, full: bool) {
        self.settle(
            entry,
            if full {
                BookingOutcome::Full
            } else {
                BookingOutcome::Refused
            },
        );
    }

    /// A cancellation is about to be requested.
    pub fn cancelling(&self, entry: LedgerEntry, booking: &BookingView) {
        self.entries().visible.cancelling(booking);
        self.settle(entry, BookingOutcome::CancelInDoubt);
    }

    /// The cancellation was acknowledged.
    pub fn cancelled(&self, entry: LedgerEntry, booking: &BookingView) {
        self.entries().visible.cancelled(booking);
        self.settle(entry, BookingOutcome::Cancelled);
    }

    fn settle(&self, entry: LedgerEntry, outcome: BookingOutcome) {
        let mut entries = self.entries();
        if let Some(write) = entry.0.and_then(|at| entries.ledger.bookings.get_mut(at)) {
            write.outcome = outcome;
        }
    }

    /// Enters a chat message that is about to be sent.
    pub fn message(&self, room: RoomId, sender: UserId, client_id: &str) -> LedgerEntry {
        let mut entries = self.entries();
        let write = MessageEntry {
            room,
            sender,
            client_id: client_id.to_owned(),
            seq: None,
        };
        enter(&mut entries.ledger, |ledger| &mut ledger.messages, write)
    }

    /// The message was acknowledged with its number.
    pub fn acknowledged(&self, entry: LedgerEntry, seq: i64) {
        let mut entries = self.entries();
        if let Some(write) = entry.0.and_then(|at| entries.ledger.messages.get_mut(at)) {
            write.seq = Some(seq);
        }
    }

    /// Enters a notification that is about to be marked read. One that finds no room is not followed: a
    /// mark cannot be a phantom.
    pub fn marking(&self, reader: UserId, notification: NotificationId) -> LedgerEntry {
        let reads = &mut self.entries().ledger.reads;
        if reads.len() >= MAX_ENTRIES {
            return LedgerEntry(None);
        }
        reads.push(ReadEntry {
            reader,
            notification,
            acknowledged: false,
        });
        LedgerEntry(Some(reads.len() - 1))
    }

    /// The mark was acknowledged.
    pub fn marked(&self, entry: LedgerEntry) {
        let mut entries = self.entries();
        if let Some(write) = entry.0.and_then(|at| entries.ledger.reads.get_mut(at)) {
            write.acknowledged = true;
        }
    }

    /// A student's bookings are about to be read: the response should show what is acknowledged by now.
    pub fn reading(&self, student: UserId) -> Reading {
        self.entries().visible.reading(student)
    }

    /// They were read. `whole` means that the list is not limited to a page.
    pub fn read(&self, reading: &Reading, listed: &[BookingView], whole: bool) {
        self.entries().visible.read(reading, listed, whole);
    }

    /// The ledger as another process joins it with its own.
    pub fn record(&self) -> ClientRecord {
        let entries = self.entries();
        ClientRecord::of(entries.ledger.clone(), &entries.visible.freshness())
    }

    /// Adds the ledger of another process. What finds no room is counted as omitted, like a write that
    /// this process had no room for.
    pub fn join(&self, record: ClientRecord) {
        let mut entries = self.entries();
        entries.visible.join(record.freshness());
        let (mine, theirs) = (&mut entries.ledger, record.ledger);
        mine.omitted += theirs.omitted;
        mine.omitted += append(&mut mine.bookings, theirs.bookings);
        mine.omitted += append(&mut mine.messages, theirs.messages);
        // A mark that is not followed cannot be a phantom.
        append(&mut mine.reads, theirs.reads);
    }

    /// Every write with its outcome.
    pub fn ledger(&self) -> Ledger {
        self.entries().ledger.clone()
    }

    /// How fresh the reads were.
    pub fn freshness(&self) -> Freshness {
        self.entries().visible.freshness()
    }

    /// The writes, counted by outcome.
    pub fn counts(&self) -> WriteCounts {
        let entries = self.entries();
        let mut counts = WriteCounts {
            omitted: entries.ledger.omitted,
            ..WriteCounts::default()
        };
        for write in &entries.ledger.bookings {
            match write.outcome {
                BookingOutcome::Booked => counts.acknowledged += 1,
                BookingOutcome::Cancelled => counts.acknowledged += 2,
                BookingOutcome::Full | BookingOutcome::Refused => counts.refused += 1,
                BookingOutcome::InDoubt => counts.in_doubt += 1,
                BookingOutcome::CancelInDoubt => {
                    counts.acknowledged += 1;
                    counts.in_doubt += 1;
                }
            }
        }
        for write in &entries.ledger.messages {
            if write.seq.is_some() {
                counts.acknowledged += 1;
            } else {
                counts.in_doubt += 1;
            }
        }
        let marked = entries.ledger.reads.iter().filter(|one| one.acknowledged);
        let marked = marked.count() as u64;
        counts.acknowledged += marked;
        counts.in_doubt += entries.ledger.reads.len() as u64 - marked;
        counts
    }
}

/// Appends what there is room for, and returns how many entries there was none for.
fn append<T>(mine: &mut Vec<T>, theirs: Vec<T>) -> u64 {
    let room = MAX_ENTRIES.saturating_sub(mine.len());
    let omitted = theirs.len().saturating_sub(room);
    mine.extend(theirs.into_iter().take(room));
    omitted as u64
}

fn enter<T>(ledger: &mut Ledger, list: fn(&mut Ledger) -> &mut Vec<T>, write: T) -> LedgerEntry {
    let entries = list(ledger);
    if entries.len() >= MAX_ENTRIES {
        ledger.omitted += 1;
        return LedgerEntry(None);
    }
    entries.push(write);
    LedgerEntry(Some(entries.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::freshness::tests::booking;

    fn outcomes(book: &LedgerRecorder) -> Vec<BookingOutcome> {
        let ledger = book.ledger();
        ledger.bookings.iter().map(|one| one.outcome).collect()
    }

    #[test]
    fn an_attempt_is_in_doubt_until_a_response_settles_it() {
        let book = LedgerRecorder::default();
        let lesson = booking(1, 7);
        let entries: Vec<LedgerEntry> = (0..5)
            .map(|_| book.booking(lesson.student_id, lesson.slot_id))
            .collect();
        book.booked(entries[1], &lesson);
        book.refused(entries[2], true);
        book.refused(entries[3], false);
        book.booked(entries[4], &lesson);
        book.cancelling(entries[4], &lesson);
        assert_eq!(
            outcomes(&book),
            [
                BookingOutcome::InDoubt,
                BookingOutcome::Booked,
                BookingOutcome::Full,
                BookingOutcome::Refused,
                BookingOutcome::CancelInDoubt
            ]
        );
        book.cancelled(entries[4], &lesson);
        assert_eq!(outcomes(&book)[4], BookingOutcome::Cancelled);
        let counts = book.counts();
        assert_eq!(
            (counts.acknowledged, counts.refused, counts.in_doubt),
            (3, 2, 1)
        );
    }

    #[test]
    fn a_mark_is_in_doubt_until_it_is_acknowledged() {
        let book = LedgerRecorder::default();
        let id = |n| uuid::Uuid::from_u128(n);
        let entries = [1, 2].map(|n| book.marking(UserId(id(9)), NotificationId(id(n))));
        book.marked(entries[1]);
        let acknowledged: Vec<bool> = book
            .ledger()
            .reads
            .iter()
            .map(|one| one.acknowledged)
            .collect();
        assert_eq!(acknowledged, [false, true]);
        let counts = book.counts();
        assert_eq!((counts.acknowledged, counts.in_doubt), (1, 1));
    }

    #[test]
    fn the_ledgers_of_two_processes_are_joined_and_what_finds_no_room_is_counted() {
        let (one, other) = (LedgerRecorder::default(), LedgerRecorder::default());
        let (first, second) = (booking(1, 7), booking(2, 8));
        let entry = one.booking(first.student_id, first.slot_id);
        one.booked(entry, &first);
        let entry = other.booking(second.student_id, second.slot_id);
        other.booked(entry, &second);
        let late = other.reading(second.student_id);
        other.read(&late, &[], true);
        let sent = serde_json::to_string(&other.record()).unwrap();
        one.join(serde_json::from_str(&sent).unwrap());
        let ids: Vec<_> = one.ledger().bookings.iter().map(|one| one.slot).collect();
        assert_eq!(ids, [first.slot_id, second.slot_id]);
        assert_eq!(one.counts().acknowledged, 2);
        assert_eq!((one.freshness().reads, one.freshness().stale), (1, 1));
        let mut full = vec![0; MAX_ENTRIES - 1];
        assert_eq!(
            (append(&mut full, vec![1, 2, 3]), full.len()),
            (2, MAX_ENTRIES)
        );
    }

    #[test]
    fn what_finds_no_room_is_counted_and_harms_nothing() {
        let mut ledger = Ledger {
            messages: vec![
                MessageEntry {
                    room: RoomId(uuid::Uuid::nil()),
                    sender: UserId(uuid::Uuid::nil()),
                    client_id: String::new(),
                    seq: None,
                };
                MAX_ENTRIES
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
