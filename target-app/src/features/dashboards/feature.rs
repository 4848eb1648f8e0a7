//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cached, handlers, plans};
use crate::{feature::Feature, registry::FeatureCache};

/// What each role sees first.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::admin))
                .routes(routes!(handlers::mentor))
                .routes(routes!(handlers::student))
        },
        caches: vec![FeatureCache {
            kind: &cached::DASHBOARDS,
            reload: |engine, key| Box::pin(cached::reload(engine, key)),
        }],
        explained: plans::explained(),
        ..Feature::new("dashboards", "What each role sees first")
    }
}
