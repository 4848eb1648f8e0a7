//! `/api/v1/notifications`: extract, call, shape the response.

use axum::extract::State;
use shared::{
    api::notifications::{MarkedRead, NotificationQuery, NotificationView, UnreadCount},
    ids::NotificationId,
    page::Page,
    paths,
    problem::Problem,
};

use super::service;
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, Json, Path, Query},
    paging::PageNumber,
    state::AppState,
};

/// List one's own notifications, newest first.
///
/// They are also pushed over the chat socket when they are written.
#[utoipa::path(
    get,
    path = paths::NOTIFICATIONS,
    operation_id = "notifications.list",
    tag = "notifications",
    params(NotificationQuery),
    responses(
        (status = 200, description = "One page", body = Page<NotificationView>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 422, description = "A field is out of range", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list(
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<NotificationQuery>,
) -> Result<Json<Page<NotificationView>>, ApiError> {
    let part = PageNumber::read(query.page, query.per_page)?;
    let unread = query.unread.unwrap_or(false);
    Ok(Json(service::list(&engine, user.id, unread, part).await?))
}

/// Count one's unread notifications.
#[utoipa::path(
    get,
    path = paths::NOTIFICATIONS_UNREAD,
    operation_id = "notifications.unread",
    tag = "notifications",
    responses(
        (status = 200, description = "Their number, at most 1000", body = UnreadCount),
        (status = 401, description = "Not signed in", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn unread(
    Current(engine): Current,
    user: AuthUser,
) -> Result<Json<UnreadCount>, ApiError> {
    Ok(Json(service::unread(&engine, user.id).await?))
}

/// Mark one of one's notifications read.
///
/// Doing it again changes nothing.
#[utoipa::path(
    post,
    path = paths::NOTIFICATION_READ,
    operation_id = "notifications.read",
    tag = "notifications",
    params(("notification_id" = NotificationId, Path, description = "Which notification")),
    responses(
        (status = 200, description = "The notification, which is read", body = NotificationView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such notification of yours", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<NotificationId>,
) -> Result<Json<NotificationView>, ApiError> {
    let now = state.clock().now();
    Ok(Json(service::read(engine, now, user.id, id).await?))
}

/// Mark all of one's notifications read.
#[utoipa::path(
    post,
    path = paths::NOTIFICATIONS_READ,
    operation_id = "notifications.read_all",
    tag = "notifications",
    responses(
        (status = 200, description = "How many were unread", body = MarkedRead),
        (status = 401, description = "Not signed in", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_all(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
) -> Result<Json<MarkedRead>, ApiError> {
    let now = state.clock().now();
    Ok(Json(service::read_all(engine, now, user.id).await?))
}
