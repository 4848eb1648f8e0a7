//! Places in slots: taking, keeping and giving back.

mod cancel;
mod conflicts;
mod create;
mod get;
mod idempotency;
mod list;
pub(crate) mod operations;
mod reschedule;
mod statements;
