//! What is written down of each write while a trial runs, and the ledger that follows from it.

use loadgen_engine::spool::Spool;
use serde::{Deserialize, Serialize};
use shared::{
    ids::{BookingId, NotificationId, RoomId, SlotId, UserId},
    ledger::{BookingEntry, BookingOutcome, Ledger, MessageEntry, ReadEntry},
};

/// One step of a write. The first step of each kind of write makes an entry; the others name it by its place
/// among those of its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum LedgerEvent {
    /// A booking is about to be requested.
    Booking { student: UserId, slot: SlotId },
    /// It was acknowledged.
    Booked { at: usize, booking: BookingId },
    /// It has another outcome.
    Outcome { at: usize, outcome: BookingOutcome },
    /// A message is about to be sent.
    Message {
        room: RoomId,
        sender: UserId,
        client_id: String,
    },
    /// It was acknowledged with this number.
    Acknowledged { at: usize, seq: i64 },
    /// A notification is about to be marked read.
    Marking {
        reader: UserId,
        notification: NotificationId,
    },
    /// It was marked.
    Marked { at: usize },
}

/// Writes a step down.
pub(super) fn append(events: &mut Spool, event: &LedgerEvent) {
    serde_json::to_writer(events.buffer(), event).expect("memory takes every step");
}

/// The ledger after all steps.
pub(super) fn replay(events: &Spool) -> Ledger {
    let bytes = events
        .read()
        .expect("an unnamed file of this process gives back what it took");
    let mut ledger = Ledger::default();
    for event in serde_json::Deserializer::from_slice(&bytes).into_iter() {
        apply(
            &mut ledger,
            event.expect("each step is read as it was written"),
        );
    }
    ledger
}

fn apply(ledger: &mut Ledger, event: LedgerEvent) {
    match event {
        LedgerEvent::Booking { student, slot } => ledger.bookings.push(BookingEntry {
            student,
            slot,
            booking: None,
            outcome: BookingOutcome::InDoubt,
        }),
        LedgerEvent::Booked { at, booking } => {
            if let Some(write) = ledger.bookings.get_mut(at) {
                write.booking = Some(booking);
                write.outcome = BookingOutcome::Booked;
            }
        }
        LedgerEvent::Outcome { at, outcome } => {
            if let Some(write) = ledger.bookings.get_mut(at) {
                write.outcome = outcome;
            }
        }
        LedgerEvent::Message {
            room,
            sender,
            client_id,
        } => ledger.messages.push(MessageEntry {
            room,
            sender,
            client_id,
            seq: None,
        }),
        LedgerEvent::Acknowledged { at, seq } => {
            if let Some(write) = ledger.messages.get_mut(at) {
                write.seq = Some(seq);
            }
        }
        LedgerEvent::Marking {
            reader,
            notification,
        } => ledger.reads.push(ReadEntry {
            reader,
            notification,
            acknowledged: false,
        }),
        LedgerEvent::Marked { at } => {
            if let Some(write) = ledger.reads.get_mut(at) {
                write.acknowledged = true;
            }
        }
    }
}
