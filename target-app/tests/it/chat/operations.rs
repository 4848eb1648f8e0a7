//! Chat in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use shared::{
    dataset::{self, RowKind},
    ids::RoomId,
};
use uuid::Uuid;

use crate::{
    access::{
        operations::{FeatureOperations, SentOperations},
        stage::{ROOM, RequestParts, Stage},
    },
    support::{ChatSocket, TestApp},
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    request,
    send_all,
    kept_tables: &["chat_member", "chat_message", "chat_room"],
    ..FeatureOperations::NONE
};

fn request<'a>(_: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "chat.history" => RequestParts::of(dataset::id(RowKind::Room, ROOM)),
            _ => RequestParts::default(),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let student = app.student(1);
        let room = RoomId(dataset::id(RowKind::Room, 1));
        sent.done("chat.rooms", student.rooms().await);
        sent.done("chat.history", student.history(room, "").await);
        let mut socket = ChatSocket::open(app.address, &student.token).await;
        socket.join(room, Some(0)).await;
        let name = Uuid::now_v7().to_string();
        let (first, _) = socket.send_and_hear(room, &name, "hello").await;
        let (again, _) = socket.send_and_hear(room, &name, "hello").await;
        assert_eq!(first, again);
        socket.drop_connection();
        sent.opened("chat.socket");
    })
}
