//! Numbers of messages have no gaps, and everybody hears them in their order.

use std::collections::BTreeSet;

use shared::api::chat::ServerFrame;

use super::room::room;
use crate::support::{ChatSocket, TestApp, together};

const SENDERS: u32 = 20;
const EACH: usize = 10;

/// Sends `EACH` messages and hears until it has every message of the room after `joined`.
/// Answers with the numbers it was acknowledged and those it heard, in the order it heard them.
async fn talk(mut socket: ChatSocket, name: u32, joined: i64) -> (Vec<i64>, Vec<i64>) {
    let total = SENDERS as usize * EACH;
    let (mut acknowledged, mut heard) = (Vec::new(), Vec::new());
    for n in 0..EACH {
        socket
            .send(room(0), &format!("{name}-{n}"), "All at once")
            .await;
    }
    while acknowledged.len() < EACH || heard.len() < total {
        match socket.hear().await {
            ServerFrame::Ack { seq, .. } => acknowledged.push(seq),
            ServerFrame::Message(message) if message.seq > joined => heard.push(message.seq),
            other => panic!("{other:?}"),
        }
    }
    (acknowledged, heard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_who_speak_at_once_leave_no_gap_and_are_heard_in_one_order() {
    let app = TestApp::start().await;
    let mut sockets = Vec::new();
    let mut last = 0;
    for n in 0..SENDERS {
        // Ten students with two sockets each.
        let student = app.student(n % 10 * 60);
        let mut socket = ChatSocket::open(app.address, &student.token).await;
        last = socket.join(room(0), None).await;
        sockets.push(socket);
    }
    let talks = sockets
        .into_iter()
        .zip(0..)
        .map(|(socket, name)| talk(socket, name, last));
    let results = together(talks).await;

    let total = i64::from(SENDERS) * EACH as i64;
    let expected: Vec<i64> = (last + 1..=last + total).collect();
    let mut acknowledged = BTreeSet::<i64>::new();
    for (own, heard) in &results {
        assert!(own.is_sorted(), "one sender's messages keep their order");
        acknowledged.extend(own);
        assert_eq!(heard, &expected);
    }
    assert_eq!(acknowledged.into_iter().collect::<Vec<_>>(), expected);
    app.lab().audits_clean().await;
    let chat = app.lab().telemetry().await.chat;
    assert_eq!(chat.messages, total as u64);
    app.finish().await;
}
