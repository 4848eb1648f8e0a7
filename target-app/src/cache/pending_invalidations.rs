//! What Redis still has although it must not be read: groups whose invalidation failed, or
//! everything.
//!
//! A mutation that has committed cannot be refused because Redis does not answer. Its group is
//! remembered here instead: reads of the group go past Redis, and a task repeats the
//! invalidation until Redis has taken it. More groups than [`MAX_GROUPS`] are remembered as
//! everything: then no kind is read from Redis until its values are deleted.
//!
//! A process that is killed between a commit and its invalidation remembers nothing. So an
//! engine begins with everything pending: what earlier processes stored is deleted before it is
//! read. That is simpler than a row written in each transaction, and costs requests nothing.
//!
//! Another instance does not know what is pending here: it may read an old value from Redis until
//! this process has repeated the invalidation, at most [`PAUSE`] after Redis answers again, or,
//! where this process was killed, until it is started again or the value expires.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use super::{CacheError, Group, Key, Redis, memory::Epochs};

/// Most groups that are remembered one by one.
const MAX_GROUPS: usize = 16_384;
/// Time between two attempts to invalidate what is pending.
const PAUSE: Duration = Duration::from_secs(1);

/// Invalidations that Redis has not taken yet.
pub(super) struct PendingInvalidations {
    redis: Redis,
    epochs: Arc<Epochs>,
    /// Whether anything is pending, for look-ups, which seldom meet anything.
    any: AtomicBool,
    state: Mutex<PendingState>,
}

#[derive(Default)]
struct PendingState {
    /// By group, the number of the last invalidation that failed.
    groups: HashMap<Group, u64>,
    /// The number of the failure since which everything is pending.
    everything: Option<u64>,
    /// Failures so far.
    failures: u64,
    /// Whether a task repeats them.
    repeating: bool,
}

/// What one attempt is about.
enum InvalidationBatch {
    Everything(u64),
    Groups(Vec<(Group, u64)>),
}

impl PendingInvalidations {
    /// Nothing pending yet; `epochs` are those of the values in this process.
    pub(super) fn new(redis: Redis, epochs: Arc<Epochs>) -> Arc<Self> {
        Arc::new(Self {
            redis,
            epochs,
            any: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    /// Whether what Redis has under a key must not be read.
    pub(super) fn covers(&self, key: &Key) -> bool {
        if !self.any.load(SeqCst) {
            return false;
        }
        let state = self.state();
        state.everything.is_some() || state.groups.contains_key(&Group::new(key.kind, &key.group))
    }

    /// Whether nothing may be read from Redis.
    pub(super) fn covers_everything(&self) -> bool {
        self.any.load(SeqCst) && self.state().everything.is_some()
    }

    /// Remembers a group whose invalidation failed, and repeats it until it succeeds.
    pub(super) fn remember(self: &Arc<Self>, group: &Group) {
        self.note(|state, failure| {
            let known = state.groups.contains_key(group);
            if known || state.groups.len() < MAX_GROUPS {
                state.groups.insert(group.clone(), failure);
            } else {
                state.groups.clear();
                state.everything = Some(failure);
            }
        });
    }

    /// Deletes what earlier processes stored; where that fails, nothing is read from Redis until
    /// it succeeds.
    pub(super) async fn disown_earlier(self: &Arc<Self>) -> Result<(), CacheError> {
        let outcome = self.redis.sweep().await;
        if outcome.is_err() {
            self.note(|state, failure| state.everything = Some(failure));
        }
        outcome
    }

    fn note(self: &Arc<Self>, change: impl FnOnce(&mut PendingState, u64)) {
        let mut state = self.state();
        state.failures += 1;
        let failure = state.failures;
        change(&mut state, failure);
        self.any.store(true, SeqCst);
        if !std::mem::replace(&mut state.repeating, true) {
            tokio::spawn(repeat(Arc::downgrade(self)));
        }
    }

    /// Tries once; whether nothing is pending any more.
    async fn settle(&self) -> bool {
        let batch = {
            let state = self.state();
            match state.everything {
                Some(failure) => InvalidationBatch::Everything(failure),
                None => InvalidationBatch::Groups(
                    state
                        .groups
                        .iter()
                        .map(|(group, failure)| (group.clone(), *failure))
                        .collect(),
                ),
            }
        };
        match batch {
            InvalidationBatch::Everything(failure) => {
                if self.redis.sweep().await.is_ok() {
                    let mut state = self.state();
                    // Those that failed during the sweep may have come too late for it.
                    state.groups.retain(|_, later| *later > failure);
                    state.everything = state.everything.filter(|later| *later > failure);
                }
            }
            InvalidationBatch::Groups(groups) => {
                for (group, failure) in groups {
                    if self.redis.invalidate(&[&group]).await.is_err() {
                        break;
                    }
                    self.epochs.end(&group);
                    let mut state = self.state();
                    if state.groups.get(&group) == Some(&failure) {
                        state.groups.remove(&group);
                    }
                }
            }
        }
        let mut state = self.state();
        let done = state.groups.is_empty() && state.everything.is_none();
        if done {
            self.any.store(false, SeqCst);
            state.repeating = false;
        }
        done
    }

    fn state(&self) -> MutexGuard<'_, PendingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Repeats what failed until it succeeds or the engine is gone; the next engine with the same
/// keys deletes them before it reads any.
async fn repeat(pending: Weak<PendingInvalidations>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        match pending.upgrade() {
            Some(pending) if !pending.settle().await => {}
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::profile::RedisConnection;

    use super::*;
    use crate::cache::kind::tests::{MENTORS, USERS};

    fn pending() -> Arc<PendingInvalidations> {
        // No server listens there.
        let redis = Redis::new(
            "redis://127.0.0.1:1",
            RedisConnection::Multiplexed,
            "cc:test".to_owned(),
        )
        .unwrap();
        PendingInvalidations::new(redis, Arc::default())
    }

    #[tokio::test]
    async fn a_failed_group_is_pending_and_no_other() {
        let pending = pending();
        let ann = Key::named(&USERS, "ann".to_owned(), "view");
        assert!(!pending.covers(&ann));
        pending.remember(&Group::new(&USERS, "ann"));
        assert!(pending.covers(&ann));
        assert!(!pending.covers(&Key::named(&USERS, "bob".to_owned(), "view")));
        assert!(!pending.covers(&Key::named(&MENTORS, "ann".to_owned(), "view")));
        assert!(!pending.settle().await, "Redis is not there");
        assert!(pending.covers(&ann));
    }

    #[tokio::test]
    async fn more_groups_than_the_bound_are_everything_and_take_no_more_memory() {
        let pending = pending();
        for n in 0..=MAX_GROUPS {
            pending.remember(&Group::new(&USERS, n));
        }
        assert!(pending.covers(&Key::named(&MENTORS, "any".to_owned(), "view")));
        assert!(pending.state().groups.len() <= MAX_GROUPS);
    }
}
