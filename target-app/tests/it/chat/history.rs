//! Rooms and their messages over HTTP.

use shared::{
    api::chat::{History, RoomList},
    ids::RoomId,
    problem::Code,
};

use super::room::room;
use crate::support::{ChatSocket, TestApp};

#[tokio::test]
async fn a_person_sees_the_rooms_they_are_in() {
    let app = TestApp::start().await;
    for person in [app.student(5), app.mentor(5)] {
        let list: RoomList = person.rooms().await.ok();
        let own = app
            .db
            .count(&format!(
                "select count(*) from chat_member where user_id = '{}'",
                person.id
            ))
            .await;
        assert_eq!(list.rooms.len() as i64, own);
        assert!(list.rooms.is_sorted_by_key(|room| room.id));
        let seeded = list.rooms.iter().find(|one| one.id == room(5)).unwrap();
        assert!((4..=12).contains(&seeded.members));
        assert!(!seeded.title.is_empty());
    }
    app.finish().await;
}

#[tokio::test]
async fn history_is_walked_without_gap_from_any_message() {
    let app = TestApp::start().await;
    let student = app.student(0);
    let newest: History = student.history(room(0), "").await.ok();
    assert_eq!(newest.messages.len(), 50);
    assert_eq!(newest.messages.last().unwrap().seq, newest.last_seq);
    let mut seen = 0;
    while seen < newest.last_seq {
        let query = format!("after_seq={seen}&limit=37");
        let page: History = student.history(room(0), &query).await.ok();
        assert!((1..=37).contains(&page.messages.len()));
        for message in page.messages {
            assert_eq!(message.seq, seen + 1);
            assert_eq!(message.room, room(0));
            seen = message.seq;
        }
    }
    let query = format!("after_seq={seen}");
    let end: History = student.history(room(0), &query).await.ok();
    assert!(end.messages.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn what_was_said_on_the_socket_stands_in_the_history() {
    let app = TestApp::start().await;
    let student = app.student(5);
    let mut socket = ChatSocket::open(app.address, &student.token).await;
    socket.join(room(5), None).await;
    let (seq, _) = socket.send_and_hear(room(5), "c-1", "For the record").await;
    let page: History = student.history(room(5), "limit=1").await.ok();
    assert_eq!(page.last_seq, seq);
    assert_eq!(page.messages[0].text, "For the record");
    assert_eq!(page.messages[0].sender, student.id);
    app.finish().await;
}

#[tokio::test]
async fn strangers_and_bad_bounds_are_refused() {
    let app = TestApp::start().await;
    let nowhere = RoomId(uuid::Uuid::now_v7());
    app.mentor(5)
        .history(room(6), "")
        .await
        .refused(Code::NotFound);
    app.mentor(5)
        .history(nowhere, "")
        .await
        .refused(Code::NotFound);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("after_seq=-1", "after_seq"),
        ("before=5", "before"),
    ] {
        let problem = app
            .student(5)
            .history(room(5), query)
            .await
            .refused(Code::InvalidRequest);
        assert!(problem.detail.contains(field), "{}", problem.detail);
    }
    app.finish().await;
}
