//! `/api/v1/sessions`: extract, call, shape the response; the socket is handed on once it is open.

use axum::{
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    api::sessions::{JoinGrant, SessionRequest, SessionView},
    ids::SessionId,
    paths,
    problem::Problem,
};

use super::{join_token, model, service, signals::SignalHub, socket as connection};
use crate::{
    error::ApiError,
    features::auth::{AuthUser, active_account},
    http::{Current, Json, Path, Query},
    metrics,
    realtime::checked_upgrade,
    state::AppState,
};

/// Query of the signalling socket.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalQuery {
    /// The token of a join; browsers cannot set headers here.
    #[serde(default)]
    #[param(max_length = 200)]
    join_token: Option<String>,
}

/// Initiate the video class of a booking.
///
/// For its student and its mentor, from a quarter of an hour before the lesson until its end. Where the
/// class is live already, its session is returned.
#[utoipa::path(
    post,
    path = paths::SESSIONS,
    operation_id = "sessions.initiate",
    tag = "sessions",
    request_body = SessionRequest,
    responses(
        (status = 200, description = "The session that is live", body = SessionView),
        (status = 201, description = "A session that begins now", body = SessionView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such booking of yours", body = Problem),
        (status = 409, description = "`class_not_open`, `booking_not_active` or `contention`", body = Problem),
        (status = 422, description = "`invalid_request`", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn initiate(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Json(request): Json<SessionRequest>,
) -> Result<Response, ApiError> {
    let now = state.clock().now();
    let begun = service::initiate(engine, now, user.id, request.booking_id).await?;
    if let Some(ended) = begun.ended {
        state.part::<SignalHub>().end(ended);
    }
    metrics::session_initiated(begun.is_new);
    let status = if begun.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let location = paths::with_id(paths::SESSION, begun.session.id);
    let mut response = (status, Json(begun.session)).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Get one session.
///
/// For its two participants; to others it does not exist.
#[utoipa::path(
    get,
    path = paths::SESSION,
    operation_id = "sessions.get",
    tag = "sessions",
    params(("session_id" = SessionId, Path, description = "Which session")),
    responses(
        (status = 200, description = "The session", body = SessionView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such session of yours", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn get(
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionView>, ApiError> {
    Ok(Json(service::get(&engine, user.id, id).await?))
}

/// Get a token that opens the signalling socket.
///
/// For the two participants of a live session. It is good for a minute, for one person and one session.
#[utoipa::path(
    post,
    path = paths::SESSION_JOIN,
    operation_id = "sessions.join",
    tag = "sessions",
    params(("session_id" = SessionId, Path, description = "Which session")),
    responses(
        (status = 200, description = "The token, and where it is used", body = JoinGrant),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such session of yours", body = Problem),
        (status = 409, description = "`session_ended`", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn join(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<SessionId>,
) -> Result<Json<JoinGrant>, ApiError> {
    let now = state.clock().now();
    let session = service::get(&engine, user.id, id).await?;
    let session = model::live(session, now)?;
    let grant = join_token::grant(state.tokens(), session.id, user.id, now);
    Ok(Json(grant))
}

/// Open the signalling socket of a session.
///
/// Frames are JSON texts: `SignalFrame` to the server, `RelayFrame` from it. What one participant
/// signals, the other one receives. Anything else ends the connection with 1008. A newer socket of the
/// same participant takes the place of the older one. The sockets of an account are limited, and closed when it
/// is deactivated, as those of the chat are and together with them.
#[utoipa::path(
    get,
    path = paths::SESSION_SIGNAL,
    operation_id = "sessions.signal",
    tag = "sessions",
    params(("session_id" = SessionId, Path, description = "Which session"), SignalQuery),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 401, description = "The join token is missing, has expired, or is of another session; or the account is not active", body = Problem),
        (status = 404, description = "No such session of yours", body = Problem),
        (status = 409, description = "`session_ended`", body = Problem),
        (status = 422, description = "Not an upgrade request", body = Problem),
        (status = 503, description = "`overloaded`: too many sockets, of all or of this account", body = Problem),
    ),
)]
pub(super) async fn signal(
    State(state): State<AppState>,
    Current(engine): Current,
    Path(id): Path<SessionId>,
    Query(query): Query<SignalQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let now = state.clock().now();
    let user = join_token::verify(state.tokens(), id, query.join_token.as_deref())?;
    let upgrade = checked_upgrade(&headers, upgrade)?;
    let place = state.sockets().take(user, connection::KIND)?;
    // The token says who asks, and not that they still may.
    active_account(&engine, user).await?;
    let handle = state.part::<SignalHub>().enter(id);
    let session = service::get(&engine, user, id).await?;
    let session = model::live(session, now)?;
    let side = model::side(&session, user).ok_or_else(|| ApiError::not_found("session"))?;
    // Taken before the upgrade, so that the end of the process waits for it, too.
    let tracked = state.tracker().token();
    // Between frames no engine is held, so that an idle socket never keeps an old one alive.
    drop(engine);
    Ok(upgrade
        .on_failed_upgrade(|error| tracing::debug!(%error, "upgrade failed"))
        .on_upgrade(move |socket| async move {
            connection::run(socket, state, session, (user, side), handle, place).await;
            drop(tracked);
        }))
}

/// End a session.
///
/// For its two participants. Their sockets are closed, and the recording is there. Doing it again changes
/// nothing.
#[utoipa::path(
    post,
    path = paths::SESSION_END,
    operation_id = "sessions.end",
    tag = "sessions",
    params(("session_id" = SessionId, Path, description = "Which session")),
    responses(
        (status = 200, description = "The session, which has ended, with its recording", body = SessionView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such session of yours", body = Problem),
        (status = 409, description = "`contention`", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionView>, ApiError> {
    let session = service::end(engine, state.clock().now(), user.id, id).await?;
    state.part::<SignalHub>().end(id);
    metrics::session_ended();
    Ok(Json(session))
}
