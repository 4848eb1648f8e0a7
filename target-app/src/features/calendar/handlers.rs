//! `/api/v1/calendar`: extract, call, shape the response.

use axum::extract::State;
use shared::{
    api::{
        auth::Role,
        calendar::{CalendarEvent, CalendarQuery, CalendarWeek, MoveRequest, WeekQuery},
    },
    ids::SlotId,
    page::Page,
    paths,
    problem::Problem,
};

use super::{
    model::{self, EventSpan},
    service,
};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, Json, Path, Query},
    state::AppState,
};

/// List the events that begin in a span, earliest first.
///
/// A mentor's slots, booked or not, or the lessons that a student booked.
#[utoipa::path(
    get,
    path = paths::CALENDAR,
    operation_id = "calendar.range",
    tag = "calendar",
    params(CalendarQuery),
    responses(
        (status = 200, description = "One page", body = Page<CalendarEvent>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 422, description = "`invalid_request`: `to` is not later than `from`, or more than 400 days later", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn range(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<CalendarQuery>,
) -> Result<Json<Page<CalendarEvent>>, ApiError> {
    let span = EventSpan::read(&query, state.clock().now())?;
    let page = service::events(&engine, user.id, user.role, span).await?;
    Ok(Json(page))
}

/// Show a week from Monday to Sunday.
#[utoipa::path(
    get,
    path = paths::CALENDAR_WEEK,
    operation_id = "calendar.week",
    tag = "calendar",
    params(WeekQuery),
    responses(
        (status = 200, description = "The seven days", body = CalendarWeek),
        (status = 401, description = "Not signed in", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn week(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<WeekQuery>,
) -> Result<Json<CalendarWeek>, ApiError> {
    let monday = model::monday(query, state.clock().now())?;
    let week = service::week(&engine, user.id, user.role, monday).await?;
    Ok(Json(week))
}

/// Move an event to another time.
///
/// For its mentor, until it begins. The bookings in it move with it; its length stays. Refused where
/// the mentor, or a student who booked it, has something else then. Moving it where it is already
/// changes nothing.
#[utoipa::path(
    patch,
    path = paths::CALENDAR_EVENT,
    operation_id = "calendar.move",
    tag = "calendar",
    params(("slot_id" = SlotId, Path, description = "Which event")),
    request_body = MoveRequest,
    responses(
        (status = 200, description = "The event as it is now", body = CalendarEvent),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not a mentor", body = Problem),
        (status = 404, description = "No such slot of yours", body = Problem),
        (status = 409, description = "`mentor_busy`, `student_busy`, `slot_closed` or `contention`", body = Problem),
        (status = 422, description = "`invalid_request`: not an instant of the next ten years", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn move_event(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(slot): Path<SlotId>,
    Json(request): Json<MoveRequest>,
) -> Result<Json<CalendarEvent>, ApiError> {
    user.require(Role::Mentor)?;
    let clock = state.clock().clone();
    let starts_at = model::new_begin(request, clock.now())?;
    let event = service::move_event(engine, clock, user.id, slot, starts_at).await?;
    Ok(Json(event))
}
