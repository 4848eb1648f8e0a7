//! Guessing passwords is throttled for each address, whether or not it has an account.

use chrono::{TimeDelta, Utc};
use shared::{
    api::auth::Session,
    dataset::{PASSWORD, student_email},
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{TestApp, together};

#[tokio::test]
async fn five_failures_lock_an_account_for_a_minute_even_for_the_right_password() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let anyone = app.anonymous();
    let email = student_email(20);
    for _ in 0..5 {
        anyone
            .login(&email, "not the password")
            .await
            .refused(Code::BadCredentials);
    }
    let locked = anyone.login(&email, PASSWORD).await;
    locked.refused(Code::TooManyAttempts);
    let seconds: i64 = locked.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");

    clock.advance(TimeDelta::seconds(seconds - 1));
    anyone
        .login(&email, PASSWORD)
        .await
        .refused(Code::TooManyAttempts);
    clock.advance(TimeDelta::seconds(2));
    anyone.login(&email, PASSWORD).await.ok::<Session>();
    app.finish().await;
}

#[tokio::test]
async fn an_address_without_an_account_locks_like_any_other() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let anyone = app.anonymous();
    let email = format!("{}@example.org", uuid::Uuid::now_v7());
    for _ in 0..5 {
        anyone
            .login(&email, "a password")
            .await
            .refused(Code::BadCredentials);
    }
    let locked = anyone.login(&email, "a password").await;
    locked.refused(Code::TooManyAttempts);
    let seconds: i64 = locked.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    clock.advance(TimeDelta::seconds(61));
    anyone
        .login(&email, "a password")
        .await
        .refused(Code::BadCredentials);
    app.finish().await;
}

#[tokio::test]
async fn a_success_starts_the_count_anew() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let email = student_email(21);
    for _ in 0..3 {
        for _ in 0..4 {
            anyone
                .login(&email, "not the password")
                .await
                .refused(Code::BadCredentials);
        }
        anyone.login(&email, PASSWORD).await.ok::<Session>();
    }
    app.finish().await;
}

#[tokio::test]
async fn guesses_sent_at_once_are_counted_one_by_one() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let email = student_email(22);
    together((0..10).map(|_| anyone.login(&email, "not the password"))).await;
    anyone
        .login(&email, PASSWORD)
        .await
        .refused(Code::TooManyAttempts);
    app.finish().await;
}
