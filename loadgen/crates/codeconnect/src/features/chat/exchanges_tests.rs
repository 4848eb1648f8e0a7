//! What is sent first over another socket, and that nothing is missed or taken twice over its change.

use shared::{
    dataset::{self, RowKind},
    ids::UserId,
};

use super::*;
use crate::features::chat::fixture::{self, ack, own, room};

fn account() -> TestAccount {
    TestAccount {
        student: 1,
        id: UserId(dataset::id(RowKind::Student, 1)),
        token: "secret".into(),
        rooms: vec![room()],
    }
}

fn seat() -> ChatMemory {
    fixture::seat(4)
}

fn message(seq: i64, client_id: &str) -> String {
    fixture::message(seq, client_id, "hello")
}

fn sent(texts: &[String]) -> Vec<ClientFrame> {
    let read = |text: &String| serde_json::from_str(text).unwrap();
    texts.iter().map(read).collect()
}

fn join_after(seq: i64) -> ClientFrame {
    ClientFrame::Join {
        room: room(),
        after_seq: Some(seq),
    }
}

#[test]
fn a_message_without_an_acknowledgement_is_sent_again_under_its_name_behind_what_was_seen() {
    let (account, mut seat, own) = (account(), seat(), own());
    let mut exchange = SendExchange::new(&account, &mut seat, 4, &own);
    let first = exchange.frame();
    assert_eq!(exchange.on_text(&message(11, "other")), None);
    let texts = exchange.resume();
    assert_eq!(sent(&texts)[0], join_after(11));
    assert_eq!(texts[1..], [first]);
    // It had been stored: it comes with what was missed, and its name is acknowledged again.
    assert_eq!(exchange.on_text(&message(12, "other")), None);
    assert_eq!(exchange.on_text(&message(13, "mine")), Some((1, Ok(()))));
    assert_eq!(exchange.on_text(&ack(13)), Some((0, Ok(()))));
    assert!(exchange.is_right());
    assert_eq!((exchange.acked(), seat.last_seq), (Some(13), 13));
}

#[test]
fn an_acknowledged_message_is_not_sent_again() {
    let (account, mut seat, own) = (account(), seat(), own());
    let mut exchange = SendExchange::new(&account, &mut seat, 4, &own);
    assert_eq!(exchange.on_text(&ack(11)), Some((0, Ok(()))));
    assert_eq!(sent(&exchange.resume()), [join_after(10)]);
    assert_eq!(exchange.on_text(&message(11, "mine")), Some((1, Ok(()))));
    assert!(exchange.is_right());
}

#[test]
fn what_is_missing_or_comes_twice_after_the_change_is_noticed() {
    for wrong in [
        vec![message(13, "mine"), ack(13)],
        vec![message(11, "other"), message(12, "mine"), ack(12)],
        vec![message(12, "mine"), message(12, "mine"), ack(12)],
        vec![message(12, "mine"), ack(13)],
    ] {
        let (account, mut seat, own) = (account(), seat(), own());
        let mut exchange = SendExchange::new(&account, &mut seat, 4, &own);
        exchange.on_text(&message(11, "other"));
        exchange.resume();
        for text in &wrong {
            exchange.on_text(text);
        }
        assert!(!exchange.is_right(), "{wrong:?}");
    }
}

#[test]
fn a_number_that_the_generator_threw_away_before_the_change_is_fetched_after_it() {
    let (account, mut seat, own) = (account(), seat(), own());
    // Texts were thrown away since the last one that was read.
    let mut exchange = SendExchange::new(&account, &mut seat, 7, &own);
    assert_eq!(sent(&exchange.resume())[0], join_after(10));
    exchange.on_text(&message(12, "other"));
    exchange.on_text(&ack(13));
    assert!(
        !exchange.is_right(),
        "the new socket brings everything after 10"
    );
}

#[test]
fn a_ping_and_a_join_are_repeated_as_they_were() {
    let (account, mut seat) = (account(), seat());
    let mut exchange = PingExchange::new(&account, &mut seat, 4, 7);
    let texts = exchange.resume();
    let ping = ClientFrame::Ping { nonce: 7 };
    assert_eq!(sent(&texts), [join_after(10), ping]);

    for after_seq in [None, Some(3)] {
        let mut exchange = JoinExchange {
            account: &account,
            room: room(),
            after_seq,
            joined: None,
        };
        assert_eq!(exchange.resume(), [exchange.frame()]);
        let joined = ServerFrame::Joined {
            room: room(),
            last_seq: 9,
        };
        let joined = serde_json::to_string(&joined).unwrap();
        assert_eq!(exchange.on_text(&joined), Some((0, Ok(()))));
        assert_eq!(exchange.joined, Some(after_seq.unwrap_or(9)));
    }
}
