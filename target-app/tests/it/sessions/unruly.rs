//! Clients of the signalling socket that break its rules.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::api::{
    sessions::{
        JoinGrant, MAX_CANDIDATE_BYTES, MAX_SDP_BYTES, RelayFrame, SessionView, SignalFrame, close,
    },
    socket::{MAX_FRAME_BYTES, close as socket_close},
};
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::step::{class, enter, initiate, join, met, participants};
use crate::support::{RawConnection, TestApp};

#[tokio::test]
async fn what_is_no_signal_ends_the_socket_and_reaches_no_one() {
    let app = TestApp::start().await;
    let (live, first, mut mentor) = met(&app, 2).await;
    let mut student = Some(first);
    let text = |value: serde_json::Value| Message::text(value.to_string());
    let long = |bytes: usize| "x".repeat(bytes);
    for (message, code) in [
        (Message::text("hello"), close::POLICY),
        (Message::text(""), close::POLICY),
        (Message::text("[".repeat(10_000)), close::POLICY),
        (Message::binary(b"{}".to_vec()), close::POLICY),
        (text(json!(["offer", {"sdp": "v=0"}])), close::POLICY),
        (text(json!({"type": "offer"})), close::POLICY),
        (text(json!({"type": "offer", "sdp": ""})), close::POLICY),
        (
            text(json!({"type": "offer", "sdp": "v=0", "from": app.mentor(2).id})),
            close::POLICY,
        ),
        (
            text(json!({"type": "answer", "sdp": long(MAX_SDP_BYTES + 1)})),
            close::POLICY,
        ),
        (
            text(json!({"type": "ice", "candidate": long(MAX_CANDIDATE_BYTES + 1)})),
            close::POLICY,
        ),
        (text(json!({"type": "joined"})), close::POLICY),
        (
            Message::text(long(MAX_FRAME_BYTES + 1)),
            socket_close::TOO_BIG,
        ),
    ] {
        let mut socket = if let Some(first) = student.take() {
            first
        } else {
            let (socket, _) = enter(&app, &app.student(2), live.id).await;
            assert!(matches!(mentor.hear().await, RelayFrame::PeerJoined { .. }));
            socket
        };
        socket.raw(message.clone()).await;
        assert_eq!(socket.closed().await, code, "{message:?}");
        drop(socket);
        // All that the other participant hears of it.
        assert!(matches!(mentor.hear().await, RelayFrame::PeerLeft { .. }));
    }
    app.finish().await;
}

#[tokio::test]
async fn what_breaks_websocket_ends_the_socket_with_1002() {
    let app = TestApp::start().await;
    let (student, _) = participants(&app, 2);
    let live: SessionView = initiate(&student, class(2)).await.created();
    for (name, bytes) in [
        ("not masked", vec![0x81, 2, b'{', b'}']),
        ("a reserved bit", vec![0xC1, 0x82, 0, 0, 0, 0, b'{', b'}']),
        ("a reserved kind", vec![0x83, 0x82, 0, 0, 0, 0, b'{', b'}']),
        ("a continuation of nothing", vec![0x80, 0x80, 0, 0, 0, 0]),
        ("a fragmented ping", vec![0x09, 0x80, 0, 0, 0, 0]),
    ] {
        let grant: JoinGrant = join(&student, live.id).await.ok();
        let mut raw = RawConnection::open(app.address).await;
        raw.send(format!(
            "GET {} HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            grant.url
        ))
        .await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{name}: {head}");
        raw.send(&bytes).await;
        let mut heard = Vec::new();
        let all = raw.0.read_to_end(&mut heard);
        tokio::time::timeout(Duration::from_mins(1), all)
            .await
            .expect("the server closes in time")
            .unwrap();
        // A close frame with the code behind its length.
        let [high, low] = socket_close::PROTOCOL_ERROR.to_be_bytes();
        let closes = |frame: &[u8]| frame[0] == 0x88 && frame[2..] == [high, low];
        assert!(heard.windows(4).any(closes), "{name}: {heard:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_participant_who_does_not_read_costs_bounded_memory_and_no_signal_is_lost_silently() {
    let app = TestApp::start().await;
    let (_, mut student, mut mentor) = met(&app, 2).await;
    let offer = SignalFrame::Offer {
        sdp: "x".repeat(MAX_SDP_BYTES),
    };
    // More than the buffers of both sides and of the kernel hold.
    let mut refused = 0;
    let mut sent = 0;
    while refused == 0 && sent < 4_000 {
        student.signal(&offer).await;
        sent += 1;
        if sent % 50 == 0 {
            // The pong stands behind the refusals of what was sent before.
            student.signal(&SignalFrame::Ping { nonce: sent }).await;
            loop {
                match student.hear().await {
                    RelayFrame::Pong { .. } => break,
                    RelayFrame::Error { code, .. } => {
                        assert_eq!(code, "overloaded");
                        refused += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(refused > 0, "{sent} offers were taken");
    let mut arrived = 0;
    while arrived < sent - refused {
        assert!(matches!(mentor.hear().await, RelayFrame::Offer { .. }));
        arrived += 1;
    }
    let quiet = tokio::time::timeout(Duration::from_millis(200), mentor.hear()).await;
    assert!(quiet.is_err(), "a refused signal arrived");
    app.finish().await;
}

#[tokio::test]
async fn pings_are_paced_like_every_other_frame() {
    let app = TestApp::start().await;
    let (_, mut student, mut mentor) = met(&app, 2).await;
    let begin = Instant::now();
    for _ in 0..600 {
        student.raw(Message::Ping(Vec::new().into())).await;
    }
    student.signal(&SignalFrame::Ping { nonce: 1 }).await;
    assert_eq!(student.hear().await, RelayFrame::Pong { nonce: 1 });
    // One second's worth at once, then 200 a second.
    assert!(begin.elapsed().as_millis() > 1_900, "{:?}", begin.elapsed());
    mentor.hears_nothing().await;
    app.finish().await;
}
