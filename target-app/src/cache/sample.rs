//! Keys of values that this process stored, a bounded sample of them, for the audit.

use std::sync::{Mutex, PoisonError};

use rand::RngExt as _;

use super::{Key, Kind};

/// Most keys that are kept of one kind.
pub(super) const MAX_KEYS: usize = 64;

/// The sample, by kind.
#[derive(Default)]
pub(super) struct Sample([Mutex<Vec<Key>>; 3]);

impl Sample {
    /// Takes note of a stored value; in a full sample it takes a random place.
    pub(super) fn note(&self, key: &Key) {
        let mut keys = self.keys(key.kind);
        if keys.contains(key) {
            return;
        }
        if keys.len() < MAX_KEYS {
            keys.push(key.clone());
        } else {
            keys[rand::rng().random_range(0..MAX_KEYS)] = key.clone();
        }
    }

    /// The keys of one kind.
    pub(super) fn of(&self, kind: Kind) -> Vec<Key> {
        self.keys(kind).clone()
    }

    fn keys(&self, kind: Kind) -> std::sync::MutexGuard<'_, Vec<Key>> {
        self.0[kind as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::cache::keys;

    #[test]
    fn the_sample_holds_a_key_once_and_no_more_than_its_bound() {
        let sample = Sample::default();
        let key = |n| keys::user(UserId(Uuid::from_u128(n)));
        sample.note(&key(0));
        sample.note(&key(0));
        assert_eq!(sample.of(Kind::Users), [key(0)]);
        for n in 1..1_000 {
            sample.note(&key(n));
        }
        assert_eq!(sample.of(Kind::Users).len(), MAX_KEYS);
        assert!(sample.of(Kind::Mentors).is_empty());
    }
}
