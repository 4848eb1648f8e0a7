//! What features hand to the application, routes aside: caches, audit, seed, explained operations.

use std::{path::Path, time::SystemTime};

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
}

impl Registry {
    /// The kinds of cached values.
    pub fn cache_kinds(&self) -> impl Iterator<Item = &'static CacheKind> {
        self.caches.iter().map(|cache| cache.kind)
    }
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
