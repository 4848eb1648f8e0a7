//! Who may do what with a class, and what opens its socket.

use chrono::{TimeDelta, Utc};
use http::Method;
use serde_json::json;
use shared::{
    api::sessions::{JoinGrant, SessionView},
    ids::SessionId,
    paths::{self, with_id},
    problem::Code,
};
use target_app::clock::Clock;

use super::step::{class, end, enter, initiate, join, participants, session};
use crate::support::{Person, SignalEnd, TestApp, send};

/// People of every role who take part in no class of student 2.
fn strangers(app: &TestApp) -> Vec<Person> {
    vec![app.student(3), app.mentor(3), app.parent(), app.admin()]
}

#[tokio::test]
async fn to_one_who_takes_no_part_a_class_does_not_exist() {
    let app = TestApp::start().await;
    let (student, _) = participants(&app, 2);
    for person in strangers(&app) {
        initiate(&person, class(2)).await.refused(Code::NotFound);
    }
    let live: SessionView = initiate(&student, class(2)).await.created();
    for person in strangers(&app) {
        initiate(&person, class(2)).await.refused(Code::NotFound);
        session(&person, live.id).await.refused(Code::NotFound);
        join(&person, live.id).await.refused(Code::NotFound);
        end(&person, live.id).await.refused(Code::NotFound);
    }
    let read: SessionView = session(&student, live.id).await.ok();
    assert_eq!(read, live);
    let nowhere = SessionId(uuid::Uuid::now_v7());
    session(&student, nowhere).await.refused(Code::NotFound);
    end(&student, nowhere).await.refused(Code::NotFound);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn an_expired_access_token_does_nothing() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let student = app.student(2);
    let live: SessionView = initiate(&student, class(2)).await.created();
    clock.advance(TimeDelta::minutes(16));
    let refused = [
        initiate(&student, class(2)).await,
        session(&student, live.id).await,
        join(&student, live.id).await,
        end(&student, live.id).await,
    ];
    for answer in refused {
        answer.refused(Code::Unauthenticated);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_join_token_opens_one_end_of_one_session_for_a_minute() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let live: SessionView = initiate(&app.student(2), class(2)).await.created();
    let other: SessionView = initiate(&app.student(3), class(3)).await.created();
    let grant: JoinGrant = join(&app.student(2), live.id).await.ok();
    let path = with_id(paths::SESSION_SIGNAL, live.id);
    let elsewhere = with_id(paths::SESSION_SIGNAL, other.id);
    let as_another = grant.token.replace(
        &app.student(2).id.to_string(),
        &app.student(3).id.to_string(),
    );
    let access_token = app.student(2).token;
    for target in [
        path.clone(),
        format!("{path}?join_token="),
        format!("{path}?join_token=a.b.c"),
        format!("{path}?join_token={as_another}"),
        format!("{path}?join_token={access_token}"),
        format!("{elsewhere}?join_token={}", grant.token),
    ] {
        let refused = SignalEnd::try_open(app.address, &target).await;
        assert_eq!(refused.err(), Some(401), "{target}");
    }
    assert!(SignalEnd::try_open(app.address, &grant.url).await.is_ok());
    clock.advance(TimeDelta::minutes(1));
    let late = SignalEnd::try_open(app.address, &grant.url).await;
    assert_eq!(late.err(), Some(401));
    app.finish().await;
}

#[tokio::test]
async fn a_join_token_of_a_session_that_has_ended_opens_nothing() {
    let app = TestApp::start().await;
    let (student, _) = participants(&app, 2);
    let live: SessionView = initiate(&student, class(2)).await.created();
    let grant: JoinGrant = join(&student, live.id).await.ok();
    let (socket, _) = enter(&app, &student, live.id).await;
    end(&student, live.id).await.ok::<SessionView>();
    socket.drop_connection();
    let refused = SignalEnd::try_open(app.address, &grant.url).await;
    assert_eq!(refused.err(), Some(409));
    app.finish().await;
}

#[tokio::test]
async fn a_body_or_an_address_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let (student, _) = participants(&app, 2);
    for body in [
        json!({}),
        json!({"booking_id": "x"}),
        json!({"booking_id": class(2), "part": 2}),
    ] {
        student
            .post(paths::SESSIONS, &body)
            .await
            .refused(Code::InvalidRequest);
    }
    let live: SessionView = initiate(&student, class(2)).await.created();
    let grant: JoinGrant = join(&student, live.id).await.ok();
    // Without the upgrade it is no socket at all.
    send(student.request(Method::GET, &grant.url))
        .await
        .refused(Code::InvalidRequest);
    app.finish().await;
}
