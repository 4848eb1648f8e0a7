//! Loads that go straight to PostgreSQL, past the application: the database, what is in force in it,
//! and statements of one person.

mod query;
mod server_costs;
mod target;

pub use query::{CONFLICTS, DatabaseConnection, DirectQuery, READS, Written};
pub use server_costs::{ServerCostReading, ServerCosts, ServerCostsError};
pub use target::{DatabaseTarget, SeededDatabaseError};
