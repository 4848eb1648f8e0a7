//! `/api/v1/payments`: extract, call, shape the response.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use shared::{
    api::{
        auth::Role,
        payments::{
            EventReceipt, MAX_EVENT_ID, PaymentEvent, PaymentQuery, PaymentRequest, PaymentView,
        },
    },
    headers::PAYMENT_SIGNATURE,
    ids::PaymentId,
    page::Page,
    paths,
    problem::{Code, Problem},
};

use super::{PaymentServices, events, model::PaymentAttempt, service, service_refunds};
use crate::{
    error::ApiError,
    features::auth::AuthUser,
    http::{Current, IdempotencyKey, Json, Path, Query, read_object},
    metrics,
    paging::PageNumber,
    provider::WebhookKey,
    state::AppState,
    text::fits,
};

/// Begin to pay for a booking that is held.
///
/// For its student. A booking has one payment at a time: where one is being made, that one is
/// returned. With an `Idempotency-Key` a repetition gets the first response.
#[utoipa::path(
    post,
    path = paths::PAYMENT_INTENTS,
    operation_id = "payments.intent",
    tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "1 to 255 visible ASCII characters, new for each payment")),
    request_body = PaymentRequest,
    responses(
        (status = 201, description = "The payment, to be confirmed", body = PaymentView),
        (status = 403, description = "Not a student", body = Problem),
        (status = 404, description = "No such booking of yours", body = Problem),
        (status = 409, description = "`payment_not_due`, `booking_not_active`, `response_lost` or `contention`", body = Problem),
        (status = 422, description = "`invalid_request` or `idempotency_mismatch`", body = Problem),
        (status = 503, description = "`unavailable`: the payment provider does not answer; the booking is kept", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn intent(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<PaymentRequest>,
) -> Result<Response, ApiError> {
    user.require(Role::Student)?;
    let attempt = PaymentAttempt {
        student: user.id,
        booking: request.booking_id,
        key,
    };
    let provider = state.part::<PaymentServices>().provider.clone();
    let payment = service::intent(engine, provider, state.clock().now(), attempt).await?;
    let location = paths::with_id(paths::PAYMENT, payment.id);
    let mut response = (StatusCode::CREATED, Json(payment)).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Have the money of a payment taken.
///
/// For its student, while the booking is held. The provider decides on its own time: read the payment
/// until it is `captured` or `failed`. Doing it again changes nothing.
#[utoipa::path(
    post,
    path = paths::PAYMENT_CONFIRM,
    operation_id = "payments.confirm",
    tag = "payments",
    params(("payment_id" = PaymentId, Path, description = "Which payment")),
    responses(
        (status = 200, description = "The payment as it stands", body = PaymentView),
        (status = 404, description = "No such payment of yours", body = Problem),
        (status = 409, description = "`payment_not_open`, `booking_not_active` or `contention`", body = Problem),
        (status = 503, description = "`unavailable`: the payment provider does not answer; the booking is kept", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn confirm(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<PaymentId>,
) -> Result<Json<PaymentView>, ApiError> {
    let (now, provider) = (
        state.clock().now(),
        state.part::<PaymentServices>().provider.clone(),
    );
    let payment = service::confirm(engine, provider, now, user.id, id).await?;
    Ok(Json(payment))
}

/// Get one payment.
///
/// For its student and for admins; to others it does not exist.
#[utoipa::path(
    get,
    path = paths::PAYMENT,
    operation_id = "payments.get",
    tag = "payments",
    params(("payment_id" = PaymentId, Path, description = "Which payment")),
    responses(
        (status = 200, description = "The payment", body = PaymentView),
        (status = 404, description = "No such payment of yours", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn get(
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<PaymentId>,
) -> Result<Json<PaymentView>, ApiError> {
    let payment = service::get(&engine, user.id, user.role, id).await?;
    Ok(Json(payment))
}

/// List one's own payments, newest first.
#[utoipa::path(
    get,
    path = paths::PAYMENTS,
    operation_id = "payments.mine",
    tag = "payments",
    params(PaymentQuery),
    responses((status = 200, description = "One page", body = Page<PaymentView>)),
    security(("bearer" = [])),
)]
pub(super) async fn mine(
    Current(engine): Current,
    user: AuthUser,
    Query(query): Query<PaymentQuery>,
) -> Result<Json<Page<PaymentView>>, ApiError> {
    let part = PageNumber::read(query.page, query.per_page)?;
    Ok(Json(service::mine(&engine, user.id, part).await?))
}

/// Have the money of a payment given back.
///
/// For its student until the lesson begins, which cancels the booking; for admins always. The provider
/// is asked until it has done so; doing it again changes nothing.
#[utoipa::path(
    post,
    path = paths::PAYMENT_REFUND,
    operation_id = "payments.refund",
    tag = "payments",
    params(("payment_id" = PaymentId, Path, description = "Which payment")),
    responses(
        (status = 200, description = "The payment, whose refund is under way or done", body = PaymentView),
        (status = 404, description = "No such payment of yours", body = Problem),
        (status = 409, description = "`payment_not_open`, `booking_not_active` or `contention`", body = Problem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn refund(
    State(state): State<AppState>,
    Current(engine): Current,
    user: AuthUser,
    Path(id): Path<PaymentId>,
) -> Result<Json<PaymentView>, ApiError> {
    let clock = state.clock().clone();
    let payment = service_refunds::refund(engine, clock, user.id, user.role, id).await?;
    Ok(Json(payment))
}

/// Receive an event of the payment provider.
///
/// Signed with HMAC-SHA-256 over the time and the body, at most five minutes ago. An event that came
/// before, or that is late, is received and changes nothing; one of an unknown payment is refused
/// with 404 and recorded nowhere.
#[utoipa::path(
    post,
    path = paths::PAYMENT_WEBHOOK,
    operation_id = "payments.webhook",
    tag = "payments",
    params(("payment-signature" = Option<String>, Header, description = "`t=SECONDS,v1=HEX`: HMAC-SHA-256 over `SECONDS.BODY`")),
    request_body = PaymentEvent,
    responses(
        (status = 200, description = "What the event did", body = EventReceipt),
        (status = 403, description = "`bad_signature`: missing, wrong or too old", body = Problem),
        (status = 404, description = "No such payment", body = Problem),
        (status = 409, description = "`contention`: send it again", body = Problem),
    ),
)]
pub(super) async fn webhook(
    State(state): State<AppState>,
    Current(engine): Current,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<EventReceipt>, ApiError> {
    let now = state.clock().now();
    let signature = headers.get(PAYMENT_SIGNATURE);
    let signature = signature.and_then(|value| value.to_str().ok());
    let event = signed_event(
        &state.part::<PaymentServices>().webhooks,
        signature,
        &body,
        now,
    )?;
    let outcome = events::receive(engine, now, event).await?;
    Ok(Json(EventReceipt { outcome }))
}

/// Reads a webhook that was signed by the provider, not long ago.
fn signed_event(
    key: &WebhookKey,
    signature: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<PaymentEvent, ApiError> {
    // Before the body is looked at: what is not from the provider learns nothing about it.
    if !key.verify(signature.unwrap_or_default(), body, now) {
        metrics::payment_event("unknown", "forged");
        return Err(ApiError::new(
            Code::BadSignature,
            "the webhook is not signed by the payment provider, or was signed too long ago",
        ));
    }
    let event: PaymentEvent = read_object(body)?;
    if event.id.is_empty() || !fits(&event.id, MAX_EVENT_ID) {
        return Err(ApiError::invalid("id", "1 to 100 characters"));
    }
    Ok(event)
}
