//! The invariant outside of SQL: a cached value equals the value in the database.
//!
//! For a bounded sample of keys, of what this process stored and of what Redis has from others,
//! each store's value is compared byte for byte with a load past the cache. Every kind must be exact: a value follows from the
//! query and the rows alone, never from the clock. A mutation that is between its commit and its
//! invalidation is given a moment, so that an audit under load reports no false violation.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::json;
use shared::{
    invariant::{CachedCheck, FailedPart, InvariantResult, MAX_ROWS},
    profile::{Invalidation, Store},
};

use crate::{
    cache::{CacheError, Key, StoredValue, Tier},
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

/// What the comparison of the caches found.
pub(super) struct CacheAudit {
    /// Absent where the comparison failed before it found a wrong value.
    pub(super) invariant: Option<InvariantResult>,
    /// Values compared, by kind of cache.
    pub(super) checks: BTreeMap<String, CachedCheck>,
    /// Why not everything could be compared.
    pub(super) failed: Option<FailedPart>,
}

/// Why a value could not be compared.
#[derive(Debug, thiserror::Error)]
enum CompareError {
    #[error("a cached value could not be read: {0}")]
    Cache(#[from] CacheError),
    #[error("a value could not be loaded from the database: {}", .0.detail())]
    Load(ApiError),
}

/// Compares cached values with the database, past the cache but through the engine's pool.
pub(super) async fn equals_database(engine: &Engine, caches: &[FeatureCache]) -> CacheAudit {
    let begin = Instant::now();
    let mut checks = BTreeMap::new();
    let mut rows = Vec::new();
    let mut failed = None;
    for cache in caches {
        let mut check = CachedCheck::default();
        let compared = compare_kind(engine, cache, begin, &mut check, &mut rows).await;
        checks.insert(cache.kind.name.to_owned(), check);
        if let Err(error) = compared {
            failed = Some(FailedPart {
                part: "caches".to_owned(),
                reason: error.to_string(),
            });
            break;
        }
    }
    let violations: u64 = checks.values().map(|check| check.wrong).sum();
    let result = InvariantResult {
        number: NUMBER,
        name: "cached_equals_database".to_owned(),
        statement: "A cached value equals the database's; where values only expire, \
                    it may be stale until then."
            .to_owned(),
        violations,
        rows,
    };
    CacheAudit {
        invariant: (failed.is_none() || violations > 0).then_some(result),
        checks,
        failed,
    }
}

/// Compares a sample of one kind.
async fn compare_kind(
    engine: &Engine,
    cache: &FeatureCache,
    begin: Instant,
    check: &mut CachedCheck,
    rows: &mut Vec<serde_json::Value>,
) -> Result<(), CompareError> {
    for key in engine.caches.sampled(cache.kind, MAX_KEYS).await? {
        if begin.elapsed() > BUDGET {
            break;
        }
        for held in engine.caches.peek(&key).await? {
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
    Ok(())
}

async fn compare(
    engine: &Engine,
    cache: &FeatureCache,
    key: &Key,
    held: &StoredValue,
) -> Result<CacheComparison, CompareError> {
    let reload = async || {
        (cache.reload)(engine, key)
            .await
            .map_err(CompareError::Load)
    };
    if reload().await? == held.bytes {
        return Ok(CacheComparison::Equal);
    }
    tokio::time::sleep(INVALIDATION_TIME).await;
    let again = engine.caches.peek(key).await?;
    let still = |tier| {
        again
            .iter()
            .any(|one| one.tier == tier && one.loaded_ms == held.loaded_ms)
    };
    if !still(held.tier) {
        return Ok(CacheComparison::Equal);
    }
    let database = reload().await?;
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
