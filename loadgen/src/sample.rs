//! One measured request: its five times, how it ended, and what its response time consists of.

mod parts;

pub use parts::{ResponsePart, ResponseParts};

use shared::timing::ServerTiming;

use crate::units::Nanos;

/// Number of an operation: its index in the list of the flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId(pub u16);

/// How a request ended. Every planned request ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Answered as it should, whatever the status: a 409 may be the right answer.
    Ok,
    /// Answered with a status that it should not have.
    HttpError,
    /// Answered, but the body is not right.
    BodyMismatch,
    /// No connection could be made.
    Connect,
    /// The connection broke before the last byte of the answer.
    Reset,
    /// The time limit, counted from the intended start, was over.
    Timeout,
    /// Never sent, because the generator would not take it.
    Dropped,
    /// Still under way when the drain's time was over.
    AbortedAtDrain,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::HttpError,
        Self::BodyMismatch,
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::Dropped,
        Self::AbortedAtDrain,
    ];

    /// The word in result files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::HttpError => "http_error",
            Self::BodyMismatch => "body_mismatch",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Dropped => "dropped",
            Self::AbortedAtDrain => "aborted_at_drain",
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// One request from plan to last byte. All times count from the epoch of the trial's clock.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What was asked.
    pub op: OpId,
    /// When it should have started: what the user saw as the begin of the wait.
    pub intended: Nanos,
    /// When the pacer let it go; later than `intended` only by the generator's own fault.
    pub woke: Nanos,
    /// When a virtual user was free to take it.
    pub admitted: Nanos,
    /// When a connection was in hand and the request went out; `done` for one that never went.
    pub sent: Nanos,
    /// When the head of the answer was in hand; `done` where there was none.
    pub first_byte: Nanos,
    /// When the last byte of the answer was read, or the request was given up.
    pub done: Nanos,
    /// How it ended.
    pub outcome: Outcome,
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// Bytes of the body.
    pub bytes_in: u64,
    /// What the target reports that it spent.
    pub cost: Option<ServerTiming>,
}

impl Sample {
    /// From the intended start to the end: what the user waited. The headline.
    pub const fn response(&self) -> Nanos {
        self.done.since(self.intended)
    }

    /// From the send to the end: what the target took, the wait before it left out.
    pub const fn service(&self) -> Nanos {
        self.done.since(self.sent)
    }

    /// From the send to the head of the answer.
    pub const fn to_first_byte(&self) -> Nanos {
        self.first_byte.since(self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_numbered_in_the_order_of_the_list() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), index);
        }
    }
}
