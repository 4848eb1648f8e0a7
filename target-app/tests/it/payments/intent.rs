//! One payment a booking, whatever is repeated.

use serde_json::json;
use shared::{
    api::{
        bookings::BookingView,
        payments::{PaymentEventKind, PaymentStatus, PaymentView},
    },
    headers::IDEMPOTENCY_KEY,
    ids::BookingId,
    paths,
    problem::Code,
};

use super::step::{REQUIRED, deliver, event, held, made};
use crate::support::{NewSlot, TestApp, together};

#[tokio::test]
async fn a_repetition_gets_the_first_response_and_another_booking_needs_another_key() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let (one, other) = (held(&app, &student).await, held(&app, &student).await);
    let ask = async |booking: BookingId| {
        let keyed = student.with_header(IDEMPOTENCY_KEY, "k-1");
        keyed
            .post(paths::PAYMENT_INTENTS, &json!({"booking_id": booking}))
            .await
    };
    let first = ask(one.id).await;
    let again = ask(one.id).await;
    assert_eq!(first.body, again.body);
    ask(other.id).await.refused(Code::IdempotencyMismatch);
    // Also after it was paid: what the client gets is what it would have got.
    let payment: PaymentView = first.created();
    deliver(&app, &event(&payment, PaymentEventKind::Captured)).await;
    assert_eq!(ask(one.id).await.body, first.body);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_response_of_another_version_is_lost_and_no_second_payment_is_made() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let keyed = student.with_header(IDEMPOTENCY_KEY, "k");
    let pay = async || {
        let body = json!({"booking_id": booking.id});
        keyed.post(paths::PAYMENT_INTENTS, &body).await
    };
    pay().await.created::<PaymentView>();
    app.db
        .execute("update idempotency_key set body = body - 'status'")
        .await;
    for _ in 0..2 {
        pay().await.refused(Code::ResponseLost);
    }
    assert_eq!(app.db.count("select count(*) from payment").await, 1);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_key_stands_for_a_booking_or_for_a_payment_and_not_for_both() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book_with_key(slot, "order-1").await.created();
    let pay = async |key: &str| {
        let keyed = student.with_header(IDEMPOTENCY_KEY, key);
        keyed
            .post(paths::PAYMENT_INTENTS, &json!({"booking_id": booking.id}))
            .await
    };
    pay("order-1").await.refused(Code::IdempotencyMismatch);
    pay("order-2").await.created::<PaymentView>();
    let other = NewSlot::single().create(&app.db).await;
    student
        .book_with_key(other, "order-2")
        .await
        .refused(Code::IdempotencyMismatch);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn many_at_once_make_one_payment() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let answers = together((0..16).map(|_| student.pay(booking.id))).await;
    let payments: Vec<PaymentView> = answers.iter().map(|answer| answer.created()).collect();
    assert!(payments.iter().all(|one| one.id == payments[0].id));
    assert_eq!(app.db.count("select count(*) from payment").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn after_a_failure_another_payment_may_be_made_and_money_for_the_first_goes_back() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let first = made(&student, &booking).await;
    deliver(&app, &event(&first, PaymentEventKind::Failed)).await;
    student
        .confirm(first.id)
        .await
        .refused(Code::PaymentNotOpen);
    let second = made(&student, &booking).await;
    assert_ne!(first.id, second.id);
    deliver(&app, &event(&first, PaymentEventKind::Captured)).await;
    deliver(&app, &event(&second, PaymentEventKind::Captured)).await;
    super::step::wait_for(&student, first.id, PaymentStatus::Refunded).await;
    super::step::wait_for(&student, second.id, PaymentStatus::Captured).await;
    app.lab().audits_clean().await;
    app.finish().await;
}
