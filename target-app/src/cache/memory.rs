//! Values kept in this process.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use moka::future::Cache;

use super::{Group, Key};

/// Most bytes that one kind may keep.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Epochs that groups share by hash: bounded, and a shared one costs a reload, nothing else.
const EPOCHS: usize = 16_384;

/// Counts the invalidations of each group.
///
/// A value is stamped with the epoch that its reader saw before loading; once the epoch has
/// moved the value is dead, so that a slow load cannot put back what a mutation took away.
pub(super) struct Epochs {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Default for Epochs {
    fn default() -> Self {
        Self {
            slots: (0..EPOCHS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Epochs {
    /// The epoch of a group.
    pub(super) fn read(&self, group: &str) -> u64 {
        self.slot(group).load(Ordering::Acquire)
    }

    /// Ends a group's epoch.
    pub(super) fn end(&self, group: &Group) {
        self.slot(&group.name).fetch_add(1, Ordering::AcqRel);
    }

    fn slot(&self, group: &str) -> &AtomicU64 {
        &self.slots[self.hasher.hash_one(group) as usize % EPOCHS]
    }
}

/// Values of one kind.
pub(super) struct Memory(Cache<Key, (u64, Bytes)>);

impl Memory {
    /// An empty store whose values live for `ttl`.
    pub(super) fn new(ttl: Duration) -> Self {
        let weigh = |key: &Key, (_, value): &(u64, Bytes)| {
            // 100 bytes stand for the store's own bookkeeping.
            let bytes = key.group.len() + key.name.len() + value.len() + 100;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(MAX_BYTES)
                .weigher(weigh)
                .time_to_live(ttl)
                .build(),
        )
    }

    /// A value of that epoch.
    pub(super) async fn get(&self, key: &Key, epoch: u64) -> Option<Bytes> {
        let (stamp, value) = self.0.get(key).await?;
        (stamp == epoch).then_some(value)
    }

    /// Keeps a value that was loaded in that epoch.
    pub(super) async fn put(&self, key: Key, epoch: u64, value: Bytes) {
        self.0.insert(key, (epoch, value)).await;
    }
}
