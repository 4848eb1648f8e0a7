//! What this feature hands to the application.

use shared::api::chat::{ClientFrame, ServerFrame};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{handlers, outbox::Outbox, plans, seed};
use crate::{db::audit::invariants, feature::Feature};

/// The frames of the socket, which the description of its handler does not follow.
#[derive(OpenApi)]
#[openapi(components(schemas(ClientFrame, ServerFrame)))]
struct FrameSchemas;

/// Rooms, history, the socket.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::with_openapi(FrameSchemas::openapi())
                .routes(routes!(handlers::rooms))
                .routes(routes!(handlers::history))
        },
        streams: || OpenApiRouter::new().routes(routes!(handlers::socket)),
        explained: plans::explained(),
        invariants: invariants![
            "09_chat_dense",
            "53_acknowledged_message_kept",
            "54_no_phantom_message",
        ],
        tables: seed::tables(),
        prepare: Some(|_, parts| {
            parts.put(Outbox::default());
            Box::pin(std::future::ready(Ok::<(), String>(())))
        }),
        ..Feature::new("chat", "Rooms, history, the socket")
    }
}
