//! PostgreSQL: the pool, sessions, transactions, errors, indexes, guards and policies, audit, query plans.

pub mod audit;
pub mod database;
mod error;
mod explain;
pub mod guards;
mod migrate;
pub mod optimizations;
mod pool;
mod purge;
mod round_trip;
pub mod row_security;
pub mod settings;
mod transaction;

pub use error::{DbError, LostRace};
pub use explain::{Statement, explain};
pub use migrate::{check_schema, connect, describe, migrate};
pub use pool::{Db, DbSession, Lease, PoolCounters, open};
pub use purge::{Purge, purge, purge_sql};
pub use transaction::{Isolation, Retry, Retryable, transaction, transaction_at};
