//! `/api/v1/students`: extract, call, shape the response.

use axum::extract::State;
use shared::{
    api::students::{StudentCard, StudentDetail, StudentQuery},
    ids::UserId,
    page::Page,
    paths,
    problem::Problem,
};

use super::{
    model::{StudentFilter, StudentViewer},
    service,
};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, Json, Path, Query},
    state::AppState,
};

/// List students by name.
///
/// For administrators all students, for mentors those who have booked a lesson with them.
#[utoipa::path(
    get,
    path = paths::STUDENTS,
    operation_id = "students.list",
    tag = "students",
    security(("bearer" = [])),
    params(StudentQuery),
    responses(
        (status = 200, description = "One page", body = Page<StudentCard>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Neither a mentor nor an administrator", body = Problem),
        (status = 422, description = "A field is out of range", body = Problem),
    ),
)]
pub(super) async fn list(
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<StudentQuery>,
) -> Result<Json<Page<StudentCard>>, ApiError> {
    let viewer = StudentViewer::staff(user.role, user.mentor)?;
    let filter = StudentFilter::try_from(query)?;
    Ok(Json(service::list(&engine, viewer, &filter).await?))
}

/// Show a student and how many lessons there were and will be.
///
/// For administrators any student, for mentors those who have booked a lesson with them.
#[utoipa::path(
    get,
    path = paths::STUDENT,
    operation_id = "students.detail",
    tag = "students",
    security(("bearer" = [])),
    params(("student_id" = UserId, Path, description = "Which student")),
    responses(
        (status = 200, description = "The student", body = StudentDetail),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Neither a mentor nor an administrator", body = Problem),
        (status = 404, description = "No such student, or none of yours", body = Problem),
    ),
)]
pub(super) async fn detail(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(student): Path<UserId>,
) -> Result<Json<StudentDetail>, ApiError> {
    let viewer = StudentViewer::staff(user.role, user.mentor)?;
    let now = state.clock().now();
    let found = service::detail(&engine, viewer, student, now).await?;
    Ok(Json(found))
}
