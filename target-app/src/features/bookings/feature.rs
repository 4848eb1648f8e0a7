//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cached, handlers, plans, seed};
use crate::{
    db::{Purge, audit::invariants},
    feature::Feature,
    registry::FeatureCache,
};

/// Places in slots.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::list_mine, handlers::create))
                .routes(routes!(handlers::get))
                .routes(routes!(handlers::cancel))
                .routes(routes!(handlers::reschedule))
        },
        caches: vec![FeatureCache {
            kind: &cached::BOOKINGS,
            reload: |engine, key| Box::pin(cached::reload(engine, key)),
        }],
        explained: plans::explained(),
        invariants: invariants![
            "01_slot_capacity",
            "02_slot_booked_counter",
            "03_seat_unique",
            "04_seat_within_capacity",
            "05_student_overlap",
            "06_mentor_overlap",
            "07_booking_copies_slot",
            "08_idempotency_one_effect",
            "13_one_booking_per_key",
            "50_acknowledged_booking_kept",
            "51_no_phantom_booking",
            "52_full_was_full",
        ],
        tables: seed::tables(),
        unseeded_tables: vec!["booking_conflict", "booking_hold"],
        purges: vec![
            Purge {
                table: "idempotency_key",
                since: "created_at",
                kept: |retention| retention.idempotency_keys,
            },
            Purge {
                table: "booking_conflict",
                since: "occurred_at",
                kept: |retention| retention.booking_conflicts,
            },
        ],
        ..Feature::new("bookings", "Places in slots")
    }
}
