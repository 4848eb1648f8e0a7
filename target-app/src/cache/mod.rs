//! Cached JSON: read-through, invalidated by group, in this process, in Redis or in both.
//!
//! What is cached is declared by the features, each kind once: see [`CacheKind`].

mod caches;
mod counters;
mod entry;
mod generation;
mod kind;
mod memory;
mod pending_invalidations;
mod redis;
mod sample;
mod single_flight;
mod stores;
mod touched;

pub use caches::{CacheRead, Caches, StoredValue};
pub use counters::CacheCounters;
pub use kind::{CacheKind, Group, Key};
pub use redis::{CacheError, Redis};
pub use stores::Tier;
pub use touched::TouchedGroups;
