//! A provider that is down.

use std::time::{Duration, Instant};

use shared::time::Millis;
use shared::{
    api::{bookings::BookingView, payments::PaymentView},
    paths,
    problem::Code,
};
use target_app::{
    config::ProviderBehaviour, features::payments::PaymentServices, provider::BreakerState,
};

use super::step::{REQUIRED, held};
use crate::support::TestApp;

#[tokio::test]
async fn a_provider_that_is_down_is_refused_quickly_and_the_booking_is_kept() {
    // Nothing listens on the port of the echo of old.
    let app = TestApp::with(&[REQUIRED])
        .with_provider_at("http://127.0.0.1:7")
        .start()
        .await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    for _ in 0..3 {
        let answer = student.pay(booking.id).await;
        answer.refused(Code::Unavailable);
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=5).contains(&seconds));
    }
    assert_ne!(
        app.state.part::<PaymentServices>().provider.breaker(),
        BreakerState::Closed
    );
    let begin = Instant::now();
    student.pay(booking.id).await.refused(Code::Unavailable);
    // Three attempts with a limit each would take longer.
    assert!(begin.elapsed() < Duration::from_secs(5));
    let kept: BookingView = student.booking(booking.id).await.ok();
    assert_eq!(kept, booking);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_scrape_shows_that_the_breaker_will_let_a_call_try_though_none_comes() {
    let app = TestApp::with(&[REQUIRED])
        .with_provider_at("http://127.0.0.1:7")
        .start()
        .await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    for _ in 0..2 {
        student.pay(booking.id).await.refused(Code::Unavailable);
    }
    let half_open = "targetapp_payment_provider_breaker 1";
    let mut text = String::new();
    for _ in 0..300 {
        text = app.anonymous().get(paths::METRICS).await.text();
        if text.lines().any(|line| line == half_open) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(text.lines().any(|line| line == half_open), "{text}");
    app.finish().await;
}

#[tokio::test]
async fn a_provider_that_fails_now_and_then_is_asked_again() {
    let app = TestApp::with(&[REQUIRED])
        .with_provider(ProviderBehaviour {
            latency: Millis(0),
            failure: 0.3,
            seed: 5,
            ..ProviderBehaviour::default()
        })
        .start()
        .await;
    let student = app.student(1);
    let mut answered = 0;
    for _ in 0..10 {
        let booking = held(&app, &student).await;
        let answer = student.pay(booking.id).await;
        if answer.status == 201 {
            answer.created::<PaymentView>();
            answered += 1;
        }
    }
    // One attempt alone would fail three times in ten, three do so once in forty.
    assert!(answered >= 8, "{answered}");
    app.finish().await;
}
