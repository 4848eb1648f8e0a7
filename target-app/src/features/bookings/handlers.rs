//! `/api/v1/bookings`: extract, call, shape the response.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    api::{
        auth::Role,
        bookings::{BookingQuery, BookingRequest, BookingView, RescheduleRequest},
    },
    ids::BookingId,
    page::Page,
    paths,
    problem::Problem,
};

use super::{model::BookingAttempt, service, service_reschedule};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, IdempotencyKey, Json, Path, Query, json_bytes},
    state::AppState,
};

/// Book a place in a slot.
///
/// For students. Of many who want the last place one gets it, the others get `slot_full`.
/// With an `Idempotency-Key` a repetition has no second effect and gets the first response. Where
/// bookings have to be paid the place is held until `hold_expires_at`.
#[utoipa::path(
    post,
    path = paths::BOOKINGS,
    operation_id = "bookings.create",
    tag = "bookings",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "1 to 255 visible ASCII characters, new for each booking")),
    request_body = BookingRequest,
    responses(
        (status = 201, description = "The place is taken", body = BookingView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not a student", body = Problem),
        (status = 404, description = "No such slot", body = Problem),
        (status = 409, description = "`slot_full`, `student_busy`, `slot_closed`, `response_lost` or `contention`", body = Problem),
        (status = 422, description = "`invalid_request` or `idempotency_mismatch`", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<BookingRequest>,
) -> Result<Response, ApiError> {
    user.require(Role::Student)?;
    let attempt = BookingAttempt {
        student: user.id,
        slot: request.slot_id,
        key,
    };
    let booking = service::create(engine, state.clock().clone(), attempt).await?;
    let location = paths::with_id(paths::BOOKING, booking.id);
    let mut response = (StatusCode::CREATED, Json(booking)).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// List one's own bookings, newest lesson first.
///
/// A student's own, or those of the lessons that a mentor gives.
#[utoipa::path(
    get,
    path = paths::BOOKINGS,
    operation_id = "bookings.list_mine",
    tag = "bookings",
    params(BookingQuery),
    responses(
        (status = 200, description = "One page", body = Page<BookingView>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 422, description = "`invalid_request`: `to` is not later than `from`", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_mine(
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<BookingQuery>,
) -> Result<Response, ApiError> {
    let page = service::list(engine, user.person(), user.mentor, query.try_into()?).await?;
    Ok(json_bytes(page))
}

/// Get one booking.
///
/// For its student and its mentor; to others it does not exist.
#[utoipa::path(
    get,
    path = paths::BOOKING,
    operation_id = "bookings.get",
    tag = "bookings",
    params(("booking_id" = BookingId, Path, description = "Which booking")),
    responses(
        (status = 200, description = "The booking", body = BookingView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such booking of yours", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn get(
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<BookingId>,
) -> Result<Json<BookingView>, ApiError> {
    Ok(Json(service::get(&engine, user.person(), id).await?))
}

/// Give a place back.
///
/// For its student and its mentor, until the lesson begins; what was paid is refunded. Doing it again is refused with
/// `booking_not_active`, and changes nothing.
#[utoipa::path(
    post,
    path = paths::BOOKING_CANCEL,
    operation_id = "bookings.cancel",
    tag = "bookings",
    params(("booking_id" = BookingId, Path, description = "Which booking")),
    responses(
        (status = 200, description = "The booking, now cancelled", body = BookingView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such booking of yours", body = Problem),
        (status = 409, description = "`booking_not_active`: cancelled before, or begun", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn cancel(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<BookingId>,
) -> Result<Json<BookingView>, ApiError> {
    let (clock, others) = (state.clock().clone(), state.features().on_cancelled.clone());
    let booking = service::cancel(engine, others, clock, user.id, id).await?;
    Ok(Json(booking))
}

/// Take another slot of the same mentor instead.
///
/// For its student and its mentor, until the lesson or its class begins. The other slot is as long and costs as much;
/// what was paid, or the end of the hold, stays with the booking. Of many who want the last place one gets it, and
/// whoever is refused keeps the former one. The slot that the booking has already changes nothing.
#[utoipa::path(
    post,
    path = paths::BOOKING_RESCHEDULE,
    operation_id = "bookings.reschedule",
    tag = "bookings",
    params(("booking_id" = BookingId, Path, description = "Which booking")),
    request_body = RescheduleRequest,
    responses(
        (status = 200, description = "The booking as it is now", body = BookingView),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "No such booking of yours, or no such slot", body = Problem),
        (status = 409, description = "`slot_full`, `student_busy`, `slot_closed`, `contention`, or `booking_not_active`: cancelled before, or begun", body = Problem),
        (status = 422, description = "`invalid_request`: a slot of another mentor, of another length or at another price", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn reschedule(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<BookingId>,
    Json(request): Json<RescheduleRequest>,
) -> Result<Json<BookingView>, ApiError> {
    let (clock, slot) = (state.clock().clone(), request.slot_id);
    let booking = service_reschedule::reschedule(engine, clock, user.person(), id, slot).await?;
    Ok(Json(booking))
}
