//! A stream that is wrong in any one way is noticed.

use super::*;
use crate::features::chat::fixture::{ack, message, own, seat};

/// What the operations of one send come to when these texts arrive.
fn receive(texts: &[String]) -> (Vec<Settled>, bool) {
    let (mut seat, own) = (seat(0), own());
    let mut listener = RoomListener::new(&mut seat, 0, Some(&own));
    let settled = texts
        .iter()
        .filter_map(|text| listener.own_message(text))
        .collect();
    (settled, listener.wrong)
}

#[test]
fn acknowledgement_and_delivery_may_come_in_either_order() {
    for texts in [
        [
            ack(12),
            message(11, "other", "x"),
            message(12, "mine", "hello"),
        ],
        [
            message(11, "other", "x"),
            message(12, "mine", "hello"),
            ack(12),
        ],
    ] {
        let (settled, wrong) = receive(&texts);
        assert_eq!(settled.len(), 2);
        assert!(settled.iter().all(|(_, result)| result.is_ok()) && !wrong);
    }
}

#[test]
fn a_gap_a_repetition_another_text_and_another_number_are_noticed() {
    for texts in [
        vec![message(12, "mine", "hello"), ack(12)],
        vec![
            message(11, "other", "x"),
            message(11, "mine", "hello"),
            ack(11),
        ],
        vec![message(11, "mine", "hullo"), ack(11)],
        vec![message(11, "mine", "hello"), ack(12)],
        vec![
            message(11, "mine", "hello"),
            message(12, "mine", "hello"),
            ack(11),
        ],
    ] {
        let (settled, wrong) = receive(&texts);
        assert!(wrong, "{texts:?}");
        assert!(
            settled.iter().any(|(_, result)| result.is_err()),
            "{settled:?}"
        );
    }
}

#[test]
fn texts_that_the_generator_threw_away_excuse_a_gap() {
    let (mut seat, own) = (seat(0), own());
    let mut listener = RoomListener::new(&mut seat, 3, Some(&own));
    assert!(listener.own_message(&message(20, "other", "x")).is_none());
    let (_, result) = listener.own_message(&message(21, "mine", "hello")).unwrap();
    assert!(result.is_ok());
}

#[test]
fn a_refusal_is_no_wrong_answer_and_an_unknown_frame_is_one() {
    for (text, outcome) in [
        (
            r#"{"type":"error","code":"overloaded","detail":"no connection became free in time"}"#,
            Outcome::HttpError,
        ),
        (r#"{"type":"shout"}"#, Outcome::BodyMismatch),
    ] {
        let (settled, _) = receive(&[text.to_owned()]);
        let [(0, Err((found, _)))] = &settled[..] else {
            panic!("{text}: {settled:?}");
        };
        assert_eq!(*found, outcome, "{text}");
    }
}

#[test]
fn a_pong_with_another_nonce_is_noticed() {
    let mut seat = seat(0);
    let mut listener = RoomListener::new(&mut seat, 0, None);
    let pong = |nonce| serde_json::to_string(&ServerFrame::Pong { nonce }).unwrap();
    assert!(matches!(listener.pong(&pong(7), 7), Some((0, Ok(())))));
    assert!(matches!(listener.pong(&pong(8), 7), Some((0, Err(_)))));
}
