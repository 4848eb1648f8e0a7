//! The ledger of one trial. A write is entered as in doubt *before* its request is sent, and stays
//! in doubt if no response comes. Only the audit at the end reads it, so it is kept out of memory until then.

use std::sync::{Mutex, MutexGuard, PoisonError};

use loadgen_engine::spool::Spool;
use shared::{
    api::bookings::BookingView,
    ids::{NotificationId, RoomId, SlotId, UserId},
    ledger::{BookingOutcome, Ledger},
};

use super::{
    event::{LedgerEvent, append, replay},
    freshness::{OwnReading, Reading, Visible},
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
    events: Spool,
    bookings: usize,
    messages: usize,
    reads: usize,
    omitted: u64,
    visible: Visible,
}

/// Index of an entry; `None` if the ledger had no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerEntry(Option<usize>);

impl Entries {
    /// Enters a write of the kind that is counted by `entered`.
    fn enter(&mut self, entered: fn(&mut Self) -> &mut usize, write: LedgerEvent) -> LedgerEntry {
        let number = entered(self);
        let at = *number;
        if at >= MAX_ENTRIES {
            return LedgerEntry(None);
        }
        *number += 1;
        append(&mut self.events, &write);
        LedgerEntry(Some(at))
    }
}

impl LedgerRecorder {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A user that panicked while holding the lock left complete entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a write; one that finds no room is counted as omitted.
    fn enter(&self, entered: fn(&mut Entries) -> &mut usize, write: LedgerEvent) -> LedgerEntry {
        let mut entries = self.entries();
        let entry = entries.enter(entered, write);
        entries.omitted += u64::from(entry.0.is_none());
        entry
    }

    fn settle(&self, entry: LedgerEntry, event: impl FnOnce(usize) -> LedgerEvent) {
        if let Some(at) = entry.0 {
            append(&mut self.entries().events, &event(at));
        }
    }

    /// Enters a booking that is about to be requested. One entry for each idempotency key.
    pub fn booking(&self, student: UserId, slot: SlotId) -> LedgerEntry {
        let write = LedgerEvent::Booking { student, slot };
        self.enter(|entries| &mut entries.bookings, write)
    }

    /// The booking was acknowledged.
    pub fn booked(&self, entry: LedgerEntry, booking: &BookingView) {
        if entry.0.is_none() {
            // Freshness is not followed either, so that both stay bounded.
            return;
        }
        self.settle(entry, |at| LedgerEvent::Booked {
            at,
            booking: booking.id,
        });
        self.entries().visible.booked(booking);
    }

    /// The booking was refused: the slot was `full`, or for another reason.
    pub fn refused(&self, entry: LedgerEntry, full: bool) {
        let outcome = if full {
            BookingOutcome::Full
        } else {
            BookingOutcome::Refused
        };
        self.settle(entry, |at| LedgerEvent::Outcome { at, outcome });
    }

    /// A cancellation is about to be requested.
    pub fn cancelling(&self, entry: LedgerEntry, booking: &BookingView) {
        self.entries().visible.changing(booking);
        let outcome = BookingOutcome::CancelInDoubt;
        self.settle(entry, |at| LedgerEvent::Outcome { at, outcome });
    }

    /// The cancellation was acknowledged.
    pub fn cancelled(&self, entry: LedgerEntry, booking: &BookingView) {
        self.entries().visible.cancelled(booking);
        let outcome = BookingOutcome::Cancelled;
        self.settle(entry, |at| LedgerEvent::Outcome { at, outcome });
    }

    /// Another slot is about to be requested for a booking; the entry of that slot.
    pub fn rescheduling(
        &self,
        entry: LedgerEntry,
        booking: &BookingView,
        slot: SlotId,
    ) -> LedgerEntry {
        self.entries().visible.changing(booking);
        let outcome = BookingOutcome::MoveInDoubt;
        self.settle(entry, |at| LedgerEvent::Outcome { at, outcome });
        self.booking(booking.student_id, slot)
    }

    /// The other slot was acknowledged: `booking` is as it is now, and `to` its entry from now on.
    pub fn rescheduled(&self, entry: LedgerEntry, to: LedgerEntry, booking: &BookingView) {
        self.entries().visible.rescheduled(booking);
        let outcome = BookingOutcome::Moved;
        self.settle(entry, |at| LedgerEvent::Outcome { at, outcome });
        let booking = booking.id;
        self.settle(to, |at| LedgerEvent::Booked { at, booking });
    }

    /// The other slot was refused, as [`Self::refused`] says; `booking` is what it was.
    pub fn stayed(&self, entry: LedgerEntry, to: LedgerEntry, booking: &BookingView, full: bool) {
        self.entries().visible.unchanged(booking);
        let outcome = BookingOutcome::Booked;
        self.settle(entry, |at| LedgerEvent::Outcome { at, outcome });
        self.refused(to, full);
    }

    /// Enters a chat message that is about to be sent.
    pub fn message(&self, room: RoomId, sender: UserId, client_id: &str) -> LedgerEntry {
        let write = LedgerEvent::Message {
            room,
            sender,
            client_id: client_id.to_owned(),
        };
        self.enter(|entries| &mut entries.messages, write)
    }

    /// The message was acknowledged with its number.
    pub fn acknowledged(&self, entry: LedgerEntry, seq: i64) {
        self.settle(entry, |at| LedgerEvent::Acknowledged { at, seq });
    }

    /// Enters a notification that is about to be marked read. One that finds no room is not followed: a
    /// mark cannot be a phantom.
    pub fn marking(&self, reader: UserId, notification: NotificationId) -> LedgerEntry {
        let write = LedgerEvent::Marking {
            reader,
            notification,
        };
        self.entries().enter(|entries| &mut entries.reads, write)
    }

    /// The mark was acknowledged.
    pub fn marked(&self, entry: LedgerEntry) {
        self.settle(entry, |at| LedgerEvent::Marked { at });
    }

    /// A student's bookings are about to be read: the response should show what is acknowledged by now.
    pub fn reading(&self, student: UserId) -> Reading {
        self.entries().visible.reading(student)
    }

    /// They were read. `whole` means that the list is not limited to a page.
    pub fn read(&self, reading: &Reading, listed: &[BookingView], whole: bool) {
        self.entries().visible.read(reading, listed, whole);
    }

    /// A change of one's own was read back, and the response showed it or did not.
    pub fn read_own(&self, reading: OwnReading, shown: bool) {
        self.entries().visible.read_own(reading, shown);
    }

    /// The ledger as another process joins it with its own.
    pub fn record(&self) -> ClientRecord {
        ClientRecord::of(self.ledger(), &self.freshness())
    }

    /// Adds the ledger of another process. What finds no room is counted as omitted, like a write that
    /// this process had no room for.
    pub fn join(&self, record: ClientRecord) {
        let mut entries = self.entries();
        entries.visible.join(record.freshness());
        entries.omitted += record.ledger.omitted;
        for write in record.ledger.bookings {
            let (student, slot) = (write.student, write.slot);
            let entered = LedgerEvent::Booking { student, slot };
            let entry = entries.enter(|entries| &mut entries.bookings, entered);
            entries.omitted += u64::from(entry.0.is_none());
            let Some(at) = entry.0 else { continue };
            if let Some(booking) = write.booking {
                append(&mut entries.events, &LedgerEvent::Booked { at, booking });
            }
            let outcome = write.outcome;
            append(&mut entries.events, &LedgerEvent::Outcome { at, outcome });
        }
        for write in record.ledger.messages {
            let entered = LedgerEvent::Message {
                room: write.room,
                sender: write.sender,
                client_id: write.client_id,
            };
            let entry = entries.enter(|entries| &mut entries.messages, entered);
            entries.omitted += u64::from(entry.0.is_none());
            if let Some((at, seq)) = entry.0.zip(write.seq) {
                append(&mut entries.events, &LedgerEvent::Acknowledged { at, seq });
            }
        }
        for write in record.ledger.reads {
            let entered = LedgerEvent::Marking {
                reader: write.reader,
                notification: write.notification,
            };
            // A mark that is not followed cannot be a phantom.
            let entry = entries.enter(|entries| &mut entries.reads, entered);
            if let Some(at) = entry.0.filter(|_| write.acknowledged) {
                append(&mut entries.events, &LedgerEvent::Marked { at });
            }
        }
    }

    /// Every write with its outcome.
    pub fn ledger(&self) -> Ledger {
        let entries = self.entries();
        let mut ledger = replay(&entries.events);
        ledger.omitted = entries.omitted;
        ledger
    }

    /// How fresh the reads were.
    pub fn freshness(&self) -> Freshness {
        self.entries().visible.freshness()
    }

    /// The writes, counted by outcome.
    pub fn counts(&self) -> WriteCounts {
        let ledger = self.ledger();
        let mut counts = WriteCounts {
            omitted: ledger.omitted,
            ..WriteCounts::default()
        };
        for write in &ledger.bookings {
            match write.outcome {
                // The other slot has an entry of its own.
                BookingOutcome::Booked | BookingOutcome::Moved | BookingOutcome::MoveInDoubt => {
                    counts.acknowledged += 1;
                }
                BookingOutcome::Cancelled => counts.acknowledged += 2,
                BookingOutcome::Full | BookingOutcome::Refused => counts.refused += 1,
                BookingOutcome::InDoubt => counts.in_doubt += 1,
                BookingOutcome::CancelInDoubt => {
                    counts.acknowledged += 1;
                    counts.in_doubt += 1;
                }
            }
        }
        for write in &ledger.messages {
            if write.seq.is_some() {
                counts.acknowledged += 1;
            } else {
                counts.in_doubt += 1;
            }
        }
        let marked = ledger.reads.iter().filter(|one| one.acknowledged);
        let marked = marked.count() as u64;
        counts.acknowledged += marked;
        counts.in_doubt += ledger.reads.len() as u64 - marked;
        counts
    }
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
    fn a_booking_has_an_entry_for_each_slot_that_was_asked_for() {
        let book = LedgerRecorder::default();
        let lesson = booking(1, 7);
        let other = BookingView {
            slot_id: booking(1, 8).slot_id,
            ..lesson.clone()
        };
        let first = book.booking(lesson.student_id, lesson.slot_id);
        book.booked(first, &lesson);
        let full = book.rescheduling(first, &lesson, other.slot_id);
        assert_eq!(
            outcomes(&book),
            [BookingOutcome::MoveInDoubt, BookingOutcome::InDoubt]
        );
        book.stayed(first, full, &lesson, true);
        let second = book.rescheduling(first, &lesson, other.slot_id);
        let counts = book.counts();
        assert_eq!(
            (counts.acknowledged, counts.refused, counts.in_doubt),
            (1, 1, 1)
        );
        book.rescheduled(first, second, &other);
        assert_eq!(
            outcomes(&book),
            [
                BookingOutcome::Moved,
                BookingOutcome::Full,
                BookingOutcome::Booked
            ]
        );
        let entry = &book.ledger().bookings[2];
        assert_eq!(
            (entry.slot, entry.booking),
            (other.slot_id, Some(lesson.id))
        );
        // The ledger of a worker is joined as it is.
        let joined = LedgerRecorder::default();
        joined.join(book.record());
        assert_eq!(joined.ledger(), book.ledger());
        let counts = book.counts();
        assert_eq!(
            (counts.acknowledged, counts.refused, counts.in_doubt),
            (2, 1, 0)
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
        one.entries().bookings = MAX_ENTRIES;
        one.join(serde_json::from_str(&sent).unwrap());
        assert_eq!((one.ledger().bookings.len(), one.ledger().omitted), (2, 1));
    }

    #[test]
    fn what_finds_no_room_is_counted_and_harms_nothing() {
        let book = LedgerRecorder::default();
        book.entries().messages = MAX_ENTRIES;
        let (room, sender) = (RoomId(uuid::Uuid::nil()), UserId(uuid::Uuid::nil()));
        let entry = book.message(room, sender, "c-1");
        assert_eq!((entry, book.ledger().omitted), (LedgerEntry(None), 1));
        book.acknowledged(entry, 4);
        assert_eq!(book.counts().acknowledged, 0);
        assert!(book.ledger().messages.is_empty());
    }
}
