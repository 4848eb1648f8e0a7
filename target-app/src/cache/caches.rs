//! Read-through over whichever store the profile names.

mod readings;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::RngExt as _;
use shared::{
    profile::{Lasting, Profile},
    snapshot::CacheSnapshot,
};

use super::{
    CacheCounters, CacheError, CacheKind, Group, Key, Redis, Tier,
    counters::bump,
    entry::{Entry, now_ms},
    kind::PerKind,
    sample::KeySample,
    single_flight::{FlightKey, FlightRole, SingleFlight},
    stores::{Observed, Stores},
};
use crate::chance;
use crate::timing;

/// The caches of one engine; clones share them.
#[derive(Clone)]
pub struct Caches(Arc<Inner>);

struct Inner {
    stores: Stores,
    lifetimes: Lifetimes,
    flights: SingleFlight,
    single_flight: bool,
    early_refresh: bool,
    sample: KeySample,
    counters: Arc<CacheCounters>,
    /// The caches of the engine that replaced this one.
    successor: OnceLock<Caches>,
    /// The caches of the engine that this one replaced, as long as something holds them.
    predecessor: OnceLock<Weak<Inner>>,
}

/// How long values live.
struct Lifetimes {
    kinds: PerKind<Duration>,
    absence: Option<Duration>,
    jitter: f64,
}

/// The outcome of a read.
#[derive(Debug, Clone)]
pub struct CacheRead {
    /// The value.
    pub bytes: Bytes,
    /// How old it is, where it came from a store.
    pub age: Option<Duration>,
}

/// A stored value as an audit sees it.
#[derive(Debug, Clone)]
pub struct StoredValue {
    /// The value; `None` where the absence of one is stored.
    pub bytes: Option<Bytes>,
    /// The store that has it.
    pub tier: Tier,
    /// How old it is.
    pub age: Duration,
    /// When its load began, in milliseconds since 1970: tells it from a later one.
    pub loaded_ms: u64,
    /// How old it may become.
    pub life: Duration,
}

impl Caches {
    /// Caches as the profile wants them, of the kinds that `counters` counts; `redis` is used by
    /// the kinds that name it.
    pub fn new(profile: &Profile, redis: Option<Redis>, counters: Arc<CacheCounters>) -> Self {
        Self(Arc::new(Inner {
            stores: Stores::new(profile, redis, Arc::clone(&counters)),
            lifetimes: Lifetimes {
                kinds: PerKind::new(counters.kinds(), |kind| (kind.ttl)(profile)),
                absence: match profile.cache_negative {
                    Lasting::Off => None,
                    Lasting::For(span) => Some(span.duration()),
                },
                jitter: profile.cache_jitter.share(),
            },
            flights: SingleFlight::default(),
            single_flight: profile.cache_single_flight.is_on(),
            early_refresh: profile.cache_early_refresh.is_on(),
            sample: KeySample::new(counters.kinds()),
            counters,
            successor: OnceLock::new(),
            predecessor: OnceLock::new(),
        }))
    }

    /// Deletes what earlier processes and engines stored in Redis under the keys of this one:
    /// they may have ended between a commit and its invalidation. Call it before the first read;
    /// where it fails, Redis is not read until it has succeeded.
    pub async fn disown_earlier(&self) -> Result<(), CacheError> {
        self.0.stores.disown_earlier().await
    }

    /// Cached JSON bytes of `key`, loaded if need be.
    ///
    /// A store that fails costs the load that it would have saved, nothing else. With
    /// `cache.single_flight` on, a reader that misses while another loads waits for that load,
    /// which then runs shielded from the disconnect of its client. Empty bytes say that there is
    /// nothing to find; they are stored only as long as `cache.negative` says.
    pub async fn read_through<E, F, Fut>(&self, key: Key, load: F) -> Result<CacheRead, E>
    where
        E: Clone + Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Bytes, E>> + Send + 'static,
    {
        if self.0.stores.is_off(key.kind) {
            return load().await.map(CacheRead::fresh);
        }
        let counters = self.0.counters.of(key.kind);
        let looked = self.0.stores.look_up(&key, self.draw()).await;
        let known = match looked.found {
            Some((entry, tier)) if !looked.due => {
                self.count_hit(key.kind, &entry, tier);
                return Ok(entry.into());
            }
            Some((entry, _)) => {
                bump(&counters.early_refreshes);
                Some(entry.loaded_ms)
            }
            None => None,
        };
        let observed = looked.observed;
        bump(&counters.misses);
        timing::cache_miss();
        if !self.0.single_flight {
            return self.load_and_fill(key, observed, load).await;
        }
        let flight = FlightKey {
            key: key.clone(),
            epoch: observed.epoch,
            generation: observed.generation.clone(),
        };
        match self.0.flights.join::<Result<CacheRead, E>>(flight) {
            FlightRole::Follower(follower) => {
                bump(&counters.shared_loads);
                match follower.value().await {
                    // It failed on the replica, perhaps, and this request has been there.
                    Some(Err(_)) if timing::insists_on_primary() => {
                        load().await.map(CacheRead::fresh)
                    }
                    Some(outcome) => outcome,
                    None => load().await.map(CacheRead::fresh),
                }
            }
            FlightRole::Leader(leader) => {
                let caches = self.clone();
                timing::shielded(async move {
                    // Another load may have ended between the look-up and the join.
                    let again = caches.0.stores.look_up(&key, None).await;
                    let outcome = match again.found {
                        Some((entry, _)) if Some(entry.loaded_ms) > known => Ok(entry.into()),
                        None if again.observed.broken => load().await.map(CacheRead::fresh),
                        _ => caches.load_and_fill(key, observed, load).await,
                    };
                    leader.complete(outcome.clone());
                    outcome
                })
                .await
            }
        }
    }

    /// Whether nothing of this kind is cached.
    pub fn is_off(&self, kind: &CacheKind) -> bool {
        self.0.stores.is_off(kind)
    }

    /// Whether it is remembered that there is nothing under a key of this kind.
    pub fn keeps_absence(&self, kind: &CacheKind) -> bool {
        self.0.lifetimes.absence.is_some() && !self.is_off(kind)
    }

    /// Runs `load` unless it is remembered that it finds nothing; remembers it if it does.
    ///
    /// For what is not cached itself: nothing is stored of a value that exists, and a look-up
    /// that comes back without an answer counts as neither hit nor miss. Only with
    /// `cache.negative`; without it, `load` is all that happens.
    pub async fn unless_missing<T, E>(
        &self,
        key: Key,
        load: impl Future<Output = Result<Option<T>, E>>,
    ) -> Result<Option<T>, E> {
        if !self.keeps_absence(key.kind) {
            return load.await;
        }
        let looked = self.0.stores.look_up(&key, None).await;
        if let Some((entry, tier)) = looked.found
            && entry.is_absence()
        {
            self.count_hit(key.kind, &entry, tier);
            return Ok(None);
        }
        let start = LoadStart::now();
        let found = load.await?;
        if found.is_none() {
            // Boxed: it seldom runs and would make the future of every caller larger.
            Box::pin(self.keep(&key, &looked.observed, Bytes::new(), &start)).await;
        }
        Ok(found)
    }

    /// Makes the values of these groups wrong, here and, while one engine replaces another, in the
    /// caches of both; call it after the commit, in the same shielded work as the mutation. With
    /// `cache.invalidation` at `ttl_only` it does nothing.
    pub async fn invalidate(&self, groups: &[Group]) {
        for caches in self.in_use() {
            caches.0.stores.invalidate(groups).await;
        }
    }

    /// Has what changes through these caches invalidated in `next` too, which replaces them, and the
    /// reverse: a request keeps the engine that it began on, so both are read and changed through
    /// until the last of the old one's requests has ended.
    pub fn precede(&self, next: &Self) {
        let known = self.0.successor.set(next.clone());
        debug_assert!(known.is_ok(), "an engine is replaced once");
        let known = next.0.predecessor.set(Arc::downgrade(&self.0));
        debug_assert!(known.is_ok(), "an engine replaces one");
    }

    /// These caches, those that replaced them, and those that they replaced and that are still held.
    fn in_use(&self) -> impl Iterator<Item = Self> {
        let next = |caches: &Self| caches.0.successor.get().cloned();
        let former = |caches: &Self| caches.0.predecessor.get()?.upgrade().map(Self);
        std::iter::once(self.clone())
            .chain(std::iter::successors(next(self), next))
            .chain(std::iter::successors(former(self), former))
    }

    /// Forgets that there was nothing in these groups; call it after the commit that created
    /// something, like [`invalidate`](Self::invalidate). Without `cache.negative` nothing is remembered.
    pub async fn created(&self, groups: &[Group]) {
        for caches in self.in_use() {
            if caches.0.lifetimes.absence.is_some() {
                caches.0.stores.invalidate(groups).await;
            }
        }
    }

    /// The counters of each kind.
    pub fn snapshot(&self) -> BTreeMap<String, CacheSnapshot> {
        self.0.counters.snapshot()
    }

    /// Keys of one kind, at most `most`: of values that this process stored and, where the kind is
    /// in Redis, as many of what other processes stored.
    pub async fn sampled(
        &self,
        kind: &'static CacheKind,
        most: usize,
    ) -> Result<Vec<Key>, CacheError> {
        let mut keys = self.0.stores.keys_in_redis(kind, most).await?;
        let mut own = self.0.sample.of(kind);
        own.retain(|key| !keys.contains(key));
        keys.truncate(most.saturating_sub(own.len()).max(most / 2));
        own.truncate(most - keys.len());
        own.extend(keys);
        Ok(own)
    }

    /// What the stores have of a key, without counting it as a look-up.
    pub async fn peek(&self, key: &Key) -> Result<Vec<StoredValue>, CacheError> {
        let found = self.0.stores.peek(key).await?;
        let values = found
            .into_iter()
            .map(|(entry, tier)| StoredValue {
                age: entry.age(),
                loaded_ms: entry.loaded_ms,
                life: entry.life,
                bytes: (!entry.is_absence()).then_some(entry.body),
                tier,
            })
            .collect();
        Ok(values)
    }

    async fn load_and_fill<E, F, Fut>(
        &self,
        key: Key,
        observed: Observed,
        load: F,
    ) -> Result<CacheRead, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Bytes, E>>,
    {
        let start = LoadStart::now();
        let value = load().await?;
        self.keep(&key, &observed, value.clone(), &start).await;
        Ok(CacheRead::fresh(value))
    }

    /// Stores what was loaded, if it has a life ahead of it.
    async fn keep(&self, key: &Key, observed: &Observed, body: Bytes, start: &LoadStart) {
        let Some(life) = self.0.lifetimes.draw(key.kind, body.is_empty()) else {
            return;
        };
        let entry = Entry {
            body,
            loaded_ms: start.wall_ms,
            cost: start.instant.elapsed(),
            life,
            question: key.question.clone(),
        };
        if entry.left().is_zero() {
            return;
        }
        if self.0.stores.fill(key, observed, &entry).await {
            self.0.sample.note(key);
        }
    }

    fn count_hit(&self, kind: &CacheKind, entry: &Entry, tier: Tier) {
        let counters = self.0.counters.of(kind);
        bump(match tier {
            Tier::Memory => &counters.memory_hits,
            Tier::Redis => &counters.redis_hits,
        });
        if entry.is_absence() {
            bump(&counters.negative_hits);
        }
        timing::cache_hit();
    }

    /// The random number that decides on an early refresh.
    fn draw(&self) -> Option<f64> {
        self.0
            .early_refresh
            .then(|| 1.0 - chance::rng().random::<f64>())
    }
}

impl Lifetimes {
    /// The life of a new value; never longer than its switch says, so that this stays the bound
    /// of its age. `None` where it is not to be stored.
    fn draw(&self, kind: &CacheKind, absence: bool) -> Option<Duration> {
        let whole = *self.kinds.of(kind);
        let whole = if absence {
            whole.min(self.absence?)
        } else {
            whole
        };
        let cut = self.jitter * chance::rng().random::<f64>();
        Some(whole.mul_f64(1.0 - cut))
    }
}

/// When a load began.
struct LoadStart {
    wall_ms: u64,
    instant: Instant,
}

impl LoadStart {
    fn now() -> Self {
        Self {
            wall_ms: now_ms(),
            instant: Instant::now(),
        }
    }
}

impl CacheRead {
    fn fresh(bytes: Bytes) -> Self {
        Self { bytes, age: None }
    }

    /// The value; its age is recorded for the response whose body it is.
    pub fn into_body(self) -> Bytes {
        if let Some(age) = self.age {
            timing::body_age(age);
        }
        self.bytes
    }
}

impl From<Entry> for CacheRead {
    fn from(entry: Entry) -> Self {
        Self {
            age: Some(entry.age()),
            bytes: entry.body,
        }
    }
}

#[cfg(test)]
#[path = "caches_tests.rs"]
mod tests;
