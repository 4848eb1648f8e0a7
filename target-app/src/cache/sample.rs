//! Keys of values that this process stored, a bounded sample of them, for the audit.

use std::sync::{Mutex, PoisonError};

use rand::RngExt as _;

use super::{CacheKind, Key, kind::PerKind};

use crate::chance;

/// Most keys that are kept of one kind.
pub(super) const MAX_KEYS: usize = 64;

/// The sample, by kind.
pub(super) struct KeySample(PerKind<Mutex<Vec<Key>>>);

impl KeySample {
    /// An empty sample.
    pub(super) fn new(kinds: impl IntoIterator<Item = &'static CacheKind>) -> Self {
        Self(PerKind::new(kinds, |_| Mutex::default()))
    }

    /// Takes note of a stored value; in a full sample it takes a random place.
    pub(super) fn note(&self, key: &Key) {
        let mut keys = self.keys(key.kind);
        if keys.contains(key) {
            return;
        }
        if keys.len() < MAX_KEYS {
            keys.push(key.clone());
        } else {
            keys[chance::rng().random_range(0..MAX_KEYS)] = key.clone();
        }
    }

    /// The keys of one kind.
    pub(super) fn of(&self, kind: &CacheKind) -> Vec<Key> {
        self.keys(kind).clone()
    }

    fn keys(&self, kind: &CacheKind) -> std::sync::MutexGuard<'_, Vec<Key>> {
        self.0
            .of(kind)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::kind::tests::{MENTORS, USERS};

    #[test]
    fn the_sample_holds_a_key_once_and_no_more_than_its_bound() {
        let sample = KeySample::new([&USERS, &MENTORS]);
        let key = |n: u32| Key::named(&USERS, n.to_string(), "view");
        sample.note(&key(0));
        sample.note(&key(0));
        assert_eq!(sample.of(&USERS), [key(0)]);
        for n in 1..1_000 {
            sample.note(&key(n));
        }
        assert_eq!(sample.of(&USERS).len(), MAX_KEYS);
        assert!(sample.of(&MENTORS).is_empty());
    }
}
