//! `/api/v1/mentors`: extract, call, shape the response.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use shared::{
    api::{
        auth::Role,
        mentors::{
            ActiveRequest, Availability, AvailabilityQuery, MentorCard, MentorDetail, MentorQuery,
            MentorUpdate, ReviewRequest, ReviewView,
        },
    },
    ids::MentorId,
    page::Page,
    paths,
    problem::Problem,
};

use super::{
    model::{self, AvailabilitySpan, ReviewQuery},
    service,
};
use crate::{
    error::ApiError,
    features::auth::{AuthUser, Visitor},
    http::{Current, Json, Path, Query, json_bytes},
    state::AppState,
};

/// Find mentors.
///
/// Go on with `next_cursor` of the page before, or with `page` up to 1000.
#[utoipa::path(
    get,
    path = paths::MENTORS,
    operation_id = "mentors.list",
    tag = "mentors",
    params(MentorQuery),
    responses(
        (status = 200, description = "One page", body = Page<MentorCard>),
        (status = 422, description = "`invalid_request`: an altered cursor, or one beside a page", body = Problem),
    ),
)]
pub(super) async fn list(
    _: Visitor,
    Current(engine): Current,
    Query(query): Query<MentorQuery>,
) -> Result<Response, ApiError> {
    let page = service::list(engine, query.try_into()?).await?;
    Ok(json_bytes(page))
}

/// One mentor.
#[utoipa::path(
    get,
    path = paths::MENTOR,
    operation_id = "mentors.detail",
    tag = "mentors",
    params(("mentor_id" = MentorId, Path, description = "Which mentor")),
    responses(
        (status = 200, description = "The mentor with their newest reviews", body = MentorDetail),
        (status = 404, description = "`not_found`", body = Problem),
    ),
)]
pub(super) async fn detail(
    _: Visitor,
    Current(engine): Current,
    Path(id): Path<MentorId>,
) -> Result<Json<MentorDetail>, ApiError> {
    Ok(Json(service::detail(&engine, id).await?))
}

/// A mentor's open slots, earliest first.
///
/// Never from the cache: a place that is shown as free should be free.
#[utoipa::path(
    get,
    path = paths::MENTOR_AVAILABILITY,
    operation_id = "mentors.availability",
    tag = "mentors",
    params(("mentor_id" = MentorId, Path, description = "Which mentor"), AvailabilityQuery),
    responses(
        (status = 200, description = "At most 200 slots with a place left", body = Availability),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`invalid_request`: `to` is not later than `from`, or more than 62 days later; or `from` is not in the next ten years", body = Problem),
    ),
)]
pub(super) async fn availability(
    State(state): State<AppState>,
    Current(engine): Current,
    Path(id): Path<MentorId>,
    Query(query): Query<AvailabilityQuery>,
) -> Result<Json<Availability>, ApiError> {
    let span = AvailabilitySpan::read(query, state.clock().now())?;
    Ok(Json(service::availability(&engine, id, span).await?))
}

/// A mentor's reviews, newest first.
#[utoipa::path(
    get,
    path = paths::MENTOR_REVIEWS,
    operation_id = "mentors.list_reviews",
    tag = "mentors",
    params(("mentor_id" = MentorId, Path, description = "Which mentor"), ReviewQuery),
    responses(
        (status = 200, description = "One page", body = Page<ReviewView>),
        (status = 404, description = "`not_found`", body = Problem),
    ),
)]
pub(super) async fn list_reviews(
    _: Visitor,
    Current(engine): Current,
    Path(id): Path<MentorId>,
    Query(query): Query<ReviewQuery>,
) -> Result<Json<Page<ReviewView>>, ApiError> {
    Ok(Json(service::reviews(&engine, id, query.part()?).await?))
}

/// Review a mentor after a lesson: one review a lesson, the newest lesson first.
#[utoipa::path(
    post,
    path = paths::MENTOR_REVIEWS,
    operation_id = "mentors.create_review",
    tag = "mentors",
    security(("bearer" = [])),
    params(("mentor_id" = MentorId, Path, description = "Which mentor")),
    request_body = ReviewRequest,
    responses(
        (status = 201, description = "The review", body = ReviewView),
        (status = 403, description = "`forbidden`: no lesson with this mentor", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`already_reviewed`", body = Problem),
    ),
)]
pub(super) async fn create_review(
    State(state): State<AppState>,
    user: AuthUser,
    Current(engine): Current,
    Path(id): Path<MentorId>,
    Json(body): Json<ReviewRequest>,
) -> Result<impl IntoResponse, ApiError> {
    user.require(Role::Student)?;
    let now = state.clock().now();
    let review = service::create_review(engine, user.id, id, body.try_into()?, now).await?;
    Ok((StatusCode::CREATED, Json(review)))
}

/// Change the own profile; absent fields stay.
#[utoipa::path(
    patch,
    path = paths::MENTORS_ME,
    operation_id = "mentors.update_own",
    tag = "mentors",
    security(("bearer" = [])),
    request_body = MentorUpdate,
    responses(
        (status = 200, description = "The profile as it is now", body = MentorDetail),
        (status = 403, description = "`forbidden`: not a mentor", body = Problem),
        (status = 404, description = "`not_found`: the account has no mentor profile", body = Problem),
        (status = 422, description = "`invalid_request`: a headline of space or with control characters, a biography with NUL", body = Problem),
    ),
)]
pub(super) async fn update_own(
    user: AuthUser,
    Current(engine): Current,
    Json(body): Json<MentorUpdate>,
) -> Result<Json<MentorDetail>, ApiError> {
    user.require(Role::Mentor)?;
    let update = model::checked(body)?;
    Ok(Json(service::update_own(engine, user.id, update).await?))
}

/// Take the own profile on or off the list; bookings stay.
#[utoipa::path(
    put,
    path = paths::MENTORS_ME_ACTIVE,
    operation_id = "mentors.set_active",
    tag = "mentors",
    security(("bearer" = [])),
    request_body = ActiveRequest,
    responses(
        (status = 200, description = "The profile as it is now", body = MentorDetail),
        (status = 403, description = "`forbidden`: not a mentor", body = Problem),
        (status = 404, description = "`not_found`: the account has no mentor profile", body = Problem),
    ),
)]
pub(super) async fn set_active(
    user: AuthUser,
    Current(engine): Current,
    Json(body): Json<ActiveRequest>,
) -> Result<Json<MentorDetail>, ApiError> {
    user.require(Role::Mentor)?;
    Ok(Json(
        service::set_active(engine, user.id, body.active).await?,
    ))
}
