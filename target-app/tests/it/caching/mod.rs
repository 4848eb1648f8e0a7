//! The caches: what they save, when they must not be believed, and life without Redis.

mod invalidation;
mod single_flight;
mod stores;
mod without_redis;
