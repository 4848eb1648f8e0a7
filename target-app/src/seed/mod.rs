//! The data every experiment starts from: planned from one number, loaded with COPY.
//!
//! | file | contents |
//! |---|---|
//! | `skew` | named random streams, Zipf shares, the shuffled passes that students come from |
//! | `words`, `people` | names and texts that look real |
//! | `plan`, `calendar`, `activity`, `rooms` | who does what and when, pure and deterministic |
//! | `table`, `rows` | what a feature declares of a table; rows as COPY text, and their digest |
//! | `load`, `run` | into the database, then the copy that resets go back to |
//! | `media` | the files behind the recordings |
//! | `credentials` | one password for all, hashed as the switch says |
//!
//! The plan is one for all features, since bookings, reviews and rooms follow from each other;
//! how it becomes the rows of a table is in the `seed` file of the table's feature.

mod activity;
mod calendar;
pub mod credentials;
mod load;
pub mod media;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod planned;
mod rooms;
mod rows;
mod run;
mod skew;
mod table;
mod words;

pub(crate) use rows::Rows;
pub use run::{ExistingData, SeedError, SeedOptions, SeedOutcome, SeedReport, run};
pub(crate) use table::SeedData;
#[cfg(test)]
pub(crate) use table::digest_of;
pub use table::{SeedTable, SeedTables};
