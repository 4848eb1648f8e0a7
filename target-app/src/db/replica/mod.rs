//! A replica of PostgreSQL, where one is configured: how far it is, and reads that go to it.
//!
//! Only a session that was asked for as a [`reader`](super::Db::reader) may be answered by it. All
//! others, every transaction and every fill of a cache stay on the primary.

mod link;
mod own_writes;
mod probe;
mod reads;
mod standing;

pub use link::Replica;
pub(super) use reads::ReplicaReads;
