//! How many statements the steps of a payment send, each of them a wait for another process.

use shared::{
    api::payments::{EventOutcome, EventReceipt, PaymentEventKind, PaymentStatus, PaymentView},
    timing::ServerCount,
};

use super::step::{REQUIRED, event, held, made, wait_for};
use crate::support::{Answer, TestApp};

fn sent(answer: &Answer) -> u16 {
    answer.timing().counts[ServerCount::Queries]
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
