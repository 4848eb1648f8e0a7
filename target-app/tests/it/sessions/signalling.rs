//! Signals: from one participant to the other, and to no one else.

use shared::api::sessions::{RelayFrame, SessionView, SignalFrame, close};

use super::step::{class, enter, initiate, met, participants};
use crate::support::{SignalEnd, TestApp};

fn offer(sdp: &str) -> SignalFrame {
    SignalFrame::Offer {
        sdp: sdp.to_owned(),
    }
}

fn ice(candidate: &str) -> SignalFrame {
    SignalFrame::Ice {
        candidate: candidate.to_owned(),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
    }
}

/// Candidates that a socket hears next.
async fn candidates(socket: &mut SignalEnd, number: usize) -> Vec<String> {
    let mut heard = Vec::new();
    for _ in 0..number {
        match socket.hear().await {
            RelayFrame::Ice { candidate, .. } => heard.push(candidate),
            other => panic!("a candidate was expected, not {other:?}"),
        }
    }
    heard
}

#[tokio::test]
async fn offer_answer_and_candidates_reach_the_other_participant_and_no_one_else() {
    let app = TestApp::start().await;
    let (one, other) = (participants(&app, 2), met(&app, 3).await);
    let (_, mut student, mut mentor) = met(&app, 2).await;
    student.signal(&offer("v=0 of the student")).await;
    assert_eq!(
        mentor.hear().await,
        RelayFrame::Offer {
            from: one.0.id,
            sdp: "v=0 of the student".to_owned()
        }
    );
    let answer = SignalFrame::Answer {
        sdp: "v=0 of the mentor".to_owned(),
    };
    mentor.signal(&answer).await;
    assert_eq!(
        student.hear().await,
        RelayFrame::Answer {
            from: one.1.id,
            sdp: "v=0 of the mentor".to_owned()
        }
    );
    let names: Vec<String> = (0..20).map(|n| format!("candidate:{n}")).collect();
    for name in &names {
        student.signal(&ice(name)).await;
    }
    assert_eq!(candidates(&mut mentor, names.len()).await, names);
    student.signal(&SignalFrame::Ping { nonce: 7 }).await;
    assert_eq!(student.hear().await, RelayFrame::Pong { nonce: 7 });
    // Those of another class have heard nothing of it.
    let (_, mut elsewhere, mut mentor_elsewhere) = other;
    elsewhere.hears_nothing().await;
    mentor_elsewhere.hears_nothing().await;
    app.finish().await;
}

#[tokio::test]
async fn without_the_other_participant_a_signal_is_refused() {
    let app = TestApp::start().await;
    let (student, mentor) = participants(&app, 2);
    let live: SessionView = initiate(&student, class(2)).await.created();
    let (mut first, _) = enter(&app, &student, live.id).await;
    first.signal(&offer("v=0")).await;
    let RelayFrame::Error { code, .. } = first.hear().await else {
        panic!("a refusal was expected");
    };
    assert_eq!(code, "peer_absent");
    let (mut second, _) = enter(&app, &mentor, live.id).await;
    assert!(matches!(first.hear().await, RelayFrame::PeerJoined { .. }));
    first.signal(&offer("v=0")).await;
    assert!(matches!(second.hear().await, RelayFrame::Offer { .. }));
    app.finish().await;
}

#[tokio::test]
async fn the_other_participant_hears_who_leaves_and_who_comes_back() {
    let app = TestApp::start().await;
    let (live, student, mut mentor) = met(&app, 2).await;
    let peer = app.student(2).id;
    student.drop_connection();
    assert_eq!(mentor.hear().await, RelayFrame::PeerLeft { peer });
    let (mut again, present) = enter(&app, &app.student(2), live.id).await;
    assert!(present);
    assert_eq!(mentor.hear().await, RelayFrame::PeerJoined { peer });
    mentor.signal(&ice("candidate:1")).await;
    assert_eq!(candidates(&mut again, 1).await, ["candidate:1"]);
    app.finish().await;
}

#[tokio::test]
async fn a_newer_socket_takes_the_place_of_the_older_one() {
    let app = TestApp::start().await;
    let (live, mut older, mut mentor) = met(&app, 2).await;
    let (mut newer, _) = enter(&app, &app.student(2), live.id).await;
    assert_eq!(older.closed().await, close::REPLACED);
    assert!(matches!(mentor.hear().await, RelayFrame::PeerJoined { .. }));
    mentor.signal(&ice("candidate:1")).await;
    assert_eq!(candidates(&mut newer, 1).await, ["candidate:1"]);
    mentor.hears_nothing().await;
    app.finish().await;
}

#[tokio::test]
async fn signals_and_sockets_are_counted() {
    let app = TestApp::start().await;
    let (_, mut student, mut mentor) = met(&app, 2).await;
    student.signal(&offer("v=0")).await;
    mentor.hear().await;
    let text = app.anonymous().get(shared::paths::METRICS).await.text();
    for line in [
        "targetapp_signal_sockets 2",
        r#"targetapp_signals_total{kind="offer",outcome="relayed"}"#,
        r#"targetapp_sessions_initiated_total{outcome="new"}"#,
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    app.finish().await;
}
