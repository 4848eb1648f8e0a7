//! Trading e-mail and password for tokens.

use serde_json::Value;
use shared::timing::{ServerCount, ServerPart};
use shared::{
    api::auth::{Role, Session},
    dataset::{PASSWORD, mentor_email, student_email},
    problem::Code,
};

use crate::support::{Answer, TestApp, student_id};

#[tokio::test]
async fn a_seeded_account_signs_in_with_the_common_password() {
    for queries in ["sequential", "joined"] {
        let app = TestApp::with(&[&format!("auth.login_queries={queries}")])
            .start()
            .await;
        let anyone = app.anonymous();
        let answer = anyone.login(&student_email(3), PASSWORD).await;
        let session: Session = answer.ok();
        assert_eq!(session.user.id, student_id(3));
        assert_eq!(session.user.role, Role::Student);
        assert!(session.user.grade.is_some());
        assert_eq!(session.tokens.expires_in, 900);
        anyone.signed_in(&session).me().await.ok::<Value>();
        let mentor: Session = anyone.login(&mentor_email(4), PASSWORD).await.ok();
        assert_eq!(mentor.user.role, Role::Mentor);
        assert!(mentor.user.mentor_id.is_some());
        app.finish().await;
    }
}

#[tokio::test]
async fn signing_in_takes_five_to_six_statements_one_by_one_and_fewer_joined() {
    let mut counts = Vec::new();
    for queries in ["sequential", "joined"] {
        let app = TestApp::with(&[&format!("auth.login_queries={queries}")])
            .start()
            .await;
        let answer = app.anonymous().login(&student_email(3), PASSWORD).await;
        answer.ok::<Session>();
        let timing = answer.timing();
        assert!(timing.us[ServerPart::Hash] > 0);
        counts.push(timing.counts[ServerCount::Queries]);
        app.finish().await;
    }
    assert!((5..=6).contains(&counts[0]), "{counts:?}");
    assert!(counts[1] <= 4, "{counts:?}");
}

#[tokio::test]
async fn letters_of_the_address_may_be_written_any_way() {
    let app = TestApp::start().await;
    let email = student_email(5).to_uppercase();
    let session: Session = app.anonymous().login(&email, PASSWORD).await.ok();
    assert_eq!(session.user.id, student_id(5));
    app.finish().await;
}

/// Status and body of a response, without the id of its request.
fn shown(answer: &Answer) -> (u16, Value) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    body.as_object_mut().unwrap().remove("request_id");
    (answer.status, body)
}

#[tokio::test]
async fn a_wrong_password_an_unknown_and_a_deactivated_account_are_refused_alike() {
    for queries in ["sequential", "joined"] {
        let app = TestApp::with(&[&format!("auth.login_queries={queries}")])
            .start()
            .await;
        let anyone = app.anonymous();
        app.db
            .execute(&format!(
                "update app_user set is_active = false where id = '{}'",
                student_id(8)
            ))
            .await;
        let wrong = anyone.login(&student_email(7), "not the password").await;
        let unknown = anyone
            .login(&format!("stranger-{queries}@example.org"), PASSWORD)
            .await;
        let inactive = anyone.login(&student_email(8), PASSWORD).await;
        wrong.refused(Code::BadCredentials);
        assert_eq!(shown(&wrong), shown(&unknown));
        assert_eq!(shown(&wrong), shown(&inactive));
        app.finish().await;
    }
}

/// What was done since the application started: statements, hashes, and for each kind of row that a
/// sign-in writes how many there are, or how many transactions wrote it last.
async fn work(app: &TestApp) -> [i64; 4] {
    let hashes = app.state.engine().hasher.snapshot().hashes;
    let queries = app.state.http().snapshot().queries;
    [
        i64::try_from(queries).unwrap(),
        i64::try_from(hashes).unwrap(),
        app.db.count("select count(*) from sign_in_attempt").await,
        app.db
            .count("select count(distinct xmin::text) from credential")
            .await,
    ]
}

#[tokio::test]
async fn a_refused_sign_in_costs_the_same_with_and_without_an_account() {
    for queries in ["sequential", "joined"] {
        let app = TestApp::with(&[&format!("auth.login_queries={queries}")])
            .start()
            .await;
        let anyone = app.anonymous();
        let inactive = student_id(8);
        app.db
            .execute(&format!(
                "update app_user set is_active = false where id = '{inactive}'"
            ))
            .await;
        let mut works = Vec::new();
        for email in [
            student_email(7),
            student_email(8),
            format!("work-{queries}@example.org"),
        ] {
            let before = work(&app).await;
            for n in 0..7 {
                let answer = anyone.login(&email, "not the password").await;
                assert_eq!(answer.status, if n < 5 { 401 } else { 429 });
                assert!(!answer.headers.contains_key("server-timing"));
            }
            let after = work(&app).await;
            works.push(std::array::from_fn::<i64, 4, _>(|n| after[n] - before[n]));
        }
        // Five hashes, one counter, and no credential touched.
        assert_eq!(works[0][1..], [5, 1, 0]);
        assert_eq!(works[0], works[1]);
        assert_eq!(works[0], works[2]);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_sign_in_after_a_change_of_scheme_hashes_the_password_anew() {
    let app = TestApp::with(&["auth.hash=bcrypt(4)"]).start().await;
    let anyone = app.anonymous();
    anyone
        .register("rehash@example.org", "a password of mine", Role::Student)
        .await
        .created::<Session>();
    app.lab()
        .put_profile(serde_json::json!({"auth.hash": "bcrypt(5)"}))
        .await
        .ok::<Value>();
    let stored = async || {
        app.db
            .text(
                "select left(hash, 7) from credential c join app_user u on u.id = c.user_id
                 where u.email = 'rehash@example.org'",
            )
            .await
    };
    anyone
        .login("rehash@example.org", "not the password")
        .await
        .refused(Code::BadCredentials);
    assert_eq!(stored().await, "$2b$04$");
    for _ in 0..2 {
        anyone
            .login("rehash@example.org", "a password of mine")
            .await
            .ok::<Session>();
        assert_eq!(stored().await, "$2b$05$");
    }
    app.finish().await;
}

#[tokio::test]
async fn every_scheme_and_placement_of_hashing_lets_the_right_password_in() {
    for (scheme, placement) in [
        ("bcrypt(4)", "inline"),
        ("bcrypt(5)", "blocking"),
        ("argon2id(1024,1,1)", "bounded(2)"),
    ] {
        let app = TestApp::with(&[
            &format!("auth.hash={scheme}"),
            &format!("auth.placement={placement}"),
        ])
        .start()
        .await;
        let anyone = app.anonymous();
        anyone
            .login(&student_email(1), PASSWORD)
            .await
            .ok::<Session>();
        anyone
            .login(&student_email(1), "not the password")
            .await
            .refused(Code::BadCredentials);
        let email = format!("new-{placement}@example.org").replace(['(', ')'], "");
        anyone
            .register(&email, "a password of mine", Role::Student)
            .await
            .created::<Session>();
        anyone
            .login(&email, "a password of mine")
            .await
            .ok::<Session>();
        app.finish().await;
    }
}
