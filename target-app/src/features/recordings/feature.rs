//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, plans, seed};
use crate::feature::Feature;

/// Recorded classes.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::list))
                .routes(routes!(handlers::get))
                .routes(routes!(handlers::playback))
        },
        streams: || OpenApiRouter::new().routes(routes!(handlers::stream)),
        explained: plans::explained(),
        tables: seed::tables(),
        ..Feature::new("recordings", "Recorded classes")
    }
}
