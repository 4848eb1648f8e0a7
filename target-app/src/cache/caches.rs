//! Read-through over whichever store the profile names.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use std::collections::BTreeMap;

use bytes::Bytes;
use shared::{
    profile::{Invalidation, Profile, Store},
    snapshot::CacheSnapshot,
};

use super::{
    CacheError, Group, Key, Kind, Redis,
    flights::{Flights, Route, Ticket},
    memory::{Epochs, Memory},
};
use crate::timing;

/// Figures of all caches since the process started; an exchange of the engine keeps them.
#[derive(Default)]
pub struct CacheCounters {
    kinds: [KindCounters; 3],
    /// Seconds since `born` at the last warning, so that an outage does not flood the log.
    warned: AtomicU64,
}

#[derive(Default)]
struct KindCounters {
    hits: AtomicU64,
    misses: AtomicU64,
    fills: AtomicU64,
    shared_loads: AtomicU64,
    invalidations: AtomicU64,
    errors: AtomicU64,
}

/// The caches of one engine; clones share them.
#[derive(Clone)]
pub struct Caches(Arc<Inner>);

struct Inner {
    kinds: [KindCache; 3],
    redis: Option<Redis>,
    epochs: Epochs,
    flights: Flights,
    single_flight: bool,
    deletes: bool,
    counters: Arc<CacheCounters>,
    born: Instant,
}

struct KindCache {
    kept: Kept,
    ttl: Duration,
}

enum Kept {
    Nowhere,
    Here(Memory),
    InRedis,
}

/// What a look-up saw, for the fill that may follow.
struct Seen {
    epoch: u64,
    generation: String,
    /// The store did not answer: a fill would be refused or, worse, come too late.
    broken: bool,
}

impl Caches {
    /// Caches as the profile wants them; `redis` is used by the kinds that name it.
    pub fn new(profile: &Profile, redis: Option<Redis>, counters: Arc<CacheCounters>) -> Self {
        let kind = |store, ttl: shared::time::Millis| KindCache {
            kept: match store {
                Store::Off => Kept::Nowhere,
                Store::Memory => Kept::Here(Memory::new(ttl.duration())),
                Store::Redis => Kept::InRedis,
            },
            ttl: ttl.duration(),
        };
        Self(Arc::new(Inner {
            kinds: [
                kind(profile.cache_mentors, profile.cache_mentors_ttl),
                kind(profile.cache_bookings, profile.cache_bookings_ttl),
                kind(profile.cache_users, profile.cache_users_ttl),
            ],
            redis,
            epochs: Epochs::default(),
            flights: Flights::default(),
            single_flight: profile.cache_single_flight.is_on(),
            deletes: profile.cache_invalidation == Invalidation::Delete,
            counters,
            born: Instant::now(),
        }))
    }

    /// The way to Redis, where the profile has one.
    pub fn redis(&self) -> Option<&Redis> {
        self.0.redis.as_ref()
    }

    /// Cached JSON bytes of `key`, loaded if need be.
    ///
    /// A store that fails costs the load that it would have saved, nothing else. With
    /// `cache.single_flight` on, whoever misses while another loads waits for that load,
    /// which then runs shielded from its client's going away.
    pub async fn read_through<E, F, Fut>(&self, key: Key, load: F) -> Result<Bytes, E>
    where
        E: Clone + Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Bytes, E>> + Send + 'static,
    {
        if matches!(self.kind(key.kind).kept, Kept::Nowhere) {
            return load().await;
        }
        let counters = self.counters(key.kind);
        let seen = match self.look_up(&key).await {
            (Some(value), _) => {
                counters.hits.fetch_add(1, Relaxed);
                timing::cache_hit();
                return Ok(value);
            }
            (None, seen) => seen,
        };
        counters.misses.fetch_add(1, Relaxed);
        timing::cache_miss();
        if !self.0.single_flight {
            return self.load_and_fill(key, seen, load).await;
        }
        let route = Route {
            key: key.clone(),
            epoch: seen.epoch,
            generation: seen.generation.clone(),
        };
        match self.0.flights.board::<Result<Bytes, E>>(route) {
            Ticket::Passenger(passenger) => {
                counters.shared_loads.fetch_add(1, Relaxed);
                match passenger.arrive().await {
                    Some(outcome) => outcome,
                    None => load().await,
                }
            }
            Ticket::Pilot(pilot) => {
                let caches = self.clone();
                timing::shielded(async move {
                    // Another flight may have landed between the look-up and the boarding.
                    let outcome = match caches.look_up(&key).await {
                        (Some(value), _) => Ok(value),
                        (None, again) if again.broken => load().await,
                        (None, _) => caches.load_and_fill(key, seen, load).await,
                    };
                    pilot.land(outcome.clone());
                    outcome
                })
                .await
            }
        }
    }

    /// Makes the values of these groups wrong; call it after the commit, in the same
    /// shielded work as the mutation. With `cache.invalidation` at `ttl_only` it does nothing.
    pub async fn invalidate(&self, groups: &[Group]) {
        if !self.0.deletes {
            return;
        }
        for group in groups {
            let kept = &self.kind(group.kind).kept;
            if matches!(kept, Kept::Nowhere) {
                continue;
            }
            let counters = self.counters(group.kind);
            counters.invalidations.fetch_add(1, Relaxed);
            self.0.epochs.end(group);
            if let (Kept::InRedis, Some(redis)) = (kept, &self.0.redis)
                && let Err(error) = redis.invalidate(group).await
            {
                self.note_error(group.kind, &error);
            }
        }
    }

    /// What each cache says of itself, by kind.
    pub fn snapshot(&self) -> BTreeMap<String, CacheSnapshot> {
        Kind::ALL
            .into_iter()
            .map(|kind| {
                let counters = self.counters(kind);
                let snapshot = CacheSnapshot {
                    hits: counters.hits.load(Relaxed),
                    misses: counters.misses.load(Relaxed),
                    fills: counters.fills.load(Relaxed),
                    shared_loads: counters.shared_loads.load(Relaxed),
                    invalidations: counters.invalidations.load(Relaxed),
                    errors: counters.errors.load(Relaxed),
                };
                (kind.as_str().to_owned(), snapshot)
            })
            .collect()
    }

    async fn look_up(&self, key: &Key) -> (Option<Bytes>, Seen) {
        let mut seen = Seen {
            epoch: self.0.epochs.read(&key.group),
            generation: String::new(),
            broken: false,
        };
        let value = match (&self.kind(key.kind).kept, &self.0.redis) {
            (Kept::Here(memory), _) => memory.get(key, seen.epoch).await,
            (Kept::InRedis, Some(redis)) => {
                let answer = if self.0.deletes {
                    redis.look_up(key).await
                } else {
                    redis.get(key).await.map(|value| (value, String::new()))
                };
                match answer {
                    Ok((value, generation)) => {
                        seen.generation = generation;
                        value
                    }
                    Err(error) => {
                        self.note_error(key.kind, &error);
                        seen.broken = true;
                        None
                    }
                }
            }
            _ => None,
        };
        (value, seen)
    }

    async fn load_and_fill<E, F, Fut>(&self, key: Key, seen: Seen, load: F) -> Result<Bytes, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Bytes, E>>,
    {
        let value = load().await?;
        if seen.broken {
            return Ok(value);
        }
        let kind = key.kind;
        let cache = self.kind(kind);
        let filled = match (&cache.kept, &self.0.redis) {
            // A value from before would only displace a good one.
            (Kept::Here(_), _) if self.0.epochs.read(&key.group) != seen.epoch => Ok(false),
            (Kept::Here(memory), _) => {
                memory.put(key, seen.epoch, value.clone()).await;
                Ok(true)
            }
            (Kept::InRedis, Some(redis)) if self.0.deletes => {
                redis.fill(&key, &seen.generation, &value, cache.ttl).await
            }
            (Kept::InRedis, Some(redis)) => redis.put(&key, &value, cache.ttl).await.map(|()| true),
            _ => Ok(false),
        };
        match filled {
            Ok(true) => {
                self.counters(kind).fills.fetch_add(1, Relaxed);
            }
            Ok(false) => {}
            Err(error) => self.note_error(kind, &error),
        }
        Ok(value)
    }

    fn note_error(&self, kind: Kind, error: &CacheError) {
        self.counters(kind).errors.fetch_add(1, Relaxed);
        // The pause after a failure is no news.
        if matches!(error, CacheError::Paused) {
            return;
        }
        let now = self.0.born.elapsed().as_secs() + 1;
        if self.0.counters.warned.swap(now, Relaxed) != now {
            tracing::warn!(cache = kind.as_str(), %error, "the cache failed; requests go on without it");
        }
    }

    fn kind(&self, kind: Kind) -> &KindCache {
        &self.0.kinds[kind as usize]
    }

    fn counters(&self, kind: Kind) -> &KindCounters {
        &self.0.counters.kinds[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use shared::ids::UserId;
    use tokio::sync::Notify;

    use super::*;
    use crate::cache::keys;

    const ANN: UserId = UserId(uuid::Uuid::nil());

    fn caches(settings: &[&str]) -> Caches {
        let mut profile = Profile::after();
        profile.apply("cache.users=memory").unwrap();
        for setting in settings {
            profile.apply(setting).unwrap();
        }
        Caches::new(&profile, None, Arc::default())
    }

    async fn read(caches: &Caches, text: &'static str) -> Bytes {
        let load = move || async move { Ok::<_, ()>(Bytes::from(text)) };
        caches.read_through(keys::user(ANN), load).await.unwrap()
    }

    #[tokio::test]
    async fn a_value_is_loaded_once_and_again_after_its_group_is_invalidated() {
        let caches = caches(&[]);
        assert_eq!(read(&caches, "one").await, "one");
        assert_eq!(read(&caches, "two").await, "one");
        caches.invalidate(&[keys::user_group(ANN)]).await;
        assert_eq!(read(&caches, "three").await, "three");
        let users = &caches.snapshot()["users"];
        assert_eq!((users.hits, users.misses, users.fills), (1, 2, 2));
        assert_eq!(users.invalidations, 1);
    }

    #[tokio::test]
    async fn values_outlive_mutations_where_only_their_time_ends_them() {
        let caches = caches(&["cache.invalidation=ttl_only"]);
        read(&caches, "one").await;
        caches.invalidate(&[keys::user_group(ANN)]).await;
        assert_eq!(read(&caches, "two").await, "one");
    }

    #[tokio::test]
    async fn a_cache_that_is_off_loads_every_time() {
        let caches = caches(&["cache.users=off"]);
        read(&caches, "one").await;
        assert_eq!(read(&caches, "two").await, "two");
        assert_eq!(caches.snapshot()["users"], CacheSnapshot::default());
    }

    #[tokio::test]
    async fn many_misses_at_once_are_one_load() {
        let caches = caches(&["cache.single_flight=on"]);
        let loads = Arc::new(AtomicU32::new(0));
        let readers = (0..50).map(|_| {
            let (caches, loads) = (caches.clone(), Arc::clone(&loads));
            tokio::spawn(async move {
                let load = move || async move {
                    loads.fetch_add(1, Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok::<_, ()>(Bytes::from_static(b"value"))
                };
                caches.read_through(keys::user(ANN), load).await
            })
        });
        for reader in futures_util::future::join_all(readers).await {
            assert_eq!(reader.unwrap().unwrap(), "value");
        }
        assert_eq!(loads.load(Relaxed), 1);
        let users = &caches.snapshot()["users"];
        assert_eq!(users.shared_loads + users.hits, 49);
    }

    #[tokio::test]
    async fn a_load_from_before_a_mutation_is_neither_kept_nor_joined_after_it() {
        let caches = caches(&["cache.single_flight=on"]);
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = tokio::spawn({
            let (caches, begun, go) = (caches.clone(), Arc::clone(&begun), Arc::clone(&go));
            async move {
                let load = move || async move {
                    begun.notify_one();
                    go.notified().await;
                    Ok::<_, ()>(Bytes::from_static(b"old"))
                };
                caches.read_through(keys::user(ANN), load).await
            }
        });
        begun.notified().await;
        caches.invalidate(&[keys::user_group(ANN)]).await;
        assert_eq!(read(&caches, "new").await, "new");
        go.notify_one();
        assert_eq!(slow.await.unwrap().unwrap(), "old");
        assert_eq!(read(&caches, "newest").await, "new");
    }

    #[tokio::test]
    async fn when_the_one_who_loads_breaks_down_the_others_load_for_themselves() {
        let caches = caches(&["cache.single_flight=on"]);
        let broken = tokio::spawn({
            let caches = caches.clone();
            async move {
                let load = || async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    panic!("broken down")
                };
                caches.read_through::<(), _, _>(keys::user(ANN), load).await
            }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(read(&caches, "own").await, "own");
        assert!(broken.await.is_err());
    }
}
