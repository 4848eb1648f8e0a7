//! How connections end, and what is left of them.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use shared::api::{
    chat::{self, ClientFrame},
    socket::close,
};
use target_app::clock::Clock;
use tokio_tungstenite::tungstenite::Message;

use super::room::room;
use crate::support::{ChatSocket, TestApp};

#[tokio::test]
async fn when_the_server_stops_every_socket_is_told_so() {
    let app = TestApp::start().await;
    let mut sockets = Vec::new();
    for n in [5, 65, 125] {
        let mut socket = ChatSocket::open(app.address, &app.student(n).token).await;
        socket.join(room(5), None).await;
        sockets.push(socket);
    }
    app.stop();
    for mut socket in sockets {
        assert_eq!(socket.closed().await, close::GOING_AWAY);
    }
    app.stopped().await.finish().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_keep_its_socket_through_the_end() {
    let app = TestApp::start().await;
    let student = app.student(5);
    // Far more than buffers on the way hold.
    app.db
        .execute(&format!(
            "insert into chat_message (id, room_id, seq, sender_id, client_id, body)
             select gen_random_uuid(), r.id, r.last_seq + n, '{sender}', 'filler-' || n, repeat('x', 4000)
             from chat_room r, generate_series(1, 8000) n
             where r.id = '{room}';
             update chat_room set last_seq = last_seq + 8000 where id = '{room}'",
            sender = student.id,
            room = room(5),
        ))
        .await;
    let mut socket = ChatSocket::open(app.address, &student.token).await;
    socket
        .say(&ClientFrame::Join {
            room: room(5),
            after_seq: Some(0),
        })
        .await;
    socket.hear().await;
    // From here on it reads nothing, and the server sends until the buffers are full.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let hub = app.state.hub().clone();
    assert_eq!(hub.snapshot().sockets, 1);
    app.stop();
    let db = app.stopped().await;
    assert_eq!(hub.snapshot().sockets, 0, "it was left behind");
    drop(socket);
    db.finish().await;
}

#[tokio::test]
async fn a_socket_ends_with_the_token_that_opened_it() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let token = app.student(5).token;
    // Long enough for it to be opened, also where everything takes long.
    clock.advance(TimeDelta::seconds(895));
    let mut socket = ChatSocket::open(app.address, &token).await;
    socket.join(room(5), None).await;
    assert_eq!(socket.closed().await, chat::close::TOKEN_EXPIRED);
    app.finish().await;
}

#[tokio::test]
async fn the_protocols_own_ping_is_answered_and_a_close_is_agreed_to() {
    let app = TestApp::start().await;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    socket.raw(Message::Ping("are you there".into())).await;
    loop {
        match socket.next().await {
            Some(Ok(Message::Pong(data))) => {
                assert_eq!(&data[..], b"are you there");
                break;
            }
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    socket.raw(Message::Close(None)).await;
    loop {
        match socket.next().await {
            Some(Ok(_)) => {}
            None => break,
            Some(Err(error)) => panic!("it did not end in order: {error}"),
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn sockets_are_counted_while_they_are_open_and_not_after_they_are_lost() {
    let app = TestApp::start().await;
    let mut sockets = Vec::new();
    for n in 0..10 {
        let mut socket = ChatSocket::open(app.address, &app.student(n).token).await;
        socket.join(room(n), None).await;
        sockets.push(socket);
    }
    assert_eq!(app.lab().telemetry().await.chat.sockets, 10);
    for socket in sockets {
        socket.drop_connection();
    }
    for _ in 0..3_000 {
        if app.lab().telemetry().await.chat.sockets == 0 {
            app.finish().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("lost sockets are still counted");
}

#[tokio::test]
async fn a_socket_survives_the_exchange_of_the_profile() {
    let app = TestApp::start().await;
    let mut speaker = ChatSocket::open(app.address, &app.student(5).token).await;
    let mut listener = ChatSocket::open(app.address, &app.mentor(5).token).await;
    let last = speaker.join(room(5), None).await;
    listener.join(room(5), None).await;
    for n in 1..=3 {
        let changes = serde_json::json!({"pool.max": 5 + n});
        assert_eq!(app.lab().put_profile(changes).await.status, 200);
        let (seq, _) = speaker
            .send_and_hear(room(5), &format!("c-{n}"), "Still here")
            .await;
        assert_eq!(seq, last + n);
        assert_eq!(listener.hear_message().await.seq, seq);
    }
    app.finish().await;
}
