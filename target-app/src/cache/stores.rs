//! Where values are: this process, Redis, or both; and who may store what when.
//!
//! A tiered cache keeps a copy of what Redis has in this process, for at most
//! `cache.tiered.ttl`. That bound, and not a notice through pub/sub, is what other instances
//! rely on: Redis delivers notices at most once, so that a lost one would need a bound anyway,
//! and the bound also holds while Redis is away. The instance that changes something forgets
//! its own copy at once.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use shared::profile::{Invalidation, Profile, RedisConnection, Store};

use super::{
    CacheCounters, CacheError, Group, Key, Kind, Redis,
    counters::bump,
    entry::Entry,
    memory::{Epochs, Memory},
};

/// The stores of one engine.
pub(super) struct Stores {
    places: [Place; 3],
    redis: Option<Redis>,
    epochs: Epochs,
    rule: Invalidation,
    /// Longest stay of a copy of what Redis has.
    copy_stay: Duration,
    counters: Arc<CacheCounters>,
    born: Instant,
}

/// Where the values of one kind are.
struct Place {
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

/// What a look-up saw, for the fill that may follow.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Invalidations of the group that this process knows of.
    pub(super) epoch: u64,
    /// The group's version in Redis.
    pub(super) generation: String,
    /// The store did not answer: a fill would be refused or, worse, come too late.
    pub(super) broken: bool,
}

/// The outcome of a look-up.
pub(super) struct Looked {
    /// The value and where it was.
    pub(super) found: Option<(Entry, Tier)>,
    /// Whether this reader should load it anew although it was found.
    pub(super) due: bool,
    /// For the fill.
    pub(super) seen: Seen,
}

impl Stores {
    /// Empty stores as the profile wants them.
    pub(super) fn new(
        profile: &Profile,
        redis: Option<Redis>,
        counters: Arc<CacheCounters>,
    ) -> Self {
        let place = |store| Place {
            memory: matches!(store, Store::Memory | Store::Tiered).then(Memory::new),
            in_redis: matches!(store, Store::Redis | Store::Tiered),
        };
        Self {
            places: [
                place(profile.cache_mentors),
                place(profile.cache_bookings),
                place(profile.cache_users),
            ],
            redis,
            epochs: Epochs::default(),
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
            .filter(|_| self.places.iter().any(|place| place.in_redis))
    }

    /// How Redis is reached, also where no kind is kept in it.
    pub(super) fn connection(&self) -> Option<RedisConnection> {
        self.redis.as_ref().map(Redis::connection)
    }

    /// Where values of that kind are kept.
    pub(super) fn store(&self, kind: Kind) -> Store {
        let place = self.place(kind);
        match (&place.memory, place.in_redis) {
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
    pub(super) fn is_off(&self, kind: Kind) -> bool {
        let place = self.place(kind);
        place.memory.is_none() && !place.in_redis
    }

    /// Looks for a value; `draw` decides whether a found one is due, where that is wanted.
    pub(super) async fn look_up(&self, key: &Key, draw: Option<f64>) -> Looked {
        let is_due = |entry: &Entry| draw.is_some_and(|draw| entry.is_due(draw));
        let place = self.place(key.kind);
        let mut looked = Looked {
            found: None,
            due: false,
            seen: Seen {
                epoch: self.epochs.read(&key.group),
                generation: String::new(),
                broken: false,
            },
        };
        if let Some(memory) = &place.memory
            && let Some(entry) = memory.get(key, looked.seen.epoch).await
        {
            looked.due = is_due(&entry);
            // Another instance may have a newer one, and a fill will need the version.
            if !(looked.due && place.in_redis) {
                looked.found = Some((entry, Tier::Memory));
                return looked;
            }
        }
        let Some(redis) = self.redis.as_ref().filter(|_| place.in_redis) else {
            return looked;
        };
        let answer = if self.rule == Invalidation::Versioned {
            redis.look_up(key).await
        } else {
            redis.get(key).await.map(|entry| (entry, String::new()))
        };
        match answer {
            Ok((entry, generation)) => {
                looked.seen.generation = generation;
                looked.due = entry.as_ref().is_some_and(is_due);
                if let Some(entry) = entry {
                    self.copy(key, &looked.seen, &entry).await;
                    looked.found = Some((entry, Tier::Redis));
                }
            }
            Err(error) => {
                self.note_error(key.kind, &error);
                looked.seen.broken = true;
            }
        }
        looked
    }

    /// Stores a loaded value; tells whether it was.
    pub(super) async fn fill(&self, key: &Key, seen: &Seen, entry: &Entry) -> bool {
        if seen.broken {
            return false;
        }
        let place = self.place(key.kind);
        let stored = match (&self.redis, &place.memory) {
            (Some(redis), _) if place.in_redis => match self.rule {
                Invalidation::TtlOnly => redis.put(key, entry).await.map(|()| true),
                Invalidation::Delete => redis.fill(key, None, entry).await,
                Invalidation::Versioned => redis.fill(key, Some(&seen.generation), entry).await,
            },
            (_, Some(memory)) => {
                let epoch = self.stamp(key, seen);
                let current = self.epochs.read(&key.group) == epoch;
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
                if place.in_redis {
                    self.copy(key, seen, entry).await;
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

    /// Makes the values of a group wrong.
    pub(super) async fn invalidate(&self, group: &Group) {
        if self.rule == Invalidation::TtlOnly || self.is_off(group.kind) {
            return;
        }
        bump(&self.counters.of(group.kind).invalidations);
        if let (true, Some(redis)) = (self.place(group.kind).in_redis, &self.redis)
            && let Err(error) = redis.invalidate(group).await
        {
            self.note_error(group.kind, &error);
        }
        // After Redis: what was copied from it meanwhile belongs to the epoch that ends here.
        self.epochs.end(group);
    }

    /// What each store has of a key now, without counting it as a look-up.
    pub(super) async fn peek(&self, key: &Key) -> Vec<(Entry, Tier)> {
        let place = self.place(key.kind);
        let mut found = Vec::new();
        if let Some(memory) = &place.memory
            && let Some(entry) = memory.get(key, self.epochs.read(&key.group)).await
        {
            found.push((entry, Tier::Memory));
        }
        if let (true, Some(redis)) = (place.in_redis, &self.redis)
            && let Ok(Some(entry)) = redis.get(key).await
        {
            found.push((entry, Tier::Redis));
        }
        found
    }

    /// Keeps a copy of what Redis has, where the kind is tiered.
    async fn copy(&self, key: &Key, seen: &Seen, entry: &Entry) {
        if let Some(memory) = &self.place(key.kind).memory {
            let epoch = self.stamp(key, seen);
            memory
                .put(key.clone(), epoch, entry.clone(), self.copy_stay)
                .await;
        }
    }

    /// The epoch that a value belongs to: that of its look-up, so that an invalidation since
    /// then ends it; for the plain delete that of its arrival, as if nobody had looked.
    fn stamp(&self, key: &Key, seen: &Seen) -> u64 {
        match self.rule {
            Invalidation::Delete => self.epochs.read(&key.group),
            Invalidation::TtlOnly | Invalidation::Versioned => seen.epoch,
        }
    }

    fn note_error(&self, kind: Kind, error: &CacheError) {
        bump(&self.counters.of(kind).errors);
        // The pause after a failure is no news.
        if matches!(error, CacheError::Paused) {
            return;
        }
        let now = self.born.elapsed().as_secs() + 1;
        if self.counters.warned.swap(now, Relaxed) != now {
            tracing::warn!(cache = kind.as_str(), %error, "the cache failed; requests go on without it");
        }
    }

    fn place(&self, kind: Kind) -> &Place {
        &self.places[kind as usize]
    }
}
