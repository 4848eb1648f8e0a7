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
async fn of_guesses_sent_at_once_five_are_looked_at_on_all_instances_together() {
    let app = TestApp::start().await;
    let sibling = app.sibling().await;
    let [one, other] = [app.anonymous(), sibling.anonymous()];
    let stranger = format!("{}@example.org", uuid::Uuid::now_v7());
    for email in [student_email(22), stranger] {
        let before = hashes(&app);
        let guesses = together((0..60).map(|n| {
            let instance = if n % 2 == 0 { &one } else { &other };
            instance.login(&email, "not the password")
        }))
        .await;
        let looked_at = guesses.iter().filter(|guess| guess.status == 401).count();
        assert_eq!(looked_at, 5);
        assert!(hashes(&app) - before <= 5);
        for guess in &guesses {
            assert!([401, 429].contains(&guess.status), "{}", guess.text());
        }
    }
    one.login(&student_email(22), PASSWORD)
        .await
        .refused(Code::TooManyAttempts);
    sibling.finish().await;
    app.finish().await;
}

/// Passwords that this instance hashed or checked.
fn hashes(app: &TestApp) -> u64 {
    app.state.engine().hasher.snapshot().hashes
}

#[tokio::test]
async fn the_right_password_among_guesses_is_answered_as_they_are() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let email = student_email(23);
    for _ in 0..5 {
        anyone
            .login(&email, "not the password")
            .await
            .refused(Code::BadCredentials);
    }
    let before = hashes(&app);
    let wrong = anyone.login(&email, "not the password").await;
    let right = anyone.login(&email, PASSWORD).await;
    for answer in [&wrong, &right] {
        answer.refused(Code::TooManyAttempts);
        assert!(!answer.headers.contains_key("server-timing"));
    }
    assert_eq!(hashes(&app), before);
    app.finish().await;
}
