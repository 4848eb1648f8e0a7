//! `/api/v1/chat`: extract, call, shape the response; the socket is handed on once it is open.

use std::time::Duration;

use axum::{
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::Response,
};
use shared::{
    api::chat::{History, HistoryQuery, RoomList},
    ids::RoomId,
    paths,
    problem::Problem,
};

use super::{service, socket as connection};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, Json, Path, Query},
    realtime::checked_upgrade,
    state::AppState,
};

/// List one's chat rooms.
#[utoipa::path(
    get,
    path = paths::CHAT_ROOMS,
    operation_id = "chat.rooms",
    tag = "chat",
    responses(
        (status = 200, description = "The rooms, by id, at most 100", body = RoomList),
        (status = 401, description = "Not signed in", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn rooms(
    Current(engine): Current,
    user: AuthUser,
) -> Result<Json<RoomList>, ApiError> {
    Ok(Json(service::rooms(&engine, user.id).await?))
}

/// Read a room's messages, the oldest of the page first.
#[utoipa::path(
    get,
    path = paths::CHAT_MESSAGES,
    operation_id = "chat.history",
    tag = "chat",
    params(("room_id" = RoomId, Path, description = "Which room"), HistoryQuery),
    responses(
        (status = 200, description = "Messages without gaps", body = History),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such room of yours", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn history(
    Current(engine): Current,
    user: AuthUser,
    Path(room): Path<RoomId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let page = service::history(&engine, user.id, room, &query).await?;
    Ok(Json(page))
}

/// Open the chat socket.
///
/// Frames are JSON texts: `ClientFrame` to the server, `ServerFrame` from it. Browsers cannot
/// set headers here, so the access token may come as `?access_token=`. One account has at most 512 sockets
/// open on one instance (`--max-sockets-per-account`), those of video classes included. When the account is
/// deactivated, they are closed with 1008 within ten seconds.
#[utoipa::path(
    get,
    path = paths::CHAT_SOCKET,
    operation_id = "chat.socket",
    tag = "chat",
    params(("access_token" = Option<String>, Query, description = "In place of the Authorization header")),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 422, description = "Not an upgrade request", body = Problem),
        (status = 503, description = "`overloaded`: too many sockets, of all or of this account", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn socket(
    State(state): State<AppState>,
    user: AuthUser,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = checked_upgrade(&headers, upgrade)?;
    let place = state.sockets().take(user.id, connection::KIND)?;
    let good_for = (user.expires_at - state.clock().now())
        .to_std()
        .unwrap_or(Duration::ZERO);
    // Taken before the upgrade, so that the end of the process waits for it, too.
    let tracked = state.tracker().token();
    Ok(upgrade
        .on_failed_upgrade(|error| tracing::debug!(%error, "upgrade failed"))
        .on_upgrade(move |socket| async move {
            Box::pin(connection::run(socket, state, (user.id, place), good_for)).await;
            drop(tracked);
        }))
}
