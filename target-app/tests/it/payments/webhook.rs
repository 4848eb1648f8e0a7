//! What is signed is applied once, and nothing else is.

use chrono::TimeDelta;
use shared::{
    api::payments::{EventOutcome, PaymentEvent, PaymentEventKind, PaymentStatus, PaymentView},
    ids::PaymentId,
    money::Cents,
    problem::Code,
};
use target_app::provider::{TOLERANCE, WebhookKey};

use super::step::{REQUIRED, deliver, event, held, key, made, post};
use crate::support::TestApp;

#[tokio::test]
async fn a_webhook_without_a_genuine_recent_signature_changes_nothing() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let payment = made(&student, &booking).await;
    let body = serde_json::to_vec(&event(&payment, PaymentEventKind::Captured)).unwrap();
    let now = app.state.clock().now();
    let late = TOLERANCE + TimeDelta::seconds(30);
    let forged = WebhookKey::new(&"another secret".to_owned().into());
    let mut altered = body.clone();
    altered.push(b' ');
    for (body, signature) in [
        (&body, String::new()),
        (&body, "t=0,v1=00".to_owned()),
        (&body, forged.sign(&body, now)),
        (&body, key().sign(&body, now - late)),
        (&body, key().sign(&body, now + late)),
        (&altered, key().sign(&body, now)),
    ] {
        let answer = post(&app, body.clone(), &signature).await;
        answer.refused(Code::BadSignature);
    }
    let same: PaymentView = student.payment(payment.id).await.ok();
    assert_eq!(same, payment);
    assert_eq!(app.db.count("select count(*) from payment_event").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn repeated_late_and_mismatched_events_change_nothing() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let payment = made(&student, &booking).await;
    let wrong = PaymentEvent {
        id: "wrong".to_owned(),
        amount_cents: Cents(1),
        ..event(&payment, PaymentEventKind::Captured)
    };
    assert_eq!(deliver(&app, &wrong).await, EventOutcome::Mismatch);
    let captured = event(&payment, PaymentEventKind::Captured);
    assert_eq!(deliver(&app, &captured).await, EventOutcome::Applied);
    assert_eq!(deliver(&app, &captured).await, EventOutcome::Duplicate);
    for kind in [
        PaymentEventKind::Processing,
        PaymentEventKind::Failed,
        PaymentEventKind::Refunded,
    ] {
        let late = event(&payment, kind);
        assert_eq!(deliver(&app, &late).await, EventOutcome::Late, "{kind:?}");
    }
    let seen: PaymentView = student.payment(payment.id).await.ok();
    assert_eq!(seen.status, PaymentStatus::Captured);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_signed_event_of_no_payment_or_of_no_shape_is_refused() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let now = app.state.clock().now();
    let sent = async |body: Vec<u8>| {
        let signature = key().sign(&body, now);
        post(&app, body, &signature).await
    };
    let unknown = PaymentEvent {
        id: "e".to_owned(),
        kind: PaymentEventKind::Captured,
        payment_id: PaymentId(uuid::Uuid::now_v7()),
        amount_cents: Cents(1),
    };
    let body = |event: &PaymentEvent| serde_json::to_vec(event).unwrap();
    sent(body(&unknown)).await.refused(Code::NotFound);
    for id in [String::new(), "x".repeat(101), "a\0b".to_owned()] {
        let event = PaymentEvent {
            id,
            ..unknown.clone()
        };
        sent(body(&event)).await.refused(Code::InvalidRequest);
    }
    let longest = PaymentEvent {
        id: "\u{e4}".repeat(100),
        ..unknown
    };
    sent(body(&longest)).await.refused(Code::NotFound);
    sent(b"[]".to_vec()).await.refused(Code::InvalidRequest);
    sent(b"{".to_vec()).await.refused(Code::MalformedBody);
    sent(vec![b' '; 70_000]).await.refused(Code::TooLarge);
    app.finish().await;
}
