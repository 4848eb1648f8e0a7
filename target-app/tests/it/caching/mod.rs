//! The caches: what they save, when they must not be believed, and life without Redis.

mod absence;
mod ages;
mod audited;
mod invalidation;
mod large_groups;
mod lost_commit;
mod other_versions;
mod pending_invalidations;
mod single_flight;
mod stores;
mod tiers;
mod under_load;
mod without_redis;
