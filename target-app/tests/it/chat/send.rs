//! Joining, saying something, and who hears it.

use chrono::Utc;
use shared::{
    api::chat::{ClientFrame, ServerFrame},
    ids::UserId,
};

use super::room::room;
use crate::support::{ChatSocket, TestApp};

#[tokio::test]
async fn a_message_is_acknowledged_with_its_number_and_heard_by_every_member_who_joined() {
    let app = TestApp::start().await;
    let (ann, mentor) = (app.student(5), app.mentor(5));
    let mut speaker = ChatSocket::open(app.address, &ann.token).await;
    let mut listener = ChatSocket::open(app.address, &mentor.token).await;
    let mut elsewhere = ChatSocket::open(app.address, &app.student(65).token).await;
    let last = speaker.join(room(5), None).await;
    assert_eq!(listener.join(room(5), None).await, last);

    let (seq, heard) = speaker.send_and_hear(room(5), "c-1", "Grüße 🦀").await;
    assert_eq!(seq, last + 1);
    let message = listener.hear_message().await;
    assert_eq!((message.room, message.seq), (room(5), seq));
    assert_eq!(
        (message.sender, message.client_id.as_str()),
        (ann.id, "c-1")
    );
    assert_eq!(message.text, "Grüße 🦀");
    assert!((Utc::now() - message.sent_at).num_seconds().abs() < 60);
    // The sender's own sockets hear it too, before or after the acknowledgement.
    let own = match heard.into_iter().next() {
        Some(own) => own,
        None => speaker.hear_message().await,
    };
    assert_eq!(own, message);
    elsewhere.hears_nothing().await;
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn the_token_may_come_in_the_query_where_no_header_can_be_set() {
    let app = TestApp::start().await;
    let token = app.student(5).token;
    let query = format!("?access_token={token}");
    let mut socket = ChatSocket::try_open(app.address, &query, None)
        .await
        .ok()
        .unwrap();
    socket.join(room(5), None).await;
    app.finish().await;
}

#[tokio::test]
async fn whoever_has_left_hears_nothing_more() {
    let app = TestApp::start().await;
    let mut speaker = ChatSocket::open(app.address, &app.student(5).token).await;
    let mut listener = ChatSocket::open(app.address, &app.mentor(5).token).await;
    speaker.join(room(5), None).await;
    listener.join(room(5), None).await;
    listener.say(&ClientFrame::Leave { room: room(5) }).await;
    assert_eq!(listener.hear().await, ServerFrame::Left { room: room(5) });
    speaker.send_and_hear(room(5), "c-1", "Anybody?").await;
    listener.hears_nothing().await;
    app.finish().await;
}

#[tokio::test]
async fn the_others_are_told_that_one_is_typing_and_one_is_not_told_of_oneself() {
    let app = TestApp::start().await;
    let ann: UserId = app.student(5).id;
    let mut speaker = ChatSocket::open(app.address, &app.student(5).token).await;
    let mut listener = ChatSocket::open(app.address, &app.mentor(5).token).await;
    speaker.join(room(5), None).await;
    listener.join(room(5), None).await;
    speaker.say(&ClientFrame::Typing { room: room(5) }).await;
    assert_eq!(
        listener.hear().await,
        ServerFrame::Typing {
            room: room(5),
            user: ann
        }
    );
    speaker.hears_nothing().await;
    app.finish().await;
}

#[tokio::test]
async fn a_ping_comes_back_with_its_number() {
    let app = TestApp::start().await;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    for nonce in [0, 7, u64::MAX] {
        socket.say(&ClientFrame::Ping { nonce }).await;
        assert_eq!(socket.hear().await, ServerFrame::Pong { nonce });
    }
    app.finish().await;
}

#[tokio::test]
async fn sending_again_under_one_name_has_one_effect_and_one_number() {
    let app = TestApp::start().await;
    let ann = app.student(5);
    let mut socket = ChatSocket::open(app.address, &ann.token).await;
    let mut listener = ChatSocket::open(app.address, &app.mentor(5).token).await;
    socket.join(room(5), None).await;
    listener.join(room(5), None).await;
    let (first, _) = socket.send_and_hear(room(5), "once", "Hello").await;
    let (again, _) = socket.send_and_hear(room(5), "once", "Hello").await;
    assert_eq!(again, first);
    // Also over another connection, as after a lost one.
    let mut other = ChatSocket::open(app.address, &ann.token).await;
    other.join(room(5), None).await;
    let (again, _) = other.send_and_hear(room(5), "once", "Hello").await;
    assert_eq!(again, first);
    // The same client id of another sender is another message.
    let (theirs, heard) = listener
        .send_and_hear(room(5), "once", "Hello yourself")
        .await;
    assert_eq!(theirs, first + 1);
    // Each is heard once, however often it was sent.
    let mut numbers: Vec<i64> = heard.iter().map(|message| message.seq).collect();
    while numbers.len() < 2 {
        numbers.push(listener.hear_message().await.seq);
    }
    assert_eq!(numbers, [first, theirs]);
    assert_eq!(other.hear_message().await.seq, theirs);
    for quiet in [&mut listener, &mut other] {
        quiet.hears_nothing().await;
    }
    let stored = app
        .db
        .count(&format!(
            "select count(*) from chat_message where room_id = '{}' and client_id = 'once'",
            room(5)
        ))
        .await;
    assert_eq!(stored, 2);
    app.lab().audits_clean().await;
    app.finish().await;
}
