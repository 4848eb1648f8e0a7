//! What this feature hands to the application.

use shared::api::sessions::{RelayFrame, SignalFrame};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, plans, service, signals::SignalHub, worker};
use crate::{db::audit::invariants, feature::Feature, metrics::names, registry::FeatureGauge};

/// The frames of the socket, which the description of its handler does not follow.
#[derive(OpenApi)]
#[openapi(components(schemas(SignalFrame, RelayFrame)))]
struct SignalSchemas;

/// Video classes.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::with_openapi(SignalSchemas::openapi())
                .routes(routes!(handlers::initiate))
                .routes(routes!(handlers::get))
                .routes(routes!(handlers::join))
                .routes(routes!(handlers::end))
        },
        streams: || OpenApiRouter::new().routes(routes!(handlers::signal)),
        explained: plans::explained(),
        invariants: invariants![
            "39_one_live_session",
            "40_ended_session_recorded_once",
            "41_recording_is_of_its_session",
            "42_live_session_of_active_booking",
            "43_sessions_in_sequence",
            "44_session_by_participant",
        ],
        unseeded_tables: vec!["class_session"],
        gauges: vec![FeatureGauge {
            name: names::SIGNAL_SOCKETS,
            read: |parts| parts.get::<SignalHub>().sockets() as f64,
        }],
        prepare: Some(|_, parts| {
            parts.put(SignalHub::default());
            Box::pin(std::future::ready(Ok::<(), String>(())))
        }),
        on_cancelled: Some(|conn, booking, now| {
            Box::pin(service::on_cancelled(conn, booking, now))
        }),
        worker: Some(|state, stop| Box::pin(worker::run(state, stop))),
        ..Feature::new("sessions", "Video classes")
    }
}
