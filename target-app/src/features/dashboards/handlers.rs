//! `/api/v1/dashboards`: extract, call, shape the response.

use axum::{extract::State, response::Response};
use shared::{
    api::{auth::Role, dashboards::Dashboard},
    paths,
    problem::{Code, Problem},
};

use super::{model::DashboardScope, service};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, json_bytes},
    state::AppState,
};

/// Show the platform: every lesson of every mentor.
///
/// For administrators.
#[utoipa::path(
    get,
    path = paths::DASHBOARD_ADMIN,
    operation_id = "dashboards.admin",
    tag = "dashboards",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The dashboard of today, UTC", body = Dashboard),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not an administrator", body = Problem),
    ),
)]
pub(super) async fn admin(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
) -> Result<Response, ApiError> {
    user.require(Role::Admin)?;
    let today = state.clock().now().date_naive();
    let shown = service::show(&engine, DashboardScope::Platform, today).await?;
    Ok(json_bytes(shown))
}

/// Show a mentor their lessons.
///
/// For mentors, each their own.
#[utoipa::path(
    get,
    path = paths::DASHBOARD_MENTOR,
    operation_id = "dashboards.mentor",
    tag = "dashboards",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The dashboard of today, UTC", body = Dashboard),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not a mentor", body = Problem),
        (status = 404, description = "The account has no mentor profile", body = Problem),
    ),
)]
pub(super) async fn mentor(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
) -> Result<Response, ApiError> {
    user.require(Role::Mentor)?;
    let mentor = user
        .mentor
        .ok_or_else(|| ApiError::not_found("mentor profile"))?;
    let today = state.clock().now().date_naive();
    let shown = service::show(&engine, DashboardScope::Mentor(mentor), today).await?;
    Ok(json_bytes(shown))
}

/// Show students, or parents, the lessons that they booked.
///
/// A parent sees what was booked with the parent's own account: no account belongs to another.
#[utoipa::path(
    get,
    path = paths::DASHBOARD_STUDENT,
    operation_id = "dashboards.student",
    tag = "dashboards",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The dashboard of today, UTC", body = Dashboard),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Neither a student nor a parent", body = Problem),
    ),
)]
pub(super) async fn student(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
) -> Result<Response, ApiError> {
    if !matches!(user.role, Role::Student | Role::Parent) {
        return Err(ApiError::new(
            Code::Forbidden,
            "only a student or a parent may do this",
        ));
    }
    let today = state.clock().now().date_naive();
    let shown = service::show(&engine, DashboardScope::Student(user.id), today).await?;
    Ok(json_bytes(shown))
}
