//! PostgreSQL: the pool, the replica, sessions, transactions, named locks, errors, indexes, guards and policies, audit, query plans.

pub mod audit;
mod connection_pool;
pub mod database;
mod error;
mod explain;
pub mod guards;
mod idle_connections;
mod isolation;
mod lost_connections;
mod migrate;
mod named_lock;
pub mod optimizations;
pub mod pipeline;
mod pipeline_error;
mod pool;
pub mod pooler;
mod purge;
mod replica;
mod round_trip;
pub mod row_security;
mod session;
mod settings;
mod switch_readings;
mod transaction;

pub use error::{DbError, LostRace};
pub use explain::{Statement, explain};
pub use isolation::Isolation;
pub use migrate::{check_schema, connect, describe, migrate};
pub use named_lock::{LockName, lock_by_name, lock_by_names};
pub use pool::{Db, DbAddresses, PoolCounters, open};
pub use pooler::{Pooler, PoolerConsole};
pub use purge::{Purge, purge, purge_sql};
pub use replica::Replica;
pub use session::{DbSession, Lease, WriteLease};
pub use switch_readings::switch_readings;
pub use transaction::{Retry, Retryable, transaction, transaction_under};
