//! Payments in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use shared::{
    api::{
        bookings::BookingView,
        payments::{PaymentEvent, PaymentEventKind, PaymentView},
    },
    paths,
};

use super::step::sent_again;
use crate::{
    access::{
        operations::{
            Actor::{Anyone, Student},
            FeatureOperations, SentOperations,
        },
        stage::{RequestParts, Stage},
    },
    bookings::operations::{LIST_OF_THE_STUDENT, SHOWN},
    support::{NewSlot, TestApp},
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("payments.webhook", Anyone, &[LIST_OF_THE_STUDENT]),
        // The event of the provider follows, and ends the hold that the student's bookings show.
        ("payments.confirm", Student, &[LIST_OF_THE_STUDENT]),
        ("payments.intent", Student, &[]),
        ("payments.refund", Student, SHOWN),
    ],
    request,
    send_all,
    kept_tables: &["payment", "payment_event", "payment_refund"],
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "payments.intent" => {
                let booking = stage.booked().await;
                RequestParts::json(json!({"booking_id": booking.id}))
            }
            "payments.webhook" => {
                let payment = intended(stage).await;
                RequestParts::json(captured(&payment)).signed()
            }
            "payments.confirm" | "payments.get" => RequestParts::of(intended(stage).await.id.0),
            "payments.refund" => {
                let payment = intended(stage).await;
                let event = serde_json::from_value(captured(&payment)).unwrap();
                assert_eq!(stage.app.webhook(&event).await.status, 200);
                RequestParts::of(payment.id.0)
            }
            _ => RequestParts::default(),
        }
    })
}

/// A payment of a booking of the student.
async fn intended(stage: &Stage) -> PaymentView {
    let booking = stage.booked().await;
    stage.student().pay(booking.id).await.created()
}

/// The event with which the provider says that the money was taken.
fn captured(payment: &PaymentView) -> Value {
    json!({
        "id": format!("{}-captured", payment.id),
        "kind": PaymentEventKind::Captured,
        "payment_id": payment.id,
        "amount_cents": payment.amount_cents,
    })
}

/// Books, pays, and gets the money back, where bookings are paid for.
fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let student = app.student(1);
        let slot = NewSlot::single().create(&app.db).await;
        let booking: BookingView = student.book(slot).await.created();
        if booking.hold_expires_at.is_none() {
            return;
        }
        // Where the provider is late on a busy machine it is asked again; a wait for a connection is counted.
        let paying = sent_again(async || student.pay(booking.id).await).await;
        let payment: PaymentView = sent.done("payments.intent", paying).created();
        sent.done("payments.get", student.payment(payment.id).await);
        sent.done("payments.mine", student.get(paths::PAYMENTS).await);
        let confirmed = sent_again(async || student.confirm(payment.id).await).await;
        sent.done("payments.confirm", confirmed);
        let event = PaymentEvent {
            id: payment.id.to_string(),
            kind: PaymentEventKind::Captured,
            payment_id: payment.id,
            amount_cents: payment.amount_cents,
        };
        sent.done("payments.webhook", app.webhook(&event).await);
        sent.done("payments.refund", student.refund(payment.id).await);
    })
}
