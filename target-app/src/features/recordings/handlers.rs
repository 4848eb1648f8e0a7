//! `/api/v1/recordings`: extract, call, shape the response.

use axum::{extract::State, response::Response};
use http::{HeaderMap, Method, header};
use shared::{
    api::recordings::{PlaybackLink, RecordingQuery, RecordingView},
    ids::RecordingId,
    page::Page,
    paths,
    problem::Problem,
};

use super::{
    model::{self, SignedQuery},
    response, service,
};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, Json, Path, Query},
    paging::PageNumber,
    state::AppState,
};

/// One's recordings, newest first.
#[utoipa::path(
    get,
    path = paths::RECORDINGS,
    operation_id = "recordings.list",
    tag = "recordings",
    security(("bearer" = [])),
    params(RecordingQuery),
    responses((status = 200, description = "One page", body = Page<RecordingView>)),
)]
pub(super) async fn list(
    user: AuthUser,
    Current(engine): Current,
    Query(query): Query<RecordingQuery>,
) -> Result<Json<Page<RecordingView>>, ApiError> {
    let part = PageNumber::read(query.page, query.per_page)?;
    let page = service::mine(&engine, user.id, user.role, part).await?;
    Ok(Json(page))
}

/// One recording.
#[utoipa::path(
    get,
    path = paths::RECORDING,
    operation_id = "recordings.get",
    tag = "recordings",
    security(("bearer" = [])),
    params(("recording_id" = RecordingId, Path, description = "Which recording")),
    responses(
        (status = 200, description = "The recording", body = RecordingView),
        (status = 404, description = "`not_found`, also for those who did not take part", body = Problem),
    ),
)]
pub(super) async fn get(
    user: AuthUser,
    Current(engine): Current,
    Path(id): Path<RecordingId>,
) -> Result<Json<RecordingView>, ApiError> {
    Ok(Json(service::find(&engine, id, user.id).await?.into()))
}

/// A signed link to the bytes, good for ten minutes.
#[utoipa::path(
    get,
    path = paths::RECORDING_PLAYBACK,
    operation_id = "recordings.playback",
    tag = "recordings",
    security(("bearer" = [])),
    params(("recording_id" = RecordingId, Path, description = "Which recording")),
    responses(
        (status = 200, description = "The link", body = PlaybackLink),
        (status = 404, description = "`not_found`, also for those who did not take part", body = Problem),
    ),
)]
pub(super) async fn playback(
    State(state): State<AppState>,
    user: AuthUser,
    Current(engine): Current,
    Path(id): Path<RecordingId>,
) -> Result<Json<PlaybackLink>, ApiError> {
    Ok(Json(service::link(&state, &engine, id, user.id).await?))
}

/// The bytes: whole, or one range of them.
#[utoipa::path(
    get,
    path = paths::RECORDING_STREAM,
    operation_id = "recordings.stream",
    tag = "recordings",
    params(
        ("recording_id" = RecordingId, Path, description = "Which recording"),
        SignedQuery,
        ("range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, one range"),
        ("if-range" = Option<String>, Header, description = "The entity tag that the range continues"),
        ("if-none-match" = Option<String>, Header, description = "Entity tags that the client has"),
    ),
    responses(
        (status = 200, description = "The whole file", content_type = "application/octet-stream"),
        (status = 206, description = "The range", content_type = "application/octet-stream"),
        (status = 304, description = "The client has this version"),
        (status = 403, description = "`bad_signature`: expired or altered", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 416, description = "`range_not_satisfiable`; `Content-Range` has the length", body = Problem),
    ),
)]
pub(super) async fn stream(
    State(state): State<AppState>,
    Current(engine): Current,
    Path(id): Path<RecordingId>,
    Query(link): Query<SignedQuery>,
    method: Method,
    mut headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = service::open(&state, &engine, id, &link).await?;
    let file = model::file(state.media_dir(), &key).ok_or_else(|| {
        ApiError::internal(anyhow::anyhow!("recording {id} has the media key {key:?}"))
    })?;
    // A range is defined for GET alone (RFC 9110, section 14.2): HEAD is about the whole.
    if method != Method::GET {
        headers.remove(header::RANGE);
    }
    response::of_file(&file, &key, &headers).await
}
