//! Cached JSON: read-through, invalidated by group, in this process, in Redis or in both.

mod caches;
mod counters;
mod entry;
mod flights;
pub mod keys;
mod memory;
mod redis;
mod sample;
mod stores;

pub use caches::{Caches, Held, Read};
pub use counters::CacheCounters;
pub use keys::{Group, Key, Kind};
pub use redis::{CacheError, Redis};
pub use stores::Tier;
