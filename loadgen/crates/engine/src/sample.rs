//! One measured request: its five times, how it ended, and what its response time consists of.

#[cfg(any(test, feature = "fixtures"))]
mod fixture;
mod parts;

pub use parts::{ResponsePart, ResponseParts};

use serde::{Deserialize, Serialize};
use shared::timing::ServerTiming;

use crate::units::Nanos;

/// Number of an operation: its index in the list of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpId(pub u16);

/// How a request ended. Every planned request ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The expected response, whatever its status: a 409 may be expected.
    Ok,
    /// A response with an unexpected status, or a refusal over a socket.
    HttpError,
    /// A response with an unexpected body.
    BodyMismatch,
    /// No connection could be made: the target refused it.
    Connect,
    /// The connection broke before the last byte of the response.
    Reset,
    /// The timeout, which counts from the intended start, has passed.
    Timeout,
    /// Never sent, because the generator refused it.
    Dropped,
    /// Never sent, because a limit of this process or machine left no connection for it.
    Generator,
    /// Still open when the drain ended.
    AbortedAtDrain,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::HttpError,
        Self::BodyMismatch,
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::Dropped,
        Self::Generator,
        Self::AbortedAtDrain,
    ];

    /// Its name in result files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::HttpError => "http_error",
            Self::BodyMismatch => "body_mismatch",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Dropped => "dropped",
            Self::Generator => "generator",
            Self::AbortedAtDrain => "aborted_at_drain",
        }
    }

    /// Its index in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// One request from plan to last byte. All times count from the epoch of the trial's clock.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Its operation.
    pub op: OpId,
    /// When it should have started: the begin of the wait from the user's point of view.
    pub intended: Nanos,
    /// When the pacer released it; later than `intended` only by lag of the generator.
    pub woke: Nanos,
    /// When a virtual user was free to take it.
    pub admitted: Nanos,
    /// When a connection was open and the request was sent; `done` for one that was never sent.
    pub sent: Nanos,
    /// When the head of the response had arrived; `done` where there was none.
    pub first_byte: Nanos,
    /// When the last byte of the response was read, or the request failed.
    pub done: Nanos,
    /// How it ended.
    pub outcome: Outcome,
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// Bytes of the body.
    pub bytes_in: u64,
    /// Costs that the target reported.
    pub cost: Option<ServerTiming>,
}

impl Sample {
    /// From the intended start to the end: how long the user waited.
    pub const fn response(&self) -> Nanos {
        self.done.since(self.intended)
    }

    /// From the send to the end: how long the target took.
    pub const fn service(&self) -> Nanos {
        self.done.since(self.sent)
    }

    /// From the send to the head of the response.
    pub const fn to_first_byte(&self) -> Nanos {
        self.first_byte.since(self.sent)
    }

    /// Microseconds in each part of the response time; their sum is the response time.
    ///
    /// The server may have done several things of one request at once: a part counts at most what
    /// the parts before it have left.
    pub fn parts(&self) -> ResponseParts {
        let us = |time: Nanos| time.0 as f64 / 1_000.0;
        let response = us(self.response());
        let before_send = us(self.sent.since(self.intended)).min(response);
        let mut parts = ResponseParts::default();
        parts[ResponsePart::BeforeSend] = before_send;
        let mut left = response - before_send;
        if let Some(cost) = &self.cost {
            let mut take = |us: f64| {
                let taken = us.min(left);
                left -= taken;
                taken
            };
            for (part, us) in &cost.us {
                parts[ResponsePart::Server(part)] = take(f64::from(*us));
            }
            parts[ResponsePart::Rest] = take(rest_us(cost));
        }
        parts[ResponsePart::Outside] = left;
        parts
    }
}

/// Microseconds of the server's total that no part names.
fn rest_us(cost: &ServerTiming) -> f64 {
    let named: u64 = cost.us.values().map(|us| u64::from(*us)).sum();
    u64::from(cost.total_us).saturating_sub(named) as f64
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
