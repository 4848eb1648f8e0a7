//! A made-up request, for tests of what is recorded of many.

use super::{OpId, Outcome, Sample};
use crate::units::Nanos;

impl Sample {
    /// A request of the first operation that was sent when it should have started and whose answer,
    /// of status 200 and without a body, arrived at once and whole. A test states what matters to it
    /// besides: `Sample { outcome, ..Sample::answered(intended, done) }`.
    pub const fn answered(intended: Nanos, done: Nanos) -> Self {
        Self {
            op: OpId(0),
            intended,
            woke: intended,
            admitted: intended,
            sent: intended,
            first_byte: done,
            done,
            outcome: Outcome::Ok,
            status: 200,
            bytes_in: 0,
            cost: None,
        }
    }
}
