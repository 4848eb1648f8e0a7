//! Coming back: what was missed, once each and in order, also while others go on talking.

use std::time::Duration;

use shared::api::chat::ServerFrame;

use super::room::room;
use crate::support::{ChatSocket, TestApp};

#[tokio::test]
async fn joining_after_a_number_brings_what_came_after_it() {
    let app = TestApp::start().await;
    let mut speaker = ChatSocket::open(app.address, &app.student(5).token).await;
    let begin = speaker.join(room(5), None).await;
    for n in 0..30 {
        let (seq, _) = speaker
            .send_and_hear(room(5), &format!("c-{n}"), &format!("Number {n}"))
            .await;
        assert_eq!(seq, begin + 1 + n);
    }
    let mut late = ChatSocket::open(app.address, &app.mentor(5).token).await;
    assert_eq!(late.join(room(5), Some(begin + 10)).await, begin + 30);
    for seq in begin + 11..=begin + 30 {
        let message = late.hear_message().await;
        assert_eq!(message.seq, seq);
        assert_eq!(message.text, format!("Number {}", seq - begin - 1));
    }
    late.hears_nothing().await;
    // A number ahead of the room means everything was seen.
    let mut ahead = ChatSocket::open(app.address, &app.mentor(5).token).await;
    ahead.join(room(5), Some(begin + 1_000)).await;
    ahead.hears_nothing().await;
    app.finish().await;
}

#[tokio::test]
async fn all_of_a_long_history_comes_in_order() {
    let app = TestApp::start().await;
    let longest = room(0);
    let last = app
        .db
        .count(&format!(
            "select last_seq from chat_room where id = '{longest}'"
        ))
        .await;
    assert!(last > 200, "more than one batch");
    let mut socket = ChatSocket::open(app.address, &app.student(0).token).await;
    assert_eq!(socket.join(longest, Some(0)).await, last);
    for seq in 1..=last {
        assert_eq!(socket.hear_message().await.seq, seq);
    }
    socket.hears_nothing().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_again_and_again_misses_nothing_and_hears_nothing_twice() {
    let app = TestApp::start().await;
    let (speaker_token, listener) = (app.student(5).token, app.mentor(5));
    let mut speaker = ChatSocket::open(app.address, &speaker_token).await;
    let begin = speaker.join(room(5), None).await;
    let count = 150;
    let talking = tokio::spawn(async move {
        for n in 0..count {
            speaker
                .send_and_hear(room(5), &format!("c-{n}"), "On and on")
                .await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let mut seen = begin;
    let mut breaks = 0;
    while seen < begin + count {
        let mut socket = ChatSocket::open(app.address, &listener.token).await;
        socket.join(room(5), Some(seen)).await;
        for _ in 0..17 {
            if seen == begin + count {
                break;
            }
            match socket.hear().await {
                ServerFrame::Message(message) => {
                    assert_eq!(message.seq, seen + 1, "after {breaks} breaks");
                    seen = message.seq;
                }
                other => panic!("{other:?}"),
            }
        }
        socket.drop_connection();
        breaks += 1;
    }
    talking.await.unwrap();
    assert!(breaks > 5);
    app.lab().audits_clean().await;
    app.finish().await;
}
