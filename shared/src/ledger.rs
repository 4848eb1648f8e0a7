//! Writes of a client and the responses to them. An audit that joins them with the database finds
//! lost writes, phantoms, and writes with two effects.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{BookingId, NotificationId, RoomId, SlotId, UserId},
    words::words,
};

/// Largest ledger that an audit takes, in bytes of JSON.
pub const MAX_LEDGER_BYTES: usize = 64 * 1_024 * 1_024;

/// Every write that a client sent since the last reset, with its outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Bookings, one entry for each idempotency key, and one for each other slot that was asked for a booking.
    pub bookings: Vec<BookingEntry>,
    /// Chat messages.
    pub messages: Vec<MessageEntry>,
    /// Notifications marked read.
    pub reads: Vec<ReadEntry>,
    /// Number of writes that the ledger had no room for. If it is above 0, no row can be called a
    /// phantom.
    #[serde(deserialize_with = "crate::bounds::count")]
    pub omitted: u64,
}

/// A booking that a client requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BookingEntry {
    /// The student who books.
    pub student: UserId,
    /// The slot.
    pub slot: SlotId,
    /// The booking that was acknowledged, if any.
    pub booking: Option<BookingId>,
    /// What the last response said.
    pub outcome: BookingOutcome,
}

words! {
    /// Outcome of a booking as its client knows it.
    BookingOutcome {
        /// No response, or a failure: the booking may exist or not.
        InDoubt = "in_doubt",
        /// It is booked.
        Booked = "booked",
        /// The slot is full.
        Full = "full",
        /// Refused for another reason.
        Refused = "refused",
        /// It is cancelled.
        Cancelled = "cancelled",
        /// Booked; whether the cancellation came through is not known.
        CancelInDoubt = "cancel_in_doubt",
        /// It is in another slot now, which has an entry of its own.
        Moved = "moved",
        /// Booked; whether it is in another slot now is not known. That slot has an entry in doubt.
        MoveInDoubt = "move_in_doubt",
    }
}

/// A chat message that a client sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MessageEntry {
    /// The room.
    pub room: RoomId,
    /// Its sender.
    pub sender: UserId,
    /// The sender's own name for it.
    #[serde(deserialize_with = "crate::bounds::text")]
    pub client_id: String,
    /// The number that was acknowledged, if any.
    pub seq: Option<i64>,
}

/// A notification that a client marked read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadEntry {
    /// Whose notification.
    pub reader: UserId,
    /// The notification that was marked.
    pub notification: NotificationId,
    /// Whether it was acknowledged; if not, it may be read or not.
    pub acknowledged: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_the_same_word_in_json_and_in_files() {
        for outcome in [
            BookingOutcome::InDoubt,
            BookingOutcome::Booked,
            BookingOutcome::Full,
            BookingOutcome::Refused,
            BookingOutcome::Cancelled,
            BookingOutcome::CancelInDoubt,
            BookingOutcome::Moved,
            BookingOutcome::MoveInDoubt,
        ] {
            let json = serde_json::to_value(outcome).unwrap();
            assert_eq!(json, outcome.as_str());
        }
    }
}
