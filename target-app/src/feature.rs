//! What a feature hands to the application: the application iterates over features and knows none.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use shared::{api::auth::UserView, profile::Profile};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    cache::{CacheKind, Group, Key},
    db::{DbError, Statement, audit::Invariant},
    engine::Engine,
    error::ApiError,
    seed::{SeedTable, SeedTables},
    state::AppState,
};

/// Everything that the application has of one feature. [`Feature::new`] has nothing but a name;
/// a feature sets what it has.
pub struct Feature {
    /// Its word in the API, operations, switches and tests: `mentors`.
    pub name: &'static str,
    /// One line for the description of the API.
    pub about: &'static str,
    /// Routes with a time limit, whose responses may be compressed.
    pub requests: OpenApiRouter<AppState>,
    /// Routes whose responses last as long as their client listens.
    pub streams: OpenApiRouter<AppState>,
    /// What it caches.
    pub caches: Vec<FeatureCache>,
    /// Operations whose statements `GET /lab/explain` explains.
    pub explained: Vec<ExplainedOperation>,
    /// What must always hold of its tables.
    pub invariants: Vec<Invariant>,
    /// Tables that the seed fills.
    pub tables: Vec<SeedTable>,
    /// Tables that only requests fill; the seed empties them.
    pub unseeded_tables: Vec<&'static str>,
    /// Its part in the registration of an account.
    pub on_registered: Option<OnRegistered>,
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
    /// What it sends under a profile, with parameters of the seeded data.
    pub statements: fn(&Profile) -> Vec<Statement>,
}

/// What a feature does in the transaction that registers an account. Returns the groups in which
/// there is something now that may be remembered as absent.
pub type OnRegistered =
    for<'c> fn(&'c mut PgConnection, &'c UserView) -> BoxFuture<'c, Result<Vec<Group>, DbError>>;

impl Feature {
    /// A feature that has nothing yet.
    pub fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            requests: OpenApiRouter::new(),
            streams: OpenApiRouter::new(),
            caches: Vec::new(),
            explained: Vec::new(),
            invariants: Vec::new(),
            tables: Vec::new(),
            unseeded_tables: Vec::new(),
            on_registered: None,
        }
    }
}

/// What all features have together, routes aside.
#[derive(Default)]
pub struct Registry {
    /// See [`Feature::caches`].
    pub caches: Vec<FeatureCache>,
    /// See [`Feature::explained`].
    pub explained: Vec<ExplainedOperation>,
    /// See [`Feature::invariants`]; in the order of their numbers.
    pub invariants: Vec<Invariant>,
    /// See [`Feature::tables`] and [`Feature::unseeded_tables`].
    pub tables: SeedTables,
    /// See [`Feature::on_registered`].
    pub on_registered: Vec<OnRegistered>,
}

impl Registry {
    /// What these features have.
    pub fn of(features: Vec<Feature>) -> Self {
        let mut all = Self::default();
        for feature in features {
            all.caches.extend(feature.caches);
            all.explained.extend(feature.explained);
            all.invariants.extend(feature.invariants);
            all.tables.filled.extend(feature.tables);
            all.tables.emptied.extend(feature.unseeded_tables);
            all.on_registered.extend(feature.on_registered);
        }
        all.invariants.sort_by_key(Invariant::number);
        all
    }

    /// The kinds of cached values.
    pub fn cache_kinds(&self) -> impl Iterator<Item = &'static CacheKind> {
        self.caches.iter().map(|cache| cache.kind)
    }
}
