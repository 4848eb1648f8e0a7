//! What several of these tests do.

use serde_json::json;
use shared::{
    api::sessions::{JoinGrant, RelayFrame, SessionView},
    dataset::{CLASS_MENTORS, RowKind, id},
    ids::{BookingId, SessionId},
    paths::{self, with_id},
};

use crate::support::{Answer, Person, SignalEnd, TestApp};

/// The seeded class of student `n`.
pub(crate) fn class(n: u32) -> BookingId {
    BookingId(id(RowKind::ClassBooking, n))
}

/// The student and the mentor of that class.
pub(crate) fn participants(app: &TestApp, n: u32) -> (Person, Person) {
    (app.student(n), app.mentor(n % CLASS_MENTORS))
}

pub(crate) async fn initiate(person: &Person, booking: BookingId) -> Answer {
    person
        .post(paths::SESSIONS, &json!({ "booking_id": booking }))
        .await
}

pub(crate) async fn session(person: &Person, id: SessionId) -> Answer {
    person.get(&with_id(paths::SESSION, id)).await
}

pub(crate) async fn join(person: &Person, id: SessionId) -> Answer {
    person.post_empty(&with_id(paths::SESSION_JOIN, id)).await
}

pub(crate) async fn end(person: &Person, id: SessionId) -> Answer {
    person.post_empty(&with_id(paths::SESSION_END, id)).await
}

/// Joins, and opens the socket that the token is for; its first frame is read.
pub(crate) async fn enter(app: &TestApp, person: &Person, id: SessionId) -> (SignalEnd, bool) {
    let grant: JoinGrant = join(person, id).await.ok();
    let mut socket = SignalEnd::try_open(app.address, &grant.url).await.unwrap();
    match socket.hear().await {
        RelayFrame::Joined {
            session,
            peer_present,
        } if session == id => (socket, peer_present),
        other => panic!("the session was not joined: {other:?}"),
    }
}

/// A live session of the class of student `n` with both sockets open: that of the student, and that of
/// the mentor.
pub(crate) async fn met(app: &TestApp, n: u32) -> (SessionView, SignalEnd, SignalEnd) {
    let (student, mentor) = participants(app, n);
    let live: SessionView = initiate(&student, class(n)).await.created();
    let (mut first, alone) = enter(app, &student, live.id).await;
    assert!(!alone);
    let (second, present) = enter(app, &mentor, live.id).await;
    assert!(present);
    let joined = RelayFrame::PeerJoined { peer: mentor.id };
    assert_eq!(first.hear().await, joined);
    (live, first, second)
}
