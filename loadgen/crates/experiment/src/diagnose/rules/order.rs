//! The order of all rules: the most telling first.

use super::{caches, database, machine, outcomes, pool, response_time};
use crate::diagnose::evidence::Rule;

/// Every rule: wrong answers, then failures, then waiting, then the database.
pub(in crate::diagnose) const ALL: &[Rule] = &[
    outcomes::wrong_data,
    outcomes::refused_connections,
    outcomes::resets,
    outcomes::rate_limited,
    outcomes::unavailable,
    outcomes::server_errors,
    outcomes::slow_sockets,
    outcomes::timeouts,
    response_time::admission_wait,
    pool::pooler_wait,
    pool::pool_wait,
    pool::connection_limit,
    response_time::hashing,
    response_time::hash_threads,
    caches::redis_errors,
    caches::redis_round_trips,
    caches::slow_redis,
    caches::caches,
    machine::busy_cpu,
    machine::late_generator,
    machine::memory_growth,
    response_time::unexplained,
    response_time::network,
    response_time::backlog,
    response_time::large_answers,
    database::many_queries,
    database::missing_index,
    database::slow_queries,
    database::lock_waits,
    database::deadlocks,
    database::retries,
    database::commit_sync,
    database::disk_reads,
    database::idle_in_transaction,
];
