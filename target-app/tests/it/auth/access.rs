//! What an access token is good for, and until when.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use shared::{api::auth::Role, ids::UserId, paths, problem::Code};
use target_app::clock::Clock;

use crate::support::TestApp;

#[tokio::test]
async fn a_token_works_for_fifteen_minutes_and_no_longer() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let student = app.student(60);
    clock.advance(TimeDelta::seconds(890));
    student.me().await.ok::<Value>();
    clock.advance(TimeDelta::seconds(11));
    let problem = student.me().await.refused(Code::Unauthenticated);
    assert!(problem.detail.contains("expired"), "{}", problem.detail);
    app.finish().await;
}

#[tokio::test]
async fn an_altered_token_is_refused() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let token = app.student(61).token;
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("a token has three parts");
    };
    let mut claimed: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claimed["role"] = json!("admin");
    let forged = URL_SAFE_NO_PAD.encode(claimed.to_string());
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let half = &signature[..signature.len() / 2];
    for token in [
        format!("{header}.{forged}.{signature}"),
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{claims}.{signature}"),
        format!("{header}.{claims}.{half}"),
        format!("{header}.{claims}"),
        "not.a.token".to_owned(),
        "x".to_owned(),
    ] {
        anyone
            .with_token(&token)
            .get(paths::AUTH_ME)
            .await
            .refused(Code::Unauthenticated);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_deactivated_or_unknown_account_is_refused_in_spite_of_a_good_token() {
    let app = TestApp::start().await;
    let student = app.student(62);
    app.db
        .execute(&format!(
            "update app_user set is_active = false where id = '{}'",
            student.id
        ))
        .await;
    student.me().await.refused(Code::Unauthenticated);
    let unknown = app.person(UserId(uuid::Uuid::now_v7()), Role::Admin);
    unknown.me().await.refused(Code::Unauthenticated);
    app.finish().await;
}

#[tokio::test]
async fn a_role_in_the_token_counts_for_nothing_against_the_account() {
    let app = TestApp::start().await;
    let student = app.student(63);
    let pretender = app.person(student.id, Role::Mentor);
    pretender
        .update_own(json!({"headline": "mine now"}))
        .await
        .refused(Code::Forbidden);
    app.finish().await;
}
