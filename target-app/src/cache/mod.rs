//! Cached JSON: read-through, invalidated by group, in this process or in Redis.

mod caches;
mod flights;
pub mod keys;
mod memory;
mod redis;

pub use caches::{CacheCounters, Caches};
pub use keys::{Group, Key, Kind};
pub use redis::{CacheError, Redis};
