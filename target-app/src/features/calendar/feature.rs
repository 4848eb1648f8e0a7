//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, plans};
use crate::{db::audit::invariants, feature::Feature};

/// Events over time.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::range))
                .routes(routes!(handlers::week))
                .routes(routes!(handlers::move_event))
        },
        explained: plans::explained(),
        invariants: invariants!["27_calendar_no_overlap"],
        ..Feature::new("calendar", "Events over time")
    }
}
