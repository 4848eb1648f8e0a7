//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, plans, seed};
use crate::{db::audit::invariants, feature::Feature};

/// Who came to a lesson.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::mark_all))
                .routes(routes!(handlers::mark))
                .routes(routes!(handlers::summary))
        },
        explained: plans::explained(),
        invariants: invariants![
            "32_attendance_of_participants",
            "33_attendance_after_begin",
            "45_attendance_marked_by_staff",
        ],
        tables: seed::tables(),
        ..Feature::new("attendance", "Who came to a lesson")
    }
}
