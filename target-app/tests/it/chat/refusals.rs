//! What a socket does not do, and how it says so.

use serde_json::json;
use shared::{
    api::{
        chat::{ClientFrame, MAX_TEXT, ServerFrame},
        socket::{MAX_FRAME_BYTES, close},
    },
    ids::RoomId,
    paths,
    problem::Code,
};
use tokio_tungstenite::tungstenite::Message;

use super::room::room;
use crate::support::{ChatSocket, RawConnection, TestApp};

/// The next frame, which refuses something: its code, its detail, whose message it was.
async fn refusal(socket: &mut ChatSocket) -> (String, String, Option<String>) {
    match socket.hear().await {
        ServerFrame::Error {
            code,
            detail,
            client_id,
        } => (code, detail, client_id),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn a_stranger_opens_no_socket() {
    let app = TestApp::start().await;
    for (query, token) in [("", None), ("", Some("x.y.z")), ("?access_token=x", None)] {
        let refused = ChatSocket::try_open(app.address, query, token).await;
        assert_eq!(refused.err(), Some(401));
    }
    // Without the upgrade it is no socket at all.
    app.student(5)
        .get(paths::CHAT_SOCKET)
        .await
        .refused(Code::InvalidRequest);
    app.finish().await;
}

#[tokio::test]
async fn to_one_who_is_no_member_a_room_does_not_exist() {
    let app = TestApp::start().await;
    let members = app
        .db
        .count(&format!(
            "select count(*) from chat_member where room_id = '{}' and user_id = '{}'",
            room(6),
            app.mentor(5).id
        ))
        .await;
    assert_eq!(members, 0);
    let mut socket = ChatSocket::open(app.address, &app.mentor(5).token).await;
    for room in [room(6), RoomId(uuid::Uuid::now_v7())] {
        socket
            .say(&ClientFrame::Join {
                room,
                after_seq: None,
            })
            .await;
        assert_eq!(refusal(&mut socket).await.0, "not_found");
        socket.send(room, "c-1", "Let me in").await;
        let (code, _, client_id) = refusal(&mut socket).await;
        assert_eq!(
            (code.as_str(), client_id.as_deref()),
            ("forbidden", Some("c-1"))
        );
        socket.say(&ClientFrame::Typing { room }).await;
        assert_eq!(refusal(&mut socket).await.0, "forbidden");
    }
    // The socket is still good for a room of one's own.
    socket.join(room(5), None).await;
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn json_of_another_shape_is_answered_and_the_socket_stays_open() {
    let app = TestApp::start().await;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    for frame in [
        json!({"type": "shout"}),
        json!({"type": "join"}),
        json!({"type": "join", "room": "the big one"}),
        json!({"type": "ping", "nonce": -1}),
        json!({"type": "ping", "nonce": 1, "more": 2}),
        json!([1, 2, 3]),
        json!(null),
    ] {
        socket.raw(Message::text(frame.to_string())).await;
        assert_eq!(refusal(&mut socket).await.0, "malformed_body", "{frame}");
    }
    socket.join(room(5), None).await;
    for (client_id, text, field) in [
        ("", "Hello", "client_id"),
        (&*"c".repeat(65), "Hello", "client_id"),
        ("c-1", "", "text"),
        ("c-1", &*"x".repeat(MAX_TEXT + 1), "text"),
        ("c-1", "a\0b", "text"),
    ] {
        socket.send(room(5), client_id, text).await;
        let (code, detail, _) = refusal(&mut socket).await;
        assert_eq!(code, "invalid_request");
        assert!(detail.contains(field), "{detail}");
    }
    let frame = ClientFrame::Join {
        room: room(5),
        after_seq: Some(-1),
    };
    socket.say(&frame).await;
    assert!(refusal(&mut socket).await.1.contains("after_seq"));
    socket.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert_eq!(socket.hear().await, ServerFrame::Pong { nonce: 1 });
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_json_ends_the_connection() {
    let app = TestApp::start().await;
    for message in [
        Message::text("hello?"),
        Message::text("{"),
        Message::binary(vec![1, 2, 3]),
    ] {
        let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
        socket.raw(message).await;
        assert_eq!(socket.closed().await, close::BAD_FRAME);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_connection_with_1009() {
    let app = TestApp::start().await;
    for size in [MAX_FRAME_BYTES + 1, 5 * MAX_FRAME_BYTES] {
        let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
        socket.raw(Message::text("x".repeat(size))).await;
        assert_eq!(socket.closed().await, close::TOO_BIG, "{size}");
    }
    // The longest text of the widest characters still fits into a frame.
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    socket.join(room(5), None).await;
    socket
        .send_and_hear(room(5), "long", &"🦀".repeat(MAX_TEXT))
        .await;
    app.finish().await;
}

#[tokio::test]
async fn frames_that_break_the_rules_of_websocket_end_the_connection_with_1002() {
    let app = TestApp::start().await;
    for frame in [
        // Not masked.
        &[0x81, 0x01, b'a'][..],
        // Of a reserved kind.
        &[0x83, 0x81, 0, 0, 0, 0, b'a'],
        // With a reserved bit.
        &[0xC1, 0x81, 0, 0, 0, 0, b'a'],
        // A continuation of nothing.
        &[0x80, 0x81, 0, 0, 0, 0, b'a'],
    ] {
        let mut raw = RawConnection::open(app.address).await;
        raw.send(format!(
            "GET {} HTTP/1.1\r\nhost: a.test\r\nauthorization: Bearer {}\r\n\
             connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            paths::CHAT_SOCKET,
            app.student(5).token
        ))
        .await;
        assert!(raw.head().await.starts_with("HTTP/1.1 101"));
        raw.send(frame).await;
        let end = raw.bytes(4).await;
        assert_eq!(end[0], 0x88, "{frame:x?} is answered with a close");
        assert_eq!(end[2..], close::PROTOCOL_ERROR.to_be_bytes(), "{frame:x?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn pings_are_paced_like_every_other_frame() {
    let app = TestApp::start().await;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    let begin = std::time::Instant::now();
    for _ in 0..600 {
        socket.raw(Message::Ping(Vec::new().into())).await;
    }
    socket.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert_eq!(socket.hear().await, ServerFrame::Pong { nonce: 1 });
    // One second's worth at once, then 200 a second.
    assert!(begin.elapsed().as_millis() > 1_900, "{:?}", begin.elapsed());
    app.finish().await;
}
