//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, plans, seed};
use crate::{
    db::{Purge, audit::invariants},
    feature::Feature,
};

/// What others did to one's lessons.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::list))
                .routes(routes!(handlers::unread))
                .routes(routes!(handlers::read_all))
                .routes(routes!(handlers::read))
        },
        explained: plans::explained(),
        invariants: invariants![
            "28_notification_of_participant",
            "29_notification_after_its_cause",
            "30_notified_once",
            "31_notification_is_true",
            "55_acknowledged_read_kept",
        ],
        tables: seed::tables(),
        // Those that are unread have no `read_at` and stay.
        purges: vec![Purge {
            table: "notification",
            since: "read_at",
            kept: |retention| retention.read_notifications,
        }],
        ..Feature::new("notifications", "What others did to one's lessons")
    }
}
