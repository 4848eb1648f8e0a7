//! Values kept in this process.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use moka::{Expiry, future::Cache};

use super::{CacheKind, Group, Key, entry::Entry};

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
    /// The epoch of the group that a key is in.
    pub(super) fn read(&self, key: &Key) -> u64 {
        self.slot(key.kind, &key.group).load(Ordering::Acquire)
    }

    /// Ends a group's epoch.
    pub(super) fn end(&self, group: &Group) {
        self.slot(group.kind, &group.name)
            .fetch_add(1, Ordering::AcqRel);
    }

    /// Groups of different kinds may have one name: that of a student, for example.
    fn slot(&self, kind: &CacheKind, group: &str) -> &AtomicU64 {
        &self.slots[self.hasher.hash_one((kind, group)) as usize % EPOCHS]
    }
}

/// Values of one kind.
pub(super) struct Memory(Cache<Key, MemoryEntry>);

/// A value, and how long it stays here.
#[derive(Clone)]
struct MemoryEntry {
    entry: Entry,
    /// The epoch of its group that it belongs to.
    stamp: u64,
    /// How long it stays here.
    stay: Duration,
}

/// Each value stays for a time of its own.
struct OwnStay;

impl Expiry<Key, MemoryEntry> for OwnStay {
    fn expire_after_create(&self, _: &Key, held: &MemoryEntry, _: Instant) -> Option<Duration> {
        Some(held.stay)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        held: &MemoryEntry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(held.stay)
    }
}

impl Memory {
    /// An empty store.
    pub(super) fn new() -> Self {
        let weigh = |key: &Key, held: &MemoryEntry| {
            // 150 bytes stand for the store's own bookkeeping.
            let bytes = key.bytes() + held.entry.body.len() + 150;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(MAX_BYTES)
                .weigher(weigh)
                .expire_after(OwnStay)
                .build(),
        )
    }

    /// A value of that epoch.
    pub(super) async fn get(&self, key: &Key, epoch: u64) -> Option<Entry> {
        let held = self.0.get(key).await?;
        (held.stamp == epoch).then_some(held.entry)
    }

    /// Keeps a value for that epoch, until its end and at most for `longest`.
    pub(super) async fn put(&self, key: Key, epoch: u64, entry: Entry, longest: Duration) {
        let stay = entry.left().min(longest);
        let held = MemoryEntry {
            entry,
            stamp: epoch,
            stay,
        };
        self.0.insert(key, held).await;
    }
}
