//! Counters of the caches, for telemetry and metrics.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use shared::snapshot::CacheSnapshot;

use super::{CacheKind, kind::PerKind};

/// Figures of all caches since the process started; an exchange of the engine keeps them.
pub struct CacheCounters {
    kinds: PerKind<KindCounters>,
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
    /// Counters of these kinds, all zero.
    pub fn new(kinds: impl IntoIterator<Item = &'static CacheKind>) -> Self {
        Self {
            kinds: PerKind::new(kinds, |_| KindCounters::default()),
            warned: AtomicU64::new(0),
        }
    }

    /// The kinds of values that this application caches.
    pub fn kinds(&self) -> impl Iterator<Item = &'static CacheKind> {
        self.kinds.iter().map(|(kind, _)| kind)
    }

    /// Those of one kind.
    pub(super) fn of(&self, kind: &CacheKind) -> &KindCounters {
        self.kinds.of(kind)
    }

    /// Every figure, by kind.
    pub(super) fn snapshot(&self) -> BTreeMap<String, CacheSnapshot> {
        self.kinds
            .iter()
            .map(|(kind, counters)| (kind.name.to_owned(), counters.snapshot()))
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
