//! What a client was promised: the other half of an audit. Joined with the database it tells
//! what was lost, what nobody asked for, and what was done twice.

use serde::{Deserialize, Serialize};

use crate::ids::{BookingId, RoomId, SlotId, UserId};

/// Largest ledger that an audit takes, in bytes of JSON.
pub const MAX_LEDGER_BYTES: usize = 64 * 1_024 * 1_024;

/// Every write that a client tried since the last reset, and what it was told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Bookings, one entry for each idempotency key.
    pub bookings: Vec<BookingPromise>,
    /// Chat messages.
    pub messages: Vec<MessagePromise>,
    /// Writes that found no room in the ledger. Where it is above 0, nothing in the database
    /// can be called unasked for.
    pub omitted: u64,
}

/// What a client knows of a booking that it tried to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BookingPromise {
    /// For whom.
    pub student: UserId,
    /// In which slot.
    pub slot: SlotId,
    /// The booking that was acknowledged; absent where none was.
    pub booking: Option<BookingId>,
    /// What was told last.
    pub told: BookingOutcome,
}

/// What a client was told of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BookingOutcome {
    /// Nothing that can be relied on: no answer, or a failure. It may be there or not.
    InDoubt,
    /// It is booked.
    Booked,
    /// The slot is full.
    Full,
    /// Refused for another reason.
    Refused,
    /// It is cancelled.
    Cancelled,
    /// Booked; whether the cancellation came through is not known.
    CancelInDoubt,
}

impl BookingOutcome {
    /// The word in result files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InDoubt => "in_doubt",
            Self::Booked => "booked",
            Self::Full => "full",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::CancelInDoubt => "cancel_in_doubt",
        }
    }
}

/// What a client knows of a chat message that it sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MessagePromise {
    /// In which room.
    pub room: RoomId,
    /// By whom.
    pub sender: UserId,
    /// The sender's own name for it.
    pub client_id: String,
    /// The number that was acknowledged; absent where none was.
    pub seq: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_the_same_word_in_json_and_in_files() {
        for told in [
            BookingOutcome::InDoubt,
            BookingOutcome::Booked,
            BookingOutcome::Full,
            BookingOutcome::Refused,
            BookingOutcome::Cancelled,
            BookingOutcome::CancelInDoubt,
        ] {
            let json = serde_json::to_value(told).unwrap();
            assert_eq!(json, told.as_str());
        }
    }
}
