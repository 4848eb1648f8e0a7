//! `/api/v1/courses` and `/api/v1/lessons`: extract, call, shape the response.

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use shared::{
    api::{
        auth::Role,
        courses::{
            CourseDetail, CourseQuery, CourseView, EnrolmentView, LessonView, MAX_CHOICE,
            QuizRequest, QuizResult, SubmissionList, SubmissionView,
        },
    },
    ids::{CourseId, LessonId},
    page::Page,
    paths,
    problem::{Code, Problem},
};

use super::{model::next_submission, service, service_submit};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, Json, Path, Query, json_bytes},
    paging::PageNumber,
    state::AppState,
};

/// `Content-Digest` of RFC 9530.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The catalogue, by title.
#[utoipa::path(
    get,
    path = paths::COURSES,
    operation_id = "courses.list",
    tag = "courses",
    security(("bearer" = [])),
    params(CourseQuery),
    responses(
        (status = 200, description = "One page", body = Page<CourseView>),
        (status = 401, description = "Not signed in", body = Problem),
    ),
)]
pub(super) async fn list(
    Current(engine): Current,
    _user: AuthUser,
    Query(query): Query<CourseQuery>,
) -> Result<Response, ApiError> {
    let part = PageNumber::read(query.page, query.per_page)?;
    Ok(json_bytes(service::list(&engine, part).await?))
}

/// The courses that one is enrolled in, by title.
#[utoipa::path(
    get,
    path = paths::COURSES_MINE,
    operation_id = "courses.list_mine",
    tag = "courses",
    security(("bearer" = [])),
    params(CourseQuery),
    responses(
        (status = 200, description = "One page", body = Page<EnrolmentView>),
        (status = 401, description = "Not signed in", body = Problem),
    ),
)]
pub(super) async fn list_mine(
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<CourseQuery>,
) -> Result<Response, ApiError> {
    let part = PageNumber::read(query.page, query.per_page)?;
    let page = service::list_mine(&engine, user.id, part).await?;
    Ok(json_bytes(page))
}

/// One course with its lessons and its quiz.
#[utoipa::path(
    get,
    path = paths::COURSE,
    operation_id = "courses.detail",
    tag = "courses",
    security(("bearer" = [])),
    params(("course_id" = CourseId, Path, description = "Which course")),
    responses(
        (status = 200, description = "The course", body = CourseDetail),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such course", body = Problem),
    ),
)]
pub(super) async fn detail(
    Current(engine): Current,
    _user: AuthUser,
    Path(id): Path<CourseId>,
) -> Result<Json<CourseDetail>, ApiError> {
    Ok(Json(service::detail(&engine, id).await?))
}

/// How far one is in a course.
#[utoipa::path(
    get,
    path = paths::COURSE_ENROLMENT,
    operation_id = "courses.enrolment",
    tag = "courses",
    security(("bearer" = [])),
    params(("course_id" = CourseId, Path, description = "Which course")),
    responses(
        (status = 200, description = "The enrolment", body = EnrolmentView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such course", body = Problem),
    ),
)]
pub(super) async fn enrolment(
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<CourseId>,
) -> Result<Json<EnrolmentView>, ApiError> {
    Ok(Json(service::enrolment(&engine, user.id, id).await?))
}

/// Enrol in a course.
///
/// For students. Doing it again changes nothing.
#[utoipa::path(
    post,
    path = paths::COURSE_ENROLMENT,
    operation_id = "courses.enrol",
    tag = "courses",
    security(("bearer" = [])),
    params(("course_id" = CourseId, Path, description = "Which course")),
    responses(
        (status = 200, description = "Was enrolled before", body = EnrolmentView),
        (status = 201, description = "Is enrolled now", body = EnrolmentView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not a student", body = Problem),
        (status = 404, description = "No such course", body = Problem),
        (status = 409, description = "`contention`", body = Problem),
    ),
)]
pub(super) async fn enrol(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<CourseId>,
) -> Result<Response, ApiError> {
    user.require(Role::Student)?;
    let (new, enrolment) = service::enrol(engine, state.clock().now(), user.id, id).await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(enrolment)).into_response())
}

/// A lesson with its content, for those who are enrolled in its course.
#[utoipa::path(
    get,
    path = paths::LESSON,
    operation_id = "courses.lesson",
    tag = "courses",
    security(("bearer" = [])),
    params(("lesson_id" = LessonId, Path, description = "Which lesson")),
    responses(
        (status = 200, description = "The lesson", body = LessonView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such lesson", body = Problem),
    ),
)]
pub(super) async fn lesson(
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<LessonId>,
) -> Result<Json<LessonView>, ApiError> {
    Ok(Json(service::lesson(&engine, user.id, id).await?))
}

/// Complete a lesson.
///
/// Doing it again changes nothing: progress counts each lesson once and never decreases.
#[utoipa::path(
    post,
    path = paths::LESSON_COMPLETION,
    operation_id = "courses.complete_lesson",
    tag = "courses",
    security(("bearer" = [])),
    params(("lesson_id" = LessonId, Path, description = "Which lesson")),
    responses(
        (status = 200, description = "How far one is now", body = EnrolmentView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such lesson", body = Problem),
        (status = 409, description = "`contention`", body = Problem),
    ),
)]
pub(super) async fn complete_lesson(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<LessonId>,
) -> Result<Json<EnrolmentView>, ApiError> {
    let now = state.clock().now();
    let enrolment = service::complete_lesson(engine, now, user.id, id).await?;
    Ok(Json(enrolment))
}

/// Attempt the quiz of a course.
///
/// The server scores it. A course allows ten attempts; the best one counts.
#[utoipa::path(
    post,
    path = paths::COURSE_QUIZ,
    operation_id = "courses.attempt_quiz",
    tag = "courses",
    security(("bearer" = [])),
    params(("course_id" = CourseId, Path, description = "Which course")),
    request_body = QuizRequest,
    responses(
        (status = 201, description = "The scored attempt", body = QuizResult),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such course", body = Problem),
        (status = 409, description = "`attempts_used` or `contention`", body = Problem),
        (status = 422, description = "Not one answer for each question", body = Problem),
    ),
)]
pub(super) async fn attempt_quiz(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<CourseId>,
    Json(request): Json<QuizRequest>,
) -> Result<Response, ApiError> {
    let now = state.clock().now();
    let answers = request.answers;
    if answers.iter().any(|one| !(0..=MAX_CHOICE).contains(one)) {
        return Err(ApiError::invalid("answers", "places of choices, 0 to 99"));
    }
    let result = service::attempt_quiz(engine, now, user.id, id, answers).await?;
    Ok((StatusCode::CREATED, Json(result)).into_response())
}

/// One's submissions for a course.
#[utoipa::path(
    get,
    path = paths::COURSE_SUBMISSIONS,
    operation_id = "courses.submissions",
    tag = "courses",
    security(("bearer" = [])),
    params(("course_id" = CourseId, Path, description = "Which course")),
    responses(
        (status = 200, description = "All of them, at most ten", body = SubmissionList),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such course", body = Problem),
    ),
)]
pub(super) async fn submissions(
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<CourseId>,
) -> Result<Json<SubmissionList>, ApiError> {
    Ok(Json(service::submissions(&engine, user.id, id).await?))
}

/// Submit a file for a course.
///
/// The body is the file: PDF, PNG, JPEG, ZIP or text, at most 1 MiB unless the server is configured
/// otherwise. Its declared type must be that of its bytes. With `Content-Digest` a body that was
/// altered on its way is refused. An upload that is cut short leaves nothing.
#[utoipa::path(
    post,
    path = paths::COURSE_SUBMISSIONS,
    operation_id = "courses.submit",
    tag = "courses",
    security(("bearer" = [])),
    params(
        ("course_id" = CourseId, Path, description = "Which course"),
        ("Content-Digest" = Option<String>, Header, description = "`sha-256=:BASE64:` of the body (RFC 9530)"),
    ),
    request_body(content = String, content_type = "text/plain", description = "The file"),
    responses(
        (status = 201, description = "The file is stored", body = SubmissionView),
        (status = 400, description = "`bad_request`: the body was cut short", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such course", body = Problem),
        (status = 409, description = "`attempts_used` or `contention`", body = Problem),
        (status = 413, description = "`too_large`", body = Problem),
        (status = 415, description = "`unsupported_file`", body = Problem),
        (status = 422, description = "`digest_mismatch`, or an empty file", body = Problem),
        (status = 503, description = "`unavailable`: the disk takes no file; `overloaded` or `shed`: try again", body = Problem),
    ),
)]
pub(super) async fn submit(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<CourseId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let enrolment = service::enrolled(&engine, user.id, id).await?;
    // Nothing is written before the whole body is here: an upload that ends early leaves no file.
    let bytes = to_bytes(body, state.max_upload_bytes())
        .await
        .map_err(|error| unread(error, state.max_upload_bytes()))?;
    let text = |name: HeaderName| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or("").to_owned())
    };
    let (content_type, digest) = (text(header::CONTENT_TYPE), text(CONTENT_DIGEST));
    let upload = service_submit::received(bytes, content_type, digest).await?;
    // Looked at again with the row: here so that no file is written for nothing.
    next_submission(&enrolment.view)?;
    let (folder, now) = (state.upload_dir().to_owned(), state.clock().now());
    let stored = service_submit::submit(engine, folder, now, user.id, id, upload).await?;
    Ok((StatusCode::CREATED, Json(stored)).into_response())
}

/// Why a body was not read to its end.
fn unread(error: axum::Error, most: usize) -> ApiError {
    let cause = error.into_inner();
    if cause.is::<LengthLimitError>() {
        return ApiError::new(Code::TooLarge, format!("a file has at most {most} bytes"));
    }
    ApiError::new(Code::BadRequest, "the body ended before its length")
}

/// Complete a course: every lesson completed, the quiz passed, a file submitted.
#[utoipa::path(
    post,
    path = paths::COURSE_COMPLETION,
    operation_id = "courses.complete",
    tag = "courses",
    security(("bearer" = [])),
    params(("course_id" = CourseId, Path, description = "Which course")),
    responses(
        (status = 200, description = "The completed course", body = EnrolmentView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`not_enrolled`", body = Problem),
        (status = 404, description = "No such course", body = Problem),
        (status = 409, description = "`course_incomplete` or `contention`", body = Problem),
    ),
)]
pub(super) async fn complete(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<CourseId>,
) -> Result<Json<EnrolmentView>, ApiError> {
    let now = state.clock().now();
    Ok(Json(service::complete(engine, now, user.id, id).await?))
}
