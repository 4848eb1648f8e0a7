//! Loads that go straight to PostgreSQL, past the application: the database, what is in force in it,
//! and statements of one person.

mod query;
mod target;

pub use query::{CONFLICTS, DatabaseConnection, DirectQuery, READS, Written};
pub use target::{DatabaseTarget, SeededDatabaseError};
