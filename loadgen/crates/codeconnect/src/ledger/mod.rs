//! The ledger of a trial: every write that was tried, with what its client knows of it, and how
//! old what it reads back is. The audit joins it with the database.

mod csv;
mod event;
mod freshness;
mod record;
mod recorder;

pub use csv::ledger_csv;
pub use freshness::{OwnChange, OwnReading, Reading};
pub use record::ClientRecord;
pub use recorder::{LedgerEntry, LedgerRecorder};
