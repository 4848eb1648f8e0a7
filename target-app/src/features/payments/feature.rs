//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    handlers, plans,
    prepare::{self, PaymentServices},
    service_refunds, worker,
};
use crate::{db::audit::invariants, feature::Feature, metrics::names, registry::FeatureGauge};

/// Payments of bookings.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::mine))
                .routes(routes!(handlers::intent))
                .routes(routes!(handlers::webhook))
                .routes(routes!(handlers::get))
                .routes(routes!(handlers::confirm))
                .routes(routes!(handlers::refund))
        },
        explained: plans::explained(),
        invariants: invariants![
            "20_paid_exactly_once",
            "21_refund_within_capture",
            "22_money_conserved",
            "23_hold_within_its_time",
            "24_hold_of_unpaid_booking",
            "25_one_effect_per_event",
            "26_refunds_queued",
        ],
        unseeded_tables: vec!["payment_refund", "payment_event", "payment"],
        gauges: vec![FeatureGauge {
            name: names::PROVIDER_BREAKER,
            read: |parts| parts.get::<PaymentServices>().provider.breaker().level(),
        }],
        prepare: Some(|around, parts| Box::pin(prepare::prepare(around, parts))),
        on_cancelled: Some(|conn, booking, now| {
            Box::pin(service_refunds::on_cancelled(conn, booking, now))
        }),
        worker: Some(|state, stop| Box::pin(worker::run(state, stop))),
        ..Feature::new("payments", "Payments of bookings")
    }
}
