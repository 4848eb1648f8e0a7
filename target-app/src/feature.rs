//! What a feature hands to the application: the application iterates over features and knows none.

use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    clock::Clock,
    config::Config,
    db::{Purge, audit::Invariant},
    registry::{
        ExplainedOperation, FeatureCache, FeatureGauge, FeatureParts, OnCancelled, OnRegistered,
        Registry, Sweep,
    },
    seed::SeedTable,
    shutdown::Shutdown,
    state::AppState,
};

/// Everything that the application has of one feature. [`Feature::new`] has nothing but a name;
/// a feature sets what it has.
pub struct Feature {
    /// Its word in the API, operations, switches and tests: `mentors`.
    pub name: &'static str,
    /// One line for the description of the API.
    pub about: &'static str,
    /// Makes the routes with a time limit, whose responses may be compressed. Their description is made with
    /// them, so that only who needs them asks.
    pub requests: fn() -> OpenApiRouter<AppState>,
    /// Makes the routes whose responses last as long as their client listens.
    pub streams: fn() -> OpenApiRouter<AppState>,
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
    /// Tables that requests only add to, with the setting of how long their rows are kept.
    pub purges: Vec<Purge>,
    /// Removes files that no row refers to.
    pub sweep: Option<Sweep>,
    /// Its part in the registration of an account.
    pub on_registered: Option<OnRegistered>,
    /// Its part in the cancellation of a booking.
    pub on_cancelled: Option<OnCancelled>,
    /// Its metrics that are read at the moment of a scrape.
    pub gauges: Vec<FeatureGauge>,
    /// Makes what its requests share, which they read with `AppState::part`.
    pub prepare: Option<Prepare>,
    /// What runs beside the requests until the process is to end.
    pub worker: Option<Worker>,
}

/// Puts what the requests of a feature share into the parts, before the first request. An error is the
/// sentence that says why the application does not start.
pub type Prepare =
    for<'a> fn(&'a Surroundings<'a>, &'a mut FeatureParts) -> BoxFuture<'a, Result<(), String>>;

/// What a feature may need of the application when it is prepared.
pub struct Surroundings<'a> {
    /// The settings of the process.
    pub config: &'a Config,
    /// Where the application will listen.
    pub address: SocketAddr,
    /// The time.
    pub clock: &'a Clock,
    /// The end of the process.
    pub shutdown: &'a Shutdown,
}

/// See [`Feature::worker`].
pub type Worker = fn(AppState, CancellationToken) -> BoxFuture<'static, ()>;

impl Feature {
    /// A feature that has nothing yet.
    pub fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            requests: OpenApiRouter::new,
            streams: OpenApiRouter::new,
            caches: Vec::new(),
            explained: Vec::new(),
            invariants: Vec::new(),
            tables: Vec::new(),
            unseeded_tables: Vec::new(),
            purges: Vec::new(),
            sweep: None,
            on_registered: None,
            on_cancelled: None,
            gauges: Vec::new(),
            prepare: None,
            worker: None,
        }
    }

    /// Adds all but its routes, its preparation and its worker to a registry.
    pub fn register(self, all: &mut Registry) {
        all.caches.extend(self.caches);
        all.explained.extend(self.explained);
        all.invariants.extend(self.invariants);
        all.tables.filled.extend(self.tables);
        all.tables.emptied.extend(self.unseeded_tables);
        all.purges.extend(self.purges);
        all.sweeps.extend(self.sweep);
        all.on_registered.extend(self.on_registered);
        all.on_cancelled.extend(self.on_cancelled);
        all.gauges.extend(self.gauges);
    }
}
