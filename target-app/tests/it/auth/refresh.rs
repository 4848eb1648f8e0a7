//! Trading a refresh token for new tokens.

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use shared::{
    api::auth::{Session, TokenPair},
    dataset::{PASSWORD, student_email},
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{TestApp, together};

async fn sign_in(app: &TestApp, student: u32) -> Session {
    let email = student_email(student);
    app.anonymous().login(&email, PASSWORD).await.ok()
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_ends_the_old_one() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let session = sign_in(&app, 30).await;
    let first = session.tokens.refresh_token;
    let second: TokenPair = anyone.refresh(&first).await.ok();
    assert_ne!(second.refresh_token, first);
    anyone
        .with_token(&second.access_token)
        .get(shared::paths::AUTH_ME)
        .await
        .ok::<Value>();
    let third: TokenPair = anyone.refresh(&second.refresh_token).await.ok();
    assert_ne!(third.refresh_token, second.refresh_token);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn using_a_token_again_revokes_all_that_descend_from_its_sign_in() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let stolen = sign_in(&app, 31).await.tokens.refresh_token;
    let other = sign_in(&app, 31).await.tokens.refresh_token;
    let second: TokenPair = anyone.refresh(&stolen).await.ok();
    anyone.refresh(&stolen).await.refused(Code::RefreshReused);
    anyone
        .refresh(&second.refresh_token)
        .await
        .refused(Code::Unauthenticated);
    // Another sign-in of the same person is another family.
    anyone.refresh(&other).await.ok::<TokenPair>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_simultaneous_refreshes_with_one_token_one_wins() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for round in 0..10 {
        let token = sign_in(&app, 32 + round).await.tokens.refresh_token;
        let answers = together([anyone.refresh(&token), anyone.refresh(&token)]).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.refused(Code::RefreshReused);
        }
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_or_expired_token_is_refused() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let anyone = app.anonymous();
    for token in ["", "unknown", &"x".repeat(1_000)] {
        anyone.refresh(token).await.refused(Code::Unauthenticated);
    }
    let token = sign_in(&app, 45).await.tokens.refresh_token;
    clock.advance(TimeDelta::days(29));
    let next: TokenPair = anyone.refresh(&token).await.ok();
    clock.advance(TimeDelta::days(31));
    anyone
        .refresh(&next.refresh_token)
        .await
        .refused(Code::Unauthenticated);
    app.finish().await;
}

#[tokio::test]
async fn a_deactivated_account_refreshes_nothing() {
    let app = TestApp::start().await;
    let session = sign_in(&app, 46).await;
    app.db
        .execute(&format!(
            "update app_user set is_active = false where id = '{}'",
            session.user.id
        ))
        .await;
    app.anonymous()
        .refresh(&session.tokens.refresh_token)
        .await
        .refused(Code::Unauthenticated);
    app.finish().await;
}
