//! What features hand to the application, routes aside: caches, audit, seed, explained operations.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    path::Path,
    time::SystemTime,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use shared::{api::auth::UserView, ids::BookingId};
use sqlx::PgConnection;

use crate::{
    cache::{CacheKind, Group, Key},
    db::{DbError, Purge, Statement, audit::Invariant},
    engine::{Engine, Engines, Policies},
    error::ApiError,
    seed::SeedTables,
};

/// What all features have together, routes aside; made by `features::registry`.
#[derive(Default)]
pub struct Registry {
    /// What they cache.
    pub caches: Vec<FeatureCache>,
    /// Operations whose statements `GET /lab/explain` explains.
    pub explained: Vec<ExplainedOperation>,
    /// What must always hold, in the order of the numbers.
    pub invariants: Vec<Invariant>,
    /// Tables that the seed fills or empties.
    pub tables: SeedTables,
    /// Tables that requests only add to, with the setting of how long their rows are kept.
    pub purges: Vec<Purge>,
    /// What removes files that no row refers to.
    pub sweeps: Vec<Sweep>,
    /// Their parts in the registration of an account.
    pub on_registered: Vec<OnRegistered>,
    /// Their parts in the cancellation of a booking.
    pub on_cancelled: Vec<OnCancelled>,
    /// Metrics that are read at the moment of a scrape.
    pub gauges: Vec<FeatureGauge>,
}

impl Registry {
    /// The kinds of cached values.
    pub fn cache_kinds(&self) -> impl Iterator<Item = &'static CacheKind> {
        self.caches.iter().map(|cache| cache.kind)
    }
}

/// What features share between their requests: one value of each type, which its feature alone knows.
#[derive(Default)]
pub struct FeatureParts(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl FeatureParts {
    /// Puts a value in, in place of an earlier one of its type.
    pub fn put<T: Any + Send + Sync>(&mut self, part: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(part));
    }

    /// The value of that type, which its feature has put in.
    pub fn get<T: Any + Send + Sync>(&self) -> &T {
        self.0
            .get(&TypeId::of::<T>())
            .and_then(|part| part.downcast_ref::<T>())
            .expect("a feature puts in what it reads before the first request")
    }
}

/// A metric of a feature that is read at the moment of a scrape.
pub struct FeatureGauge {
    /// Its name, one of `metrics::names`.
    pub name: &'static str,
    /// Reads it.
    pub read: fn(&FeatureParts) -> f64,
}

/// One kind of cached values, and how to ask the database again.
pub struct FeatureCache {
    /// What is cached, where and for how long.
    pub kind: &'static CacheKind,
    /// What the database says now to what was cached under a key of that kind; `None` where
    /// there is nothing. For the audit, which asks past the cache.
    pub reload: Reload,
}

/// See [`FeatureCache::reload`].
pub type Reload = for<'a> fn(&'a Engine, &'a Key) -> BoxFuture<'a, Result<Option<Bytes>, ApiError>>;

/// One operation with the statements that it sends.
pub struct ExplainedOperation {
    /// The operation's id in the load client: `mentors.list`.
    pub name: &'static str,
    /// What it sends under the policies of an engine, with parameters of the seeded data.
    pub statements: fn(&Policies) -> Vec<Statement>,
}

/// Removes the uploaded files in a folder that were last written before an instant and that no row
/// refers to; returns how many. Takes the engine in force for each of its statements.
pub type Sweep =
    for<'a> fn(&'a Engines, &'a Path, SystemTime) -> BoxFuture<'a, Result<usize, ApiError>>;

/// What a feature does in the transaction that registers an account. Returns the groups in which
/// there is something now that may be remembered as absent.
pub type OnRegistered =
    for<'c> fn(&'c mut PgConnection, &'c UserView) -> BoxFuture<'c, Result<Vec<Group>, DbError>>;

/// What a feature does in the transaction that cancels a booking at that instant.
pub type OnCancelled = for<'c> fn(
    &'c mut PgConnection,
    BookingId,
    DateTime<Utc>,
) -> BoxFuture<'c, Result<(), DbError>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_features_share_is_found_by_its_type_and_the_last_of_a_type_counts() {
        struct Rooms(u8);
        struct Seats(u8);
        let mut parts = FeatureParts::default();
        parts.put(Seats(1));
        parts.put(Rooms(2));
        parts.put(Seats(3));
        assert_eq!((parts.get::<Seats>().0, parts.get::<Rooms>().0), (3, 2));
    }
}
