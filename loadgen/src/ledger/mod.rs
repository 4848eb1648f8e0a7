//! What the target promised: every write that was tried in a trial and what was told of it, and
//! how old what it reads back is. The audit joins it with the database.

mod freshness;
mod promises;

pub use freshness::{Freshness, Reading};
pub use promises::{Promises, Tally, Ticket};
