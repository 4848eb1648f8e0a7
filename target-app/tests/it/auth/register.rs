//! Creating an account.

use serde_json::json;
use shared::{
    api::{
        auth::{Role, Session, UserView},
        mentors::MentorDetail,
    },
    paths,
    problem::Code,
};

use crate::support::{TestApp, together};

const PASSWORD: &str = "a long enough password";

#[tokio::test]
async fn whoever_registers_is_signed_in_and_can_sign_in_again() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let session: Session = anyone
        .register("Ada@Example.org", PASSWORD, Role::Student)
        .await
        .created();
    assert_eq!(session.user.email, "ada@example.org");
    assert_eq!(session.user.role, Role::Student);
    assert_eq!(session.user.mentor_id, None);
    let me: UserView = anyone.signed_in(&session).me().await.ok();
    assert_eq!(me, session.user);
    let again: Session = anyone.login("ada@example.org", PASSWORD).await.ok();
    assert_eq!(again.user, session.user);
    assert_ne!(again.tokens.refresh_token, session.tokens.refresh_token);
    app.finish().await;
}

#[tokio::test]
async fn a_mentor_gets_a_profile_that_is_off_the_list() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let session: Session = anyone
        .register("mentor@example.org", PASSWORD, Role::Mentor)
        .await
        .created();
    let id = session.user.mentor_id.expect("a mentor has a profile");
    let detail: MentorDetail = anyone.mentor(id).await.ok();
    assert!(!detail.is_active);
    assert_eq!(detail.card.review_count, 0);
    app.finish().await;
}

#[tokio::test]
async fn an_address_has_one_account_however_its_letters_are_written() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let first = anyone
        .register("twice@example.org", PASSWORD, Role::Student)
        .await;
    first.created::<Session>();
    for email in [
        "twice@example.org",
        "TWICE@example.org",
        " Twice@Example.ORG ",
    ] {
        anyone
            .register(email, PASSWORD, Role::Parent)
            .await
            .refused(Code::EmailTaken);
    }
    app.finish().await;
}

#[tokio::test]
async fn of_many_who_register_one_address_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let answers =
        together((0..10).map(|_| anyone.register("race@example.org", PASSWORD, Role::Student)))
            .await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(Code::EmailTaken);
    }
    let accounts = app
        .db
        .count("select count(*) from app_user where email = 'race@example.org'")
        .await;
    assert_eq!(accounts, 1);
    app.finish().await;
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_by_the_name_of_its_field() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let good = json!({
        "email": "ok@example.org", "password": PASSWORD, "display_name": "Ok", "role": "student",
    });
    for (field, value) in [
        ("email", json!("no-at-sign")),
        ("email", json!("two@at@example.org")),
        ("email", json!(format!("{}@example.org", "x".repeat(250)))),
        ("password", json!("short")),
        ("password", json!("x".repeat(73))),
        ("password", json!(12_345_678_901_u64)),
        ("display_name", json!("  ")),
        ("display_name", json!("x".repeat(101))),
        ("display_name", json!(format!("\n{}", "x".repeat(100)))),
        ("role", json!("admin")),
        ("role", json!("owner")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let problem = anyone
            .post(paths::AUTH_REGISTER, &body)
            .await
            .refused(Code::InvalidRequest);
        assert!(
            problem.detail.contains(field),
            "{field}: {}",
            problem.detail
        );
    }
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("email");
    let problem = anyone
        .post(paths::AUTH_REGISTER, &missing)
        .await
        .refused(Code::InvalidRequest);
    assert!(problem.detail.contains("email"), "{}", problem.detail);
    let accounts = app
        .db
        .count("select count(*) from app_user where email = 'ok@example.org'")
        .await;
    assert_eq!(accounts, 0);
    app.finish().await;
}
