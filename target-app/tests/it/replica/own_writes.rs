//! `replica_own_writes`: whoever has just written reads it, however far the replica is behind, and
//! nobody else waits for it.

use std::time::Duration;

use shared::{
    api::{bookings::BookingView, chat::History},
    dataset::{RowKind, id},
    ids::RoomId,
    page::Page,
};

use super::step::{change, headline, standing, until, until_shown};
use crate::support::{ChatSocket, NewSlot, Person, ReplicaEnd, TestApp};

async fn start() -> TestApp {
    let setup = TestApp::with(&["db.reads=replica_own_writes"]).with_every_cache("off");
    setup.with_replica().start().await
}

async fn bookings(student: &Person) -> Vec<BookingView> {
    let page: Page<BookingView> = student.bookings("per_page=100").await.ok();
    page.items
}

#[tokio::test]
async fn a_person_sees_their_own_change_at_once_and_others_when_it_is_replayed() {
    let app = start().await;
    let (author, anyone) = (app.mentor(0), app.anonymous());
    let mut replica = ReplicaEnd::connect().await;
    let before = headline(&anyone).await;
    replica.pause().await;
    change(&app, "Changed").await;
    for _ in 0..3 {
        assert_eq!(headline(&author).await, "Changed");
        assert_eq!(headline(&anyone).await, before);
        assert_eq!(headline(&app.mentor(1)).await, before);
    }
    let seen = standing(&app).await;
    assert!(seen.own_writes >= 3 && seen.fallbacks == 0, "{seen:?}");

    replica.resume().await;
    until_shown(&anyone, "Changed").await;
    // The author is sent to the replica again.
    let reads = standing(&app).await.reads;
    let mut sent_there = false;
    for _ in 0..6_000 {
        headline(&author).await;
        sent_there = standing(&app).await.reads > reads;
        if sent_there {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(sent_there, "{:?}", standing(&app).await);
    app.finish().await;
}

#[tokio::test]
async fn a_booking_and_a_cancellation_show_in_the_next_list_of_the_student_alone() {
    let app = start().await;
    let (student, other) = (app.student(1), app.student(2));
    let mut replica = ReplicaEnd::connect().await;
    replica.pause().await;
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    let listed = bookings(&student).await;
    assert!(listed.iter().any(|one| one.id == booking.id));
    let answer = student.cancel(booking.id).await;
    let cancelled: BookingView = answer.ok();
    let listed = bookings(&student).await;
    let shown = listed.iter().find(|one| one.id == booking.id).unwrap();
    assert_eq!(shown.status, cancelled.status);
    // Somebody else who wrote nothing goes on reading from the replica.
    let reads = standing(&app).await.reads;
    bookings(&other).await;
    assert!(standing(&app).await.reads > reads);
    replica.resume().await;
    app.finish().await;
}

#[tokio::test]
async fn what_was_sent_over_a_socket_is_the_sender_s_own_write_too() {
    let app = start().await;
    let student = app.student(1);
    let room = RoomId(id(RowKind::Room, 1));
    let mut replica = ReplicaEnd::connect().await;
    let before: History = student.history(room, "").await.ok();
    let mut socket = ChatSocket::open(app.address, &student.token).await;
    socket.join(room, Some(before.last_seq)).await;
    replica.pause().await;
    let name = uuid::Uuid::now_v7().to_string();
    socket.send_and_hear(room, &name, "hello").await;
    let after: History = student.history(room, "").await.ok();
    assert_eq!(after.last_seq, before.last_seq + 1);
    socket.drop_connection();
    replica.resume().await;
    app.finish().await;
}

#[tokio::test]
async fn a_write_made_under_another_source_counts_when_own_writes_are_switched_on() {
    let setup = TestApp::with(&["db.reads=primary"]).with_every_cache("off");
    let app = setup.with_replica().start().await;
    until(&app, |seen| seen.usable).await;
    change(&app, "Written before").await;
    let changes = serde_json::json!({"db.reads": "replica_own_writes"});
    assert_eq!(app.lab().put_profile(changes).await.status, 200);
    assert_eq!(headline(&app.mentor(0)).await, "Written before");
    app.finish().await;
}

#[tokio::test]
async fn a_read_under_row_level_security_is_no_write_of_its_reader() {
    let setup = TestApp::with(&["db.reads=replica_own_writes", "db.rls=on"]);
    let app = setup.with_every_cache("off").with_replica().start().await;
    until(&app, |seen| seen.usable).await;
    let student = app.student(1);
    let mut replica = ReplicaEnd::connect().await;
    replica.pause().await;
    // A transaction on the primary, because of the policies.
    bookings(&student).await;
    let before = standing(&app).await;
    headline(&student).await;
    let after = standing(&app).await;
    assert_eq!(after.own_writes, before.own_writes, "{after:?}");
    assert!(after.reads > before.reads, "{after:?}");
    replica.resume().await;
    app.finish().await;
}
