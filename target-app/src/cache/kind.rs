//! What a feature declares to have something cached: a kind, its keys, and the groups in which
//! values are invalidated.

use std::{
    fmt,
    hash::{Hash, Hasher},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared::profile::{Profile, Store};

/// One kind of cached values. A `static` of the feature that caches them; two kinds are the
/// same if their names are.
pub struct CacheKind {
    /// The word in keys, switches and snapshots: `mentors`.
    pub name: &'static str,
    /// The store that a profile names for it.
    pub store: fn(&Profile) -> Store,
    /// How long its values live under a profile.
    pub ttl: fn(&Profile) -> Duration,
}

impl CacheKind {
    /// Whether a profile keeps its values in Redis, alone or with copies in the process.
    pub fn uses_redis(&self, profile: &Profile) -> bool {
        matches!((self.store)(profile), Store::Redis | Store::Tiered)
    }
}

impl PartialEq for CacheKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for CacheKind {}

impl Hash for CacheKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for CacheKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One cached value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// What it is.
    pub kind: &'static CacheKind,
    /// What it is invalidated with.
    pub group: String,
    /// Which of its group.
    pub name: String,
    /// What was asked, as JSON; `name` follows from it. With it an audit can ask again.
    pub question: String,
}

impl Key {
    /// The value with that name in a group; its group and name say all that a load needs.
    pub fn named(kind: &'static CacheKind, group: String, name: &str) -> Self {
        Self {
            kind,
            group,
            name: name.to_owned(),
            question: String::new(),
        }
    }

    /// The answer to a query, which must be in a normal form: equal questions, equal keys.
    pub fn asked(kind: &'static CacheKind, group: String, query: &impl Serialize) -> Self {
        let question = serde_json::to_string(query).expect("queries are plain values");
        Self {
            kind,
            group,
            name: digest(&question),
            question,
        }
    }

    /// Bytes that it takes in memory, its own fields aside.
    pub(super) fn bytes(&self) -> usize {
        self.group.len() + self.name.len() + self.question.len()
    }
}

/// Values that one mutation makes wrong together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// What they are.
    pub kind: &'static CacheKind,
    /// Which of that kind.
    pub name: String,
}

impl Group {
    /// The group of that name.
    pub fn new(kind: &'static CacheKind, name: impl ToString) -> Self {
        Self {
            kind,
            name: name.to_string(),
        }
    }
}

/// Something of each kind; the kinds are given when the application is put together.
pub(super) struct PerKind<T>(Box<[(&'static CacheKind, T)]>);

impl<T> PerKind<T> {
    pub(super) fn new(
        kinds: impl IntoIterator<Item = &'static CacheKind>,
        mut make: impl FnMut(&'static CacheKind) -> T,
    ) -> Self {
        Self(kinds.into_iter().map(|kind| (kind, make(kind))).collect())
    }

    /// That of one kind.
    pub(super) fn of(&self, kind: &CacheKind) -> &T {
        // A handful of kinds: comparing short names is faster than hashing one.
        let found = self.0.iter().find(|(known, _)| *known == kind);
        let (_, value) = found.expect("a kind that is read or written is in its feature's list");
        value
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static CacheKind, &T)> {
        self.0.iter().map(|(kind, value)| (*kind, value))
    }
}

/// A name of bounded length for a query of any length: 128 bits of SHA-256 over its JSON.
fn digest(question: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(question)[..16])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Stands for a feature's kind in the tests of this module.
    pub(crate) static USERS: CacheKind = CacheKind {
        name: "users",
        store: |profile| profile.cache_users,
        ttl: |profile| profile.cache_users_ttl.duration(),
    };
    /// Another one.
    pub(crate) static MENTORS: CacheKind = CacheKind {
        name: "mentors",
        store: |profile| profile.cache_mentors,
        ttl: |profile| profile.cache_mentors_ttl.duration(),
    };

    #[test]
    fn different_queries_have_different_keys_of_bounded_length_in_one_group() {
        let one = Key::asked(&MENTORS, "all".to_owned(), &["rust"]);
        let other = Key::asked(&MENTORS, "all".to_owned(), &["go"]);
        assert_ne!(one, other);
        assert_eq!(one, Key::asked(&MENTORS, "all".to_owned(), &["rust"]));
        assert_eq!(one.group, other.group);
        assert_eq!(one.name.len(), 22);
    }

    #[test]
    fn each_kind_has_its_own_share() {
        let per_kind = PerKind::new([&USERS, &MENTORS], |kind| kind.name.len());
        assert_eq!((*per_kind.of(&USERS), *per_kind.of(&MENTORS)), (5, 7));
    }

    #[test]
    #[should_panic(expected = "in its feature's list")]
    fn a_kind_that_no_feature_lists_is_a_fault() {
        PerKind::new([&USERS], |_| ()).of(&MENTORS);
    }
}
