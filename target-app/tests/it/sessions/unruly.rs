//! Clients of the signalling socket that break its rules.

use std::time::Duration;

use serde_json::json;
use shared::api::{
    chat::MAX_FRAME_BYTES,
    chat::close as socket_close,
    sessions::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES, RelayFrame, SignalFrame, close},
};
use tokio_tungstenite::tungstenite::Message;

use super::step::{enter, met};
use crate::support::TestApp;

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
        let mut socket = match student.take() {
            Some(first) => first,
            None => {
                let (socket, _) = enter(&app, &app.student(2), live.id).await;
                assert!(matches!(mentor.hear().await, RelayFrame::PeerJoined { .. }));
                socket
            }
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
