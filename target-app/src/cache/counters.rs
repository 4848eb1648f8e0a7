//! What the caches count, for telemetry and metrics.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use shared::snapshot::CacheSnapshot;

use super::Kind;

/// Figures of all caches since the process started; an exchange of the engine keeps them.
#[derive(Default)]
pub struct CacheCounters {
    kinds: [KindCounters; 3],
    /// Seconds since its engine's begin at the last warning, so that an outage does not flood
    /// the log.
    pub(super) warned: AtomicU64,
}

/// Figures of one kind.
#[derive(Default)]
pub(super) struct KindCounters {
    pub(super) misses: AtomicU64,
    pub(super) fills: AtomicU64,
    pub(super) shared_loads: AtomicU64,
    pub(super) invalidations: AtomicU64,
    pub(super) errors: AtomicU64,
    pub(super) memory_hits: AtomicU64,
    pub(super) redis_hits: AtomicU64,
    pub(super) negative_hits: AtomicU64,
    pub(super) refused_fills: AtomicU64,
    pub(super) early_refreshes: AtomicU64,
}

impl CacheCounters {
    /// Those of one kind.
    pub(super) fn of(&self, kind: Kind) -> &KindCounters {
        &self.kinds[kind as usize]
    }

    /// Every figure, by kind.
    pub(super) fn snapshot(&self) -> BTreeMap<String, CacheSnapshot> {
        Kind::ALL
            .into_iter()
            .map(|kind| (kind.as_str().to_owned(), self.of(kind).snapshot()))
            .collect()
    }
}

impl KindCounters {
    fn snapshot(&self) -> CacheSnapshot {
        let (memory_hits, redis_hits) = (count(&self.memory_hits), count(&self.redis_hits));
        CacheSnapshot {
            hits: memory_hits + redis_hits,
            misses: count(&self.misses),
            fills: count(&self.fills),
            shared_loads: count(&self.shared_loads),
            invalidations: count(&self.invalidations),
            errors: count(&self.errors),
            memory_hits,
            redis_hits,
            negative_hits: count(&self.negative_hits),
            refused_fills: count(&self.refused_fills),
            early_refreshes: count(&self.early_refreshes),
        }
    }
}

/// One more.
pub(super) fn bump(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Relaxed)
}
