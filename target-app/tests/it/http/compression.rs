//! Answers travel packed where the profile, the client and the answer allow it, and nowhere else.

use std::io::Read as _;

use serde_json::Value;
use shared::{
    dataset::{RowKind, id},
    ids::MentorId,
    paths,
    problem::Code,
};

use crate::support::{Answer, Client, TestApp};

/// What an answer says once it is unpacked.
fn unpacked(answer: &Answer) -> Value {
    let mut text = String::new();
    match answer.header("content-encoding") {
        "gzip" => flate2::read::GzDecoder::new(&answer.body[..]).read_to_string(&mut text),
        "br" => brotli_decompressor::Decompressor::new(&answer.body[..], 4_096)
            .read_to_string(&mut text),
        other => panic!("packed as {other}"),
    }
    .unwrap();
    serde_json::from_str(&text).unwrap()
}

fn asks_for(client: &Client, encodings: &str) -> Client {
    client.with_header("accept-encoding", encodings)
}

async fn packs_as(switch: &str, encoding: &str, other: &str) {
    let app = TestApp::with(&[&format!("http.compression={switch}")])
        .start()
        .await;
    let anyone = app.anonymous();
    let plain = anyone.mentors("per_page=20").await;
    let whole: Value = plain.ok();
    assert!(plain.headers.get("content-encoding").is_none());
    // A cache between must know that the answer depends on who asks.
    assert_eq!(plain.header("vary"), "accept-encoding");

    let packed = asks_for(&anyone, "gzip, br, zstd")
        .mentors("per_page=20")
        .await;
    assert_eq!(packed.status, 200);
    assert_eq!(packed.header("content-encoding"), encoding);
    assert_eq!(packed.header("vary"), "accept-encoding");
    assert_eq!(unpacked(&packed), whole);
    assert!(packed.body.len() * 2 < plain.body.len());

    for unwanted in ["identity", other, &format!("{encoding};q=0")] {
        let answer = asks_for(&anyone, unwanted).mentors("per_page=20").await;
        assert_eq!(answer.ok::<Value>(), whole, "{unwanted}");
        assert!(answer.headers.get("content-encoding").is_none());
    }
    app.finish().await;
}

#[tokio::test]
async fn a_list_is_packed_with_gzip_for_those_who_can_unpack_it() {
    Box::pin(packs_as("gzip", "gzip", "br")).await;
}

#[tokio::test]
async fn a_list_is_packed_with_brotli_for_those_who_can_unpack_it() {
    Box::pin(packs_as("br", "br", "gzip")).await;
}

#[tokio::test]
async fn with_the_switch_off_nobody_gets_a_packed_answer() {
    let app = TestApp::with(&["http.compression=off"]).start().await;
    let answer = asks_for(&app.anonymous(), "gzip, br").mentors("").await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.get("content-encoding").is_none());
    assert!(answer.headers.get("vary").is_none());
    app.finish().await;
}

#[tokio::test]
async fn small_answers_refusals_and_recordings_stay_as_they_are() {
    let app = TestApp::with(&["http.compression=gzip"]).start().await;
    let student = app.student(1);
    let wants = asks_for(&student, "gzip");
    let me = wants.get(paths::AUTH_ME).await;
    assert_eq!(me.status, 200);
    assert!(me.headers.get("content-encoding").is_none());
    let unknown = MentorId(id(RowKind::Mentor, 999_999));
    let refusal = wants.mentor(unknown).await;
    refusal.refused(Code::NotFound);
    assert!(refusal.headers.get("content-encoding").is_none());

    let link = app.student(1);
    let list: Value = link.get(paths::RECORDINGS).await.ok();
    let first = list["items"][0]["id"].as_str().unwrap();
    let playback = paths::with_id(paths::RECORDING_PLAYBACK, first);
    let playback: Value = link.get(&playback).await.ok();
    let url = playback["url"].as_str().unwrap();
    let bytes = asks_for(&app.anonymous(), "gzip")
        .with_header("range", "bytes=0-9999")
        .get(url)
        .await;
    assert_eq!(bytes.status, 206);
    assert_eq!(bytes.body.len(), 10_000);
    assert!(bytes.headers.get("content-encoding").is_none());
    app.finish().await;
}
