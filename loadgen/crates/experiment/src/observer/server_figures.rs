//! The target's figures over a window, from its snapshots in it.

use std::collections::BTreeMap;

use shared::snapshot::{PostgresSnapshot, Snapshot};

use crate::{
    schema::{CacheLookUps, CpuTime, Database, Server},
    services::TARGET_PROCESS,
};

/// Counters that grew between two snapshots of one process.
pub(super) fn differences(server: &mut Server, first: &Snapshot, last: &Snapshot) {
    let grown = |of: fn(&Snapshot) -> u64| of(last).saturating_sub(of(first));
    server.requests = Some(grown(|one| one.http.requests));
    server.queries = grown(|one| one.http.queries);
    server.redis_commands = grown(|one| one.http.redis_commands);
    server.redis_pings = grown(|one| one.http.redis_pings);
    server.pool_acquires = grown(|one| one.pool.acquires);
    server.pool_wait_s = grown(|one| one.pool.wait_us) as f64 / 1e6;
    server.pool_timeouts = grown(|one| one.pool.timeouts);
    server.instances = last
        .instances
        .iter()
        .filter_map(|(name, after)| {
            let before = first.instances.get(name)?;
            Some((name.clone(), after.saturating_sub(*before)))
        })
        .collect();
    for (kind, after) in &last.caches {
        let before = first.caches.get(kind).cloned().unwrap_or_default();
        let hits = after.hits.saturating_sub(before.hits);
        let misses = after.misses.saturating_sub(before.misses);
        server.cache_errors += after.errors.saturating_sub(before.errors);
        let look_ups = CacheLookUps {
            hits,
            all: hits + misses,
        };
        server.cache_lookups.insert(kind.clone(), look_ups);
    }
    server.hashing.hashes = grown(|one| one.hashing.hashes);
    server.hashing.busy_s = grown(|one| one.hashing.busy_us) as f64 / 1e6;
    server.hashing.cpu_s = grown(|one| one.hashing.cpu_us) as f64 / 1e6;
    server.hashing.wait_s = grown(|one| one.hashing.wait_us) as f64 / 1e6;
    // Seen from here or not: the target knows its own CPU time.
    if !server.cpu_s.contains_key(TARGET_PROCESS) {
        let spent_s = grown(|one| one.process.cpu_ns) as f64 / 1e9;
        server.set_cpu(TARGET_PROCESS, CpuTime::exact(spent_s));
    }
    server
        .rss_bytes
        .entry(TARGET_PROCESS.to_owned())
        .or_insert(last.process.rss_bytes);
}

/// What the observations so far saw of PostgreSQL.
#[derive(Debug, Default)]
pub(super) struct DatabaseAccumulator {
    seen: usize,
    active: f64,
    idle_in_transaction: f64,
    lock_waiters: f64,
}

impl DatabaseAccumulator {
    /// Adds what the next observation saw of it.
    pub(super) fn add(&mut self, one: &PostgresSnapshot) {
        self.seen += 1;
        self.active += f64::from(one.active);
        self.idle_in_transaction += f64::from(one.idle_in_transaction);
        let locks = one
            .waits
            .iter()
            .filter(|(event, _)| event.starts_with("Lock:"));
        let waiters: u32 = locks.map(|(_, count)| count).sum();
        self.lock_waiters += f64::from(waiters);
    }

    /// What PostgreSQL did between the first and the last snapshot; absent where either lacks it, or where
    /// PostgreSQL or the target was restarted between.
    pub(super) fn figures(&self, first: &Snapshot, last: &Snapshot) -> Option<Database> {
        let (before, after) = (first.postgres.as_ref()?, last.postgres.as_ref()?);
        if before.started_ms != after.started_ms || last.uptime_ms < first.uptime_ms {
            return None;
        }
        let grown = |of: fn(&PostgresSnapshot) -> u64| of(after).saturating_sub(of(before));
        let mean = |sum: f64| sum / self.seen as f64;
        Some(Database {
            rows_returned: grown(|one| one.rows_returned),
            rows_by_index: grown(|one| one.rows_fetched),
            blocks_hit: grown(|one| one.blocks_hit),
            blocks_read: grown(|one| one.blocks_read),
            wal_bytes: grown(|one| one.wal_bytes),
            commits: grown(|one| one.commits),
            rollbacks: grown(|one| one.rollbacks),
            deadlocks: grown(|one| one.deadlocks),
            active_mean: mean(self.active),
            idle_in_transaction_mean: mean(self.idle_in_transaction),
            lock_waiters_mean: mean(self.lock_waiters),
            retries: last
                .retries
                .iter()
                .map(|(state, count)| {
                    let before = first.retries.get(state).copied().unwrap_or(0);
                    (state.clone(), count.saturating_sub(before))
                })
                .filter(|(_, count)| *count > 0)
                .collect(),
        })
    }
}

/// What is only seen at the instants themselves.
#[derive(Debug, Default)]
pub(super) struct SampleAccumulator {
    pool_max: u32,
    pool_in_use_max: u32,
    pool_waiters_max: u32,
    waits: BTreeMap<String, u64>,
}

impl SampleAccumulator {
    /// Adds what the next observation saw.
    pub(super) fn add(&mut self, one: &Snapshot) {
        self.pool_max = one.pool.max;
        let in_use = one.pool.size.saturating_sub(one.pool.idle);
        self.pool_in_use_max = self.pool_in_use_max.max(in_use);
        self.pool_waiters_max = self.pool_waiters_max.max(one.pool.waiters);
        for (event, count) in one.postgres.iter().flat_map(|postgres| &postgres.waits) {
            *self.waits.entry(event.clone()).or_default() += u64::from(*count);
        }
    }

    /// Puts it into the figures.
    pub(super) fn put_into(self, server: &mut Server) {
        server.pool_max = self.pool_max;
        server.pool_in_use_max = self.pool_in_use_max;
        server.pool_waiters_max = self.pool_waiters_max;
        let all: u64 = self.waits.values().sum();
        server.waits = self
            .waits
            .into_iter()
            .filter_map(|(event, count)| Some((event, ratio(count, all)?)))
            .collect();
    }
}

/// A share; absent where there is no whole.
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
