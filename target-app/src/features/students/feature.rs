//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, plans};
use crate::feature::Feature;

/// Students, for the staff.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::list))
                .routes(routes!(handlers::detail))
        },
        explained: plans::explained(),
        ..Feature::new("students", "Students, for the staff")
    }
}
