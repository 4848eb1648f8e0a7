//! The catalogue, put together with what the features say of their operations and caches.

use std::sync::LazyLock;

use super::{indexes::INDEXES, notes::NOTES, switches::SWITCHES};
use crate::{
    features::{self, FEATURES},
    flows::CachedReads,
};
use loadgen_experiment::{
    diagnose::{CacheSwitch, HintCatalog},
    services::TARGET_PROCESS,
};

/// The hints of the reference backend.
pub fn hints() -> HintCatalog<'static> {
    static CACHES: LazyLock<Vec<CacheSwitch<'static>>> =
        LazyLock::new(|| features::caches().map(in_redis).collect());
    static SOCKET_OPERATIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let operations = features::catalog().operations.iter();
        operations
            .filter(|(_, one)| one.method.is_none())
            .map(|(_, one)| one.name)
            .collect()
    });
    static LARGE: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let large = FEATURES.iter().flat_map(|feature| feature.large);
        large.map(|op| op.descriptor().name).collect()
    });
    HintCatalog {
        switches: SWITCHES,
        indexes: INDEXES,
        caches: &CACHES,
        notes: NOTES,
        processes: &[TARGET_PROCESS],
        socket_operations: &SOCKET_OPERATIONS,
        large_by_design: &LARGE,
    }
}

/// A cache in Redis, which every read of its operation consults first.
fn in_redis(cache: &CachedReads) -> CacheSwitch<'static> {
    CacheSwitch {
        kind: cache.kind(),
        operation: cache.operation.descriptor().name,
        switch: cache.switch,
        off: "off",
        on: "redis",
        sentence: "how old a cached value may be depends on `cache.invalidation`",
    }
}
