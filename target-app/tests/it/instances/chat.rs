//! People in one room whose sockets are on different instances.

use std::time::Duration;

use serde_json::json;
use shared::{
    api::{chat::ClientFrame, chat::ServerFrame, lab::ProfileView},
    dataset::{RowKind, id},
    ids::RoomId,
};

use crate::support::{ChatSocket, TestApp};

/// Seeded room 5: student 5 and mentor 5 are in it.
fn room() -> RoomId {
    RoomId(id(RowKind::Room, 5))
}

/// Until each worker has noticed the switch and subscribed.
const SETTLED: Duration = Duration::from_millis(1_500);

#[tokio::test]
async fn people_on_two_instances_hear_each_other_in_order_and_each_message_once() {
    for persistence in ["per_message", "batched"] {
        let app = TestApp::with(&[
            "chat.fanout=redis",
            &format!("chat.persistence={persistence}"),
        ])
        .start()
        .await;
        let other = app.sibling().await;
        tokio::time::sleep(SETTLED).await;
        let mut ann = ChatSocket::open(app.address, &app.student(5).token).await;
        let mut bob = ChatSocket::open(other.address, &app.mentor(5).token).await;
        let last = ann.join(room(), None).await;
        assert_eq!(bob.join(room(), None).await, last);
        // Each says ten things at once.
        for n in 0..10 {
            ann.send(room(), &format!("a{n}"), "from ann").await;
            bob.send(room(), &format!("b{n}"), "from bob").await;
        }
        for socket in [&mut ann, &mut bob] {
            let mut heard = Vec::new();
            while heard.len() < 20 {
                if let ServerFrame::Message(message) = socket.hear().await {
                    heard.push(message.seq);
                }
            }
            let expected: Vec<i64> = (last + 1..=last + 20).collect();
            assert_eq!(heard, expected, "{persistence}");
        }
        ann.say(&ClientFrame::Typing { room: room() }).await;
        loop {
            if let ServerFrame::Typing { user, .. } = bob.hear().await {
                assert_eq!(user, app.student(5).id);
                break;
            }
        }
        app.lab().audits_clean().await;
        other.finish().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn within_one_process_only_the_other_instance_hears_nothing_until_the_switch_is_turned() {
    let app = TestApp::start().await;
    let other = app.sibling().await;
    let mut ann = ChatSocket::open(app.address, &app.student(5).token).await;
    let mut bob = ChatSocket::open(other.address, &app.mentor(5).token).await;
    ann.join(room(), None).await;
    let last = bob.join(room(), None).await;
    ann.send_and_hear(room(), "c-1", "not yet").await;
    bob.hears_nothing().await;
    for lab in [app.lab(), other.lab()] {
        let view: ProfileView = lab.put_profile(json!({"chat.fanout": "redis"})).await.ok();
        assert_eq!(view.in_force["chat.fanout"], "redis");
    }
    tokio::time::sleep(SETTLED).await;
    ann.send_and_hear(room(), "c-2", "now").await;
    // The one that was missed comes with it.
    assert_eq!(bob.hear_message().await.seq, last + 1);
    assert_eq!(bob.hear_message().await.seq, last + 2);
    other.finish().await;
    app.finish().await;
}
