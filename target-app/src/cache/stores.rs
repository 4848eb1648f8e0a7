//! Where values are: this process, Redis, or both; and who may store what when.
//!
//! A tiered cache keeps a copy of what Redis has in this process, for at most
//! `cache.tiered.ttl`. Other instances rely on that bound and not on a message through pub/sub:
//! Redis delivers messages at most once, so that a lost one would need a bound anyway, and the
//! bound also holds while Redis is unreachable. The instance that changes something drops its own
//! copy at once.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use shared::profile::{Invalidation, Profile, RedisConnection, Store};

use super::{
    CacheCounters, CacheError, CacheKind, Group, Key, Redis,
    counters::bump,
    entry::Entry,
    kind::PerKind,
    memory::{Epochs, Memory},
    pending_invalidations::PendingInvalidations,
};

/// Groups that one command invalidates: Redis does nothing else meanwhile.
const GROUPS_AT_ONCE: usize = 64;

/// The stores of one engine.
pub(super) struct Stores {
    kinds: PerKind<KindStores>,
    redis: Option<Redis>,
    epochs: Arc<Epochs>,
    /// What must not be read from Redis; where there is Redis.
    pending: Option<Arc<PendingInvalidations>>,
    rule: Invalidation,
    /// Longest stay of a copy of what Redis has.
    copy_stay: Duration,
    counters: Arc<CacheCounters>,
    born: Instant,
}

/// The stores of one kind.
struct KindStores {
    memory: Option<Memory>,
    in_redis: bool,
}

/// Which store had a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// This process.
    Memory,
    /// Redis.
    Redis,
}

/// The versions that a look-up saw, for the fill that may follow.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    /// Invalidations of the group that this process knows of.
    pub(super) epoch: u64,
    /// The group's version in Redis.
    pub(super) generation: String,
    /// The store did not answer: a fill would be refused or, worse, come too late.
    pub(super) broken: bool,
}

/// The outcome of a look-up.
pub(super) struct LookUp {
    /// The value and its store.
    pub(super) found: Option<(Entry, Tier)>,
    /// Whether this reader should load it anew although it was found.
    pub(super) due: bool,
    /// For the fill.
    pub(super) observed: Observed,
}

impl Stores {
    /// Empty stores as the profile wants them.
    pub(super) fn new(
        profile: &Profile,
        redis: Option<Redis>,
        counters: Arc<CacheCounters>,
    ) -> Self {
        let epochs = Arc::<Epochs>::default();
        let pending = redis
            .clone()
            .map(|redis| PendingInvalidations::new(redis, Arc::clone(&epochs)));
        Self {
            kinds: PerKind::new(counters.kinds(), |kind| KindStores {
                memory: matches!((kind.store)(profile), Store::Memory | Store::Tiered)
                    .then(Memory::new),
                in_redis: kind.uses_redis(profile),
            }),
            redis,
            epochs,
            pending,
            rule: profile.cache_invalidation,
            copy_stay: profile.cache_tiered_ttl.duration(),
            counters,
            born: Instant::now(),
        }
    }

    /// Redis, where values of some kind are kept in it.
    pub(super) fn redis(&self) -> Option<&Redis> {
        self.redis
            .as_ref()
            .filter(|_| self.kinds.iter().any(|(_, stores)| stores.in_redis))
    }

    /// How Redis is reached, also where no kind is kept in it.
    pub(super) fn connection(&self) -> Option<RedisConnection> {
        self.redis.as_ref().map(Redis::connection)
    }

    /// Where values of that kind are kept.
    pub(super) fn store(&self, kind: &CacheKind) -> Store {
        let stores = self.kinds.of(kind);
        match (&stores.memory, stores.in_redis) {
            (None, false) => Store::Off,
            (Some(_), false) => Store::Memory,
            (None, true) => Store::Redis,
            (Some(_), true) => Store::Tiered,
        }
    }

    /// What an invalidation does.
    pub(super) fn invalidation(&self) -> Invalidation {
        self.rule
    }

    /// Longest stay of a copy of what Redis has.
    pub(super) fn copy_ttl(&self) -> Duration {
        self.copy_stay
    }

    /// Whether values of that kind are kept nowhere.
    pub(super) fn is_off(&self, kind: &CacheKind) -> bool {
        let stores = self.kind(kind);
        stores.memory.is_none() && !stores.in_redis
    }

    /// Looks for a value; `draw` decides whether a found one is due, where that is wanted.
    pub(super) async fn look_up(&self, key: &Key, draw: Option<f64>) -> LookUp {
        let is_due = |entry: &Entry| draw.is_some_and(|draw| entry.is_due(draw));
        let stores = self.kind(key.kind);
        let mut looked = LookUp {
            found: None,
            due: false,
            observed: Observed {
                epoch: self.epochs.read(key),
                generation: String::new(),
                broken: false,
            },
        };
        if let Some(memory) = &stores.memory
            && let Some(entry) = memory.get(key, looked.observed.epoch).await
        {
            looked.due = is_due(&entry);
            // Another instance may have a newer one, and a fill will need the version.
            if !(looked.due && stores.in_redis) {
                looked.found = Some((entry, Tier::Memory));
                return looked;
            }
        }
        let Some(redis) = self.redis.as_ref().filter(|_| stores.in_redis) else {
            return looked;
        };
        let answer = if self.is_pending(key) {
            Err(CacheError::InvalidationPending)
        } else {
            self.ask(redis, key).await
        };
        match answer {
            Ok((entry, generation)) => {
                looked.observed.generation = generation;
                looked.due = entry.as_ref().is_some_and(is_due);
                if let Some(entry) = entry {
                    self.copy(key, &looked.observed, &entry).await;
                    looked.found = Some((entry, Tier::Redis));
                }
            }
            Err(error) => {
                self.note_error(key.kind, &error);
                looked.observed.broken = true;
            }
        }
        looked
    }

    /// Stores a loaded value; returns whether it did.
    pub(super) async fn fill(&self, key: &Key, observed: &Observed, entry: &Entry) -> bool {
        if observed.broken {
            return false;
        }
        let stores = self.kind(key.kind);
        let stored = match (&self.redis, &stores.memory) {
            (Some(redis), _) if stores.in_redis => match self.rule {
                Invalidation::TtlOnly => redis.put(key, entry).await.map(|()| true),
                Invalidation::Delete => redis.fill(key, None, entry).await,
                Invalidation::Versioned => redis.fill(key, Some(&observed.generation), entry).await,
            },
            (_, Some(memory)) => {
                let epoch = self.stamp(key, observed);
                let current = self.epochs.read(key) == epoch;
                // A value from before would only displace a good one.
                if current {
                    memory
                        .put(key.clone(), epoch, entry.clone(), Duration::MAX)
                        .await;
                }
                Ok(current)
            }
            _ => return false,
        };
        let counters = self.counters.of(key.kind);
        match stored {
            Ok(true) => {
                bump(&counters.fills);
                if stores.in_redis {
                    self.copy(key, observed, entry).await;
                }
                true
            }
            Ok(false) => {
                bump(&counters.refused_fills);
                false
            }
            Err(error) => {
                self.note_error(key.kind, &error);
                false
            }
        }
    }

    /// Makes the values of these groups wrong, those that are in Redis with one command for many. Where
    /// Redis fails, they are not read from it until it has taken the invalidation.
    pub(super) async fn invalidate(&self, groups: &[Group]) {
        if self.rule == Invalidation::TtlOnly {
            return;
        }
        let kept: Vec<&Group> = groups
            .iter()
            .filter(|group| !self.is_off(group.kind))
            .collect();
        for group in &kept {
            bump(&self.counters.of(group.kind).invalidations);
        }
        if let Some(redis) = &self.redis {
            let in_redis = |group: &&Group| self.kind(group.kind).in_redis;
            let there: Vec<&Group> = kept.iter().copied().filter(in_redis).collect();
            for some in there.chunks(GROUPS_AT_ONCE) {
                if let Err(error) = redis.invalidate(some).await {
                    self.remember_pending(some, &error);
                }
            }
        }
        // After Redis: what was copied from it meanwhile belongs to the epoch that ends here.
        for group in kept {
            self.epochs.end(group);
        }
    }

    /// Remembers groups whose invalidation Redis did not take.
    fn remember_pending(&self, groups: &[&Group], error: &CacheError) {
        for group in groups {
            self.note_error(group.kind, error);
            if let Some(pending) = &self.pending {
                pending.remember(group);
            }
        }
    }

    /// Deletes what earlier processes and engines stored in Redis under the keys of this one:
    /// they may have ended between a commit and its invalidation.
    pub(super) async fn disown_earlier(&self) -> Result<(), CacheError> {
        match &self.pending {
            Some(pending) if self.redis().is_some() => pending.disown_earlier().await,
            _ => Ok(()),
        }
    }

    /// Keys of values of one kind that are in Redis, also of other processes; at most `most`.
    pub(super) async fn keys_in_redis(
        &self,
        kind: &'static CacheKind,
        most: usize,
    ) -> Result<Vec<Key>, CacheError> {
        match &self.redis {
            Some(redis) if self.kind(kind).in_redis && !self.everything_is_pending() => {
                redis.keys(kind, most).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What a read may find in each store under a key now, without counting it as a look-up.
    /// An error where a store that may have it cannot be asked.
    pub(super) async fn peek(&self, key: &Key) -> Result<Vec<(Entry, Tier)>, CacheError> {
        let stores = self.kind(key.kind);
        let mut found = Vec::new();
        if let Some(memory) = &stores.memory
            && let Some(entry) = memory.get(key, self.epochs.read(key)).await
        {
            found.push((entry, Tier::Memory));
        }
        if let (true, Some(redis)) = (stores.in_redis && !self.is_pending(key), &self.redis)
            && let (Some(entry), _) = self.ask(redis, key).await?
        {
            found.push((entry, Tier::Redis));
        }
        Ok(found)
    }

    /// What may be read from Redis under a key, and the generation of its group where that counts.
    async fn ask(&self, redis: &Redis, key: &Key) -> Result<(Option<Entry>, String), CacheError> {
        match self.rule {
            Invalidation::Versioned => redis.look_up(key).await,
            Invalidation::TtlOnly | Invalidation::Delete => {
                redis.get(key).await.map(|entry| (entry, String::new()))
            }
        }
    }

    /// Keeps a copy of what Redis has, where the kind is tiered.
    async fn copy(&self, key: &Key, observed: &Observed, entry: &Entry) {
        if let Some(memory) = &self.kind(key.kind).memory {
            let epoch = self.stamp(key, observed);
            memory
                .put(key.clone(), epoch, entry.clone(), self.copy_stay)
                .await;
        }
    }

    /// The epoch that a value belongs to: that of its look-up, so that an invalidation since
    /// then ends it; with `delete` that of its arrival, as if there had been no look-up.
    fn stamp(&self, key: &Key, observed: &Observed) -> u64 {
        match self.rule {
            Invalidation::Delete => self.epochs.read(key),
            Invalidation::TtlOnly | Invalidation::Versioned => observed.epoch,
        }
    }

    fn note_error(&self, kind: &CacheKind, error: &CacheError) {
        bump(&self.counters.of(kind).errors);
        // Both follow from a failure that was logged.
        if matches!(error, CacheError::Paused | CacheError::InvalidationPending) {
            return;
        }
        let now = self.born.elapsed().as_secs() + 1;
        if self.counters.warned.swap(now, Relaxed) != now {
            tracing::warn!(cache = kind.name, %error, "the cache failed; requests go on without it");
        }
    }

    fn is_pending(&self, key: &Key) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.covers(key))
    }

    fn everything_is_pending(&self) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.covers_everything())
    }

    fn kind(&self, kind: &CacheKind) -> &KindStores {
        self.kinds.of(kind)
    }
}
