//! The data every experiment starts from: planned from one number, loaded with COPY.
//!
//! | file | what it holds |
//! |---|---|
//! | `skew` | named random streams, Zipf shares, the deck students are dealt from |
//! | `words`, `people` | names and texts that look real |
//! | `plan`, `calendar`, `activity`, `rooms` | who does what and when, pure and deterministic |
//! | `rows`, `tables` | the plan as COPY text, and its digest |
//! | `load`, `run` | into the database, then the copy that resets go back to |
//! | `media` | the files behind the recordings |
//! | `credentials` | one password for all, hashed as the switch says |

mod activity;
mod calendar;
pub mod credentials;
mod load;
pub mod media;
mod people;
mod plan;
mod rooms;
mod rows;
mod run;
mod skew;
mod tables;
mod words;

pub use run::{Options, Outcome, Present, Report, SeedError, run};
