//! What several of these tests do.

use std::time::Duration;

use http::Method;
use shared::{
    api::{
        bookings::BookingView,
        payments::{
            EventOutcome, EventReceipt, PaymentEvent, PaymentEventKind, PaymentStatus, PaymentView,
        },
    },
    headers::PAYMENT_SIGNATURE,
    ids::PaymentId,
    paths,
    problem::Code,
};
use target_app::provider::WebhookKey;

use crate::support::{Answer, NewSlot, Person, TestApp, WEBHOOK_SECRET, send};

/// Bookings are holds until they are paid.
pub(super) const REQUIRED: &str = "bookings.payment=required";

/// A held booking of that student, in a slot of its own.
pub(super) async fn held(app: &TestApp, student: &Person) -> BookingView {
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    assert!(booking.hold_expires_at.is_some());
    booking
}

/// The payment of a booking, made and not confirmed.
pub(super) async fn made(student: &Person, booking: &BookingView) -> PaymentView {
    let payment: PaymentView = student.pay(booking.id).await.created();
    assert_eq!(payment.booking_id, booking.id);
    assert_eq!(payment.amount_cents, booking.price_cents);
    payment
}

/// A request that is sent again while the payment provider does not answer, as its client is told to.
pub(super) async fn sent_again(request: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..600 {
        let answer = request().await;
        if answer.code() != Some(Code::Unavailable) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the provider should have answered by now");
}

/// A held booking that was paid.
pub(super) async fn paid(app: &TestApp, student: &Person) -> (BookingView, PaymentView) {
    let booking = held(app, student).await;
    let payment = made(student, &booking).await;
    let event = event(&payment, PaymentEventKind::Captured);
    assert_eq!(deliver(app, &event).await, EventOutcome::Applied);
    let booking: BookingView = student.booking(booking.id).await.ok();
    (booking, student.payment(payment.id).await.ok())
}

/// What the provider would send of a payment.
pub(super) fn event(payment: &PaymentView, kind: PaymentEventKind) -> PaymentEvent {
    PaymentEvent {
        id: format!("{}-{}", payment.id, kind.as_str()),
        kind,
        payment_id: payment.id,
        amount_cents: payment.amount_cents,
    }
}

/// Sends a body with a signature.
pub(super) async fn post(app: &TestApp, body: Vec<u8>, signature: &str) -> Answer {
    let request = app
        .anonymous()
        .request(Method::POST, paths::PAYMENT_WEBHOOK);
    let request = request
        .header(PAYMENT_SIGNATURE, signature)
        .header("content-type", "application/json")
        .body(body);
    send(request).await
}

/// The key that the application's provider signs with.
pub(super) fn key() -> WebhookKey {
    WebhookKey::new(&WEBHOOK_SECRET.to_owned().into())
}

/// Sends an event as the provider does.
pub(super) async fn deliver(app: &TestApp, event: &PaymentEvent) -> EventOutcome {
    let receipt: EventReceipt = app.webhook(event).await.ok();
    receipt.outcome
}

/// Waits until a payment has that status.
pub(super) async fn wait_for(
    student: &Person,
    id: PaymentId,
    status: PaymentStatus,
) -> PaymentView {
    let mut seen = None;
    for _ in 0..1_500 {
        let payment: PaymentView = student.payment(id).await.ok();
        if payment.status == status {
            return payment;
        }
        seen = Some(payment);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{status:?} is not reached: {seen:?}");
}
