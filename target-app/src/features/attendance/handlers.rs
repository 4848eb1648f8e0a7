//! `/api/v1/attendance` and the attendance of a student: extract, call, shape the response.

use axum::extract::State;
use shared::{
    api::attendance::{
        AttendanceList, AttendanceSummary, AttendanceView, BookingMark, MarkAllRequest, MarkRequest,
    },
    ids::{BookingId, UserId},
    paths,
    problem::Problem,
};

use super::{
    model::{AttendanceReader, MarkSet},
    service,
};
use crate::{
    error::ApiError,
    features::{auth::AuthUser, students::StudentViewer},
    http::{Current, Json, Path},
    state::AppState,
};

/// Mark whether a participant came.
///
/// For the mentor of the lesson and for administrators, from the begin of the lesson on. The same mark
/// again changes nothing; another one replaces it.
#[utoipa::path(
    put,
    path = paths::ATTENDANCE_BOOKING,
    operation_id = "attendance.mark",
    tag = "attendance",
    security(("bearer" = [])),
    params(("booking_id" = BookingId, Path, description = "The booking of the participant")),
    request_body = MarkRequest,
    responses(
        (status = 200, description = "The mark as it is now", body = AttendanceView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Neither a mentor nor an administrator", body = Problem),
        (status = 404, description = "No such booking of a lesson of yours", body = Problem),
        (status = 409, description = "`booking_not_active`, `lesson_not_begun` or `contention`", body = Problem),
        (status = 422, description = "`invalid_request`", body = Problem),
    ),
)]
pub(super) async fn mark(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(booking): Path<BookingId>,
    Json(request): Json<MarkRequest>,
) -> Result<Json<AttendanceView>, ApiError> {
    let staff = StudentViewer::staff(user.role, user.mentor)?;
    let one = BookingMark {
        booking_id: booking,
        status: request.status,
    };
    let marks = MarkSet::one(one);
    let now = state.clock().now();
    let list = service::mark(engine, now, user.id, staff, marks).await?;
    let item = list.into_iter().next();
    Ok(Json(item.ok_or_else(|| ApiError::not_found("booking"))?))
}

/// Mark several participants: all of them, or where one is refused, none.
///
/// Under the rules of a single mark. At most 100, no booking twice.
#[utoipa::path(
    put,
    path = paths::ATTENDANCE,
    operation_id = "attendance.mark_all",
    tag = "attendance",
    security(("bearer" = [])),
    request_body = MarkAllRequest,
    responses(
        (status = 200, description = "The marks as they are now", body = AttendanceList),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Neither a mentor nor an administrator", body = Problem),
        (status = 404, description = "No such booking of a lesson of yours", body = Problem),
        (status = 409, description = "`booking_not_active`, `lesson_not_begun` or `contention`", body = Problem),
        (status = 422, description = "`invalid_request`", body = Problem),
    ),
)]
pub(super) async fn mark_all(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Json(request): Json<MarkAllRequest>,
) -> Result<Json<AttendanceList>, ApiError> {
    let staff = StudentViewer::staff(user.role, user.mentor)?;
    let marks = MarkSet::try_from(request)?;
    let now = state.clock().now();
    let items = service::mark(engine, now, user.id, staff, marks).await?;
    Ok(Json(AttendanceList { items }))
}

/// Summarize the attendance of a student.
///
/// For the student and for administrators of all lessons, for a mentor of the lessons with this mentor.
#[utoipa::path(
    get,
    path = paths::STUDENT_ATTENDANCE,
    operation_id = "attendance.summary",
    tag = "attendance",
    security(("bearer" = [])),
    params(("student_id" = UserId, Path, description = "Which student")),
    responses(
        (status = 200, description = "How many lessons, and to how many of them the student came", body = AttendanceSummary),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such student, or none of yours", body = Problem),
    ),
)]
pub(super) async fn summary(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(student): Path<UserId>,
) -> Result<Json<AttendanceSummary>, ApiError> {
    let reader = AttendanceReader::of(user.id, user.role, user.mentor, student)?;
    let now = state.clock().now();
    Ok(Json(service::summary(&engine, reader, student, now).await?))
}
