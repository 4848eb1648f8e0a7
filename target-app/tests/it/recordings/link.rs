//! The signed link: what it opens, for how long, and how hard it is to make one.

use chrono::{TimeDelta, Utc};
use shared::{
    api::recordings::{PlaybackLink, RecordingView},
    ids::RecordingId,
    page::Page,
    paths::{self, with_id},
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{Person, TestApp};

async fn first(person: &Person) -> RecordingView {
    let page: Page<RecordingView> = person.recordings("").await.ok();
    page.items[0].clone()
}

#[tokio::test]
async fn a_link_works_for_whoever_has_it_for_ten_minutes() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let student = app.student(1);
    let recording = first(&student).await;
    let link: PlaybackLink = student.playback(recording.id).await.ok();
    assert_eq!((link.expires_at - clock.now()).num_minutes().max(9), 9);
    let anyone = app.anonymous();
    let answer = anyone.get(&link.url).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.len() as i64, recording.size_bytes);
    clock.advance(TimeDelta::seconds(590));
    assert_eq!(anyone.get(&link.url).await.status, 200);
    clock.advance(TimeDelta::seconds(11));
    anyone.get(&link.url).await.refused(Code::BadSignature);
    app.finish().await;
}

#[tokio::test]
async fn an_altered_link_is_refused_whatever_was_altered() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let recording = first(&student).await;
    let other = first(&app.student(2)).await;
    let link: PlaybackLink = student.playback(recording.id).await.ok();
    let (path, query) = link.url.split_once('?').unwrap();
    let expires = link.expires_at.timestamp();
    let signature = query.split_once("signature=").unwrap().1;
    let elsewhere = with_id(paths::RECORDING_STREAM, other.id);
    let turned: String = signature.chars().rev().collect();
    for url in [
        format!("{elsewhere}?{query}"),
        format!("{path}?expires={}&signature={signature}", expires + 1),
        format!("{path}?expires={}&signature={signature}", i64::MAX),
        format!("{path}?expires={expires}&signature={turned}"),
        format!("{path}?expires={expires}&signature={}", &signature[1..]),
        format!("{path}?expires={expires}&signature="),
    ] {
        let answer = app.anonymous().get(&url).await;
        answer.refused(Code::BadSignature);
    }
    for url in [
        path.to_owned(),
        format!("{path}?expires={expires}"),
        format!("{path}?expires=soon&signature={signature}"),
        format!("{path}?{query}&more=1"),
    ] {
        let answer = app.anonymous().get(&url).await;
        answer.refused(Code::InvalidRequest);
    }
    // An access token opens nothing here: the link alone does.
    student.get(path).await.refused(Code::InvalidRequest);
    app.finish().await;
}

#[tokio::test]
async fn a_good_signature_for_a_recording_that_is_gone_opens_nothing() {
    let app = TestApp::start().await;
    let nowhere = RecordingId(uuid::Uuid::now_v7());
    let path = with_id(paths::RECORDING_STREAM, nowhere);
    let expires = (Utc::now() + TimeDelta::minutes(5)).timestamp();
    let signature = app.state.tokens().sign_path(&path, expires);
    let url = format!("{path}?expires={expires}&signature={signature}");
    app.anonymous().get(&url).await.refused(Code::NotFound);
    app.finish().await;
}
