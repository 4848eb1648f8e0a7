//! The invariant outside of SQL: a cached value equals the value in the database.
//!
//! For a bounded sample of the keys that this process filled, each store's value is compared
//! byte for byte with a load past the cache. Every kind must be exact: a value follows from the
//! query and the rows alone, never from the clock. A mutation that is between its commit and its
//! invalidation is given a moment, so that an audit under load reports no false violation.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::json;
use shared::{
    invariant::{CachedCheck, InvariantResult, MAX_ROWS},
    profile::{Invalidation, Store},
};

use crate::{
    cache::{Key, StoredValue, Tier},
    engine::Engine,
    error::ApiError,
    registry::FeatureCache,
};

/// Its number; those of SQL files are below 90.
const NUMBER: u16 = 90;
/// Keys compared of each kind.
const MAX_KEYS: usize = 32;
/// Longest time for all of them: without an index one list may take a quarter of a second.
const BUDGET: Duration = Duration::from_secs(5);
/// Time for a mutation to invalidate what it has committed.
const INVALIDATION_TIME: Duration = Duration::from_millis(100);
/// How much longer than its life a store may keep a value: Redis counts from the arrival.
const EXPIRY_TOLERANCE: Duration = Duration::from_secs(1);
/// Bytes of a value that a report shows.
const MAX_SHOWN_BYTES: usize = 300;

/// Result of the comparison of one value.
enum CacheComparison {
    Equal,
    /// Different, within what the profile allows; its age.
    Stale(Duration),
    /// Different; the database's value.
    Wrong(Option<Bytes>),
}

/// Compares cached values with the database, past the cache but through the engine's pool.
pub(super) async fn equals_database(
    engine: &Engine,
    caches: &[FeatureCache],
) -> Result<(InvariantResult, BTreeMap<String, CachedCheck>), ApiError> {
    let begin = Instant::now();
    let mut checks = BTreeMap::new();
    let mut rows = Vec::new();
    let mut violations = 0;
    for cache in caches {
        let mut check = CachedCheck::default();
        for key in engine.caches.sampled(cache.kind).into_iter().take(MAX_KEYS) {
            if begin.elapsed() > BUDGET {
                break;
            }
            for held in engine.caches.peek(&key).await {
                check.compared += 1;
                match compare(engine, cache, &key, &held).await? {
                    CacheComparison::Equal => {}
                    CacheComparison::Stale(age) => {
                        check.stale += 1;
                        let ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
                        check.oldest_stale_ms = check.oldest_stale_ms.max(ms);
                    }
                    CacheComparison::Wrong(database) => {
                        check.wrong += 1;
                        if rows.len() < MAX_ROWS {
                            rows.push(row(&key, &held, database.as_ref()));
                        }
                    }
                }
            }
        }
        violations += check.wrong;
        checks.insert(cache.kind.name.to_owned(), check);
    }
    let result = InvariantResult {
        number: NUMBER,
        name: "cached_equals_database".to_owned(),
        statement: "A cached value equals the database's; where values only expire, \
                    it may be stale until then."
            .to_owned(),
        violations,
        rows,
    };
    Ok((result, checks))
}

async fn compare(
    engine: &Engine,
    cache: &FeatureCache,
    key: &Key,
    held: &StoredValue,
) -> Result<CacheComparison, ApiError> {
    if (cache.reload)(engine, key).await? == held.bytes {
        return Ok(CacheComparison::Equal);
    }
    tokio::time::sleep(INVALIDATION_TIME).await;
    let again = engine.caches.peek(key).await;
    let still = |tier| {
        again
            .iter()
            .any(|one| one.tier == tier && one.loaded_ms == held.loaded_ms)
    };
    if !still(held.tier) {
        return Ok(CacheComparison::Equal);
    }
    let database = (cache.reload)(engine, key).await?;
    if database == held.bytes {
        return Ok(CacheComparison::Equal);
    }
    let only_time = engine.caches.invalidation() == Invalidation::TtlOnly;
    // A change by another instance does not invalidate the copies here; they expire.
    let copy = held.tier == Tier::Memory
        && engine.caches.store(cache.kind) == Store::Tiered
        && !still(Tier::Redis);
    if copy || (only_time && held.age <= held.life + EXPIRY_TOLERANCE) {
        return Ok(CacheComparison::Stale(held.age));
    }
    Ok(CacheComparison::Wrong(database))
}

fn row(key: &Key, held: &StoredValue, database: Option<&Bytes>) -> serde_json::Value {
    json!({
        "cache": key.kind.name,
        "group": key.group,
        "question": key.question,
        "store": match held.tier {
            Tier::Memory => "memory",
            Tier::Redis => "redis",
        },
        "age_ms": u64::try_from(held.age.as_millis()).unwrap_or(u64::MAX),
        "cached": held.bytes.as_ref().map(shown),
        "database": database.map(shown),
    })
}

/// The beginning of a value.
fn shown(bytes: &Bytes) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_SHOWN_BYTES)]).into_owned()
}
