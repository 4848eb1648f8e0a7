//! What the checks of video classes notice.

use shared::{
    api::sessions::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES},
    ids::{RecordingId, SessionId},
};
use uuid::Uuid;

use super::*;
use crate::features::scripted::reply;

fn participant(n: u128) -> ClassMember<'static> {
    ClassMember {
        id: UserId(Uuid::from_u128(n)),
        token: Box::leak(Box::new(AccountToken::from("t"))),
    }
}

fn class_of(booking: u128) -> Class<'static> {
    Class {
        booking: BookingId(Uuid::from_u128(booking)),
        student: participant(1),
        mentor: participant(2),
    }
}

fn session() -> SessionView {
    let at = loadgen_engine::clock::time_of_day().into();
    SessionView {
        id: SessionId(Uuid::from_u128(9)),
        booking_id: BookingId(Uuid::from_u128(7)),
        part: 1,
        student_id: UserId(Uuid::from_u128(1)),
        mentor_id: UserId(Uuid::from_u128(2)),
        started_at: at,
        expires_at: at,
        ended_at: None,
        recording_id: None,
    }
}

#[test]
fn a_session_of_the_class_is_accepted_new_or_live() {
    for status in [200, 201] {
        check_initiated(&reply(status, &session()), &class_of(7)).unwrap();
    }
    assert!(check_initiated(&reply(202, &session()), &class_of(7)).is_err());
}

#[test]
fn a_session_of_another_class_or_one_that_has_ended_is_noticed() {
    assert!(check_initiated(&reply(201, &session()), &class_of(8)).is_err());
    let over = SessionView {
        ended_at: Some(session().started_at),
        recording_id: Some(RecordingId(Uuid::from_u128(3))),
        ..session()
    };
    assert!(check_initiated(&reply(200, &over), &class_of(7)).is_err());
}

#[test]
fn a_token_has_to_lead_to_its_session() {
    let grant = |session: &SessionView| {
        let path = paths::with_id(paths::SESSION_SIGNAL, session.id);
        JoinGrant {
            url: format!("{path}?join_token=abc"),
            token: "abc".to_owned(),
            expires_at: session.expires_at,
        }
    };
    check_grant(&reply(200, &grant(&session())), &session()).unwrap();
    let other = SessionView {
        id: SessionId(Uuid::from_u128(10)),
        ..session()
    };
    assert!(check_grant(&reply(200, &grant(&other)), &session()).is_err());
}

#[test]
fn only_the_awaited_frame_settles_and_a_refusal_is_no_wrong_answer() {
    let awaited = |text: &str| {
        settled(text, |frame| match frame {
            RelayFrame::PeerJoined { .. } => Some(Ok(())),
            _ => None,
        })
    };
    let peer = Uuid::from_u128(1);
    let joined = format!(r#"{{"type":"peer_joined","peer":"{peer}"}}"#);
    assert_eq!(awaited(&joined), Some((0, Ok(()))));
    assert_eq!(awaited(r#"{"type":"pong","nonce":1}"#), None);
    for (text, outcome) in [
        (
            r#"{"type":"error","code":"peer_absent","detail":"gone"}"#,
            Outcome::HttpError,
        ),
        (r#"{"type":"ended"}"#, Outcome::HttpError),
        (r#"{"type":"shout"}"#, Outcome::BodyMismatch),
        ("no JSON", Outcome::BodyMismatch),
    ] {
        let Some((0, Err((found, _)))) = awaited(text) else {
            panic!("{text} settles nothing");
        };
        assert_eq!(found, outcome, "{text}");
    }
}

#[test]
fn what_is_signalled_is_within_the_bounds_of_the_protocol() {
    assert!(description(u64::MAX).len() <= MAX_SDP_BYTES);
    assert!(description(0).len() > 1_000);
    assert!(candidate(u64::MAX, 3).len() <= MAX_CANDIDATE_BYTES);
}
