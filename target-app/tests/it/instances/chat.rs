//! People in one room whose sockets are on different instances.

use serde_json::json;
use shared::{
    api::{
        chat::{ClientFrame, ServerFrame},
        lab::ProfileView,
        socket::close,
    },
    dataset::{RowKind, id},
    ids::RoomId,
};

use crate::support::{ChatSocket, TestApp};

/// Seeded room 5: student 5 and mentor 5 are in it.
fn room() -> RoomId {
    RoomId(id(RowKind::Room, 5))
}

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
        app.wait_for_listeners(2).await;
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
    app.wait_for_listeners(2).await;
    ann.send_and_hear(room(), "c-2", "now").await;
    // The one that was missed comes with it.
    assert_eq!(bob.hear_message().await.seq, last + 1);
    assert_eq!(bob.hear_message().await.seq, last + 2);
    other.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_message_that_is_sent_again_to_another_instance_is_the_same_and_comes_if_it_had_not() {
    for persistence in ["per_message", "batched"] {
        // The channel loses every message: what the other instance stored comes by nothing else.
        let app = TestApp::with(&[
            "chat.fanout=in_process",
            &format!("chat.persistence={persistence}"),
        ])
        .start()
        .await;
        let other = app.sibling().await;
        let ann = app.student(5);
        let mut first = ChatSocket::open(app.address, &ann.token).await;
        let mut bob = ChatSocket::open(app.address, &app.mentor(5).token).await;
        let mut second = ChatSocket::open(other.address, &ann.token).await;
        let last = first.join(room(), None).await;
        bob.join(room(), None).await;
        assert_eq!(second.join(room(), Some(last)).await, last);

        let (seq, _) = first.send_and_hear(room(), "once", "Hello").await;
        second.hears_nothing().await;
        let (again, heard) = second.send_and_hear(room(), "once", "Hello").await;
        assert_eq!((seq, again), (last + 1, last + 1), "{persistence}");
        let numbers: Vec<i64> = heard.iter().map(|message| message.seq).collect();
        assert_eq!(numbers, [seq], "{persistence}");
        // The third time it has it already.
        let (again, heard) = second.send_and_hear(room(), "once", "Hello").await;
        assert_eq!((again, heard.len()), (seq, 0), "{persistence}");

        assert_eq!(bob.hear_message().await.seq, seq);
        bob.hears_nothing().await;
        app.lab().audits_clean().await;
        other.finish().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn what_an_instance_stores_while_it_stops_is_heard_on_the_other_one() {
    let app = TestApp::with(&["chat.fanout=redis"]).start().await;
    let other = app.sibling().await;
    app.wait_for_listeners(2).await;
    let mut ann = ChatSocket::open(other.address, &app.student(5).token).await;
    let mut bob = ChatSocket::open(app.address, &app.mentor(5).token).await;
    let last = ann.join(room(), None).await;
    bob.join(room(), None).await;
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("select from chat_room where id = $1 for update")
        .bind(room().0)
        .execute(&mut *gate)
        .await
        .unwrap();
    ann.send(room(), "c-1", "The last word").await;
    app.db.wait_for_blocked(1).await;
    other.stop();
    gate.rollback().await.unwrap();
    assert_eq!(bob.hear_message().await.seq, last + 1);
    assert_eq!(ann.closed().await, close::GOING_AWAY);
    other.finish().await;
    app.finish().await;
}
