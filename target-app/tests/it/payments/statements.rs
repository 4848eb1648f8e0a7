//! How many statements the steps of a payment send, each of them a wait for another process.

use serde_json::json;
use shared::{
    api::payments::{EventOutcome, EventReceipt, PaymentEventKind, PaymentStatus, PaymentView},
    headers::IDEMPOTENCY_KEY,
    paths,
    timing::ServerCount,
};

use super::step::{REQUIRED, event, held, made, wait_for};
use crate::support::{Answer, TestApp};

fn sent(answer: &Answer) -> u16 {
    answer.timing().counts[ServerCount::Queries]
}

#[tokio::test]
async fn a_payment_that_is_made_sends_these_many_statements_and_a_repetition_fewer() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let keyed = student.with_header(IDEMPOTENCY_KEY, "counted");
    let body = json!({"booking_id": booking.id});
    // Begin, key, lock of the booking, booking, payment, response, commit, the provider's name for it. The
    // repetition: begin, key, response, commit, payment.
    let mut made = Vec::new();
    for wanted in [8, 5] {
        let answer = keyed.post(paths::PAYMENT_INTENTS, &body).await;
        made.push(answer.created::<PaymentView>());
        assert_eq!(sent(&answer), wanted);
    }
    assert_eq!(made[0], made[1]);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_capture_that_pays_a_booking_sends_these_many_statements_and_a_repetition_fewer() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let payment = made(&student, &held(&app, &student).await).await;
    let captured = event(&payment, PaymentEventKind::Captured);
    // Begin, payment, lock of the booking, booking, lock of the payment, event and status, end of the
    // hold, commit.
    for (outcome, wanted) in [(EventOutcome::Applied, 8), (EventOutcome::Duplicate, 7)] {
        let answer = app.webhook(&captured).await;
        assert_eq!(answer.ok::<EventReceipt>().outcome, outcome);
        assert_eq!(sent(&answer), wanted, "{outcome:?}");
    }
    wait_for(&student, payment.id, PaymentStatus::Captured).await;
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_confirmation_sends_four_statements_and_one_more_where_an_event_was_faster() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let payment = made(&student, &held(&app, &student).await).await;
    // Payment, lock of the booking, booking, note that it is confirmed.
    let answer = student.confirm(payment.id).await;
    answer.ok::<PaymentView>();
    assert!((4..=5).contains(&sent(&answer)), "{}", sent(&answer));
    wait_for(&student, payment.id, PaymentStatus::Captured).await;
    app.lab().audits_clean().await;
    app.finish().await;
}
