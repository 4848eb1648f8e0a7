//! A room, a member of it and the frames of one message, for tests.

use shared::{
    api::chat::{ChatMessage, ServerFrame},
    dataset::{self, RowKind},
    ids::{MessageId, RoomId, UserId},
};

use super::room_listener::Own;
use crate::flows::ChatMemory;

pub(super) fn room() -> RoomId {
    RoomId(dataset::id(RowKind::Room, 1))
}

/// A member who has seen ten messages.
pub(super) fn seat(overflow: u64) -> ChatMemory {
    ChatMemory {
        account: 0,
        room: room(),
        last_seq: 10,
        overflow,
        gap_excused: false,
        resume_after: None,
    }
}

pub(super) fn own() -> Own {
    Own {
        client_id: "mine".into(),
        text: "hello".into(),
    }
}

pub(super) fn message(seq: i64, client_id: &str, text: &str) -> String {
    serde_json::to_string(&ServerFrame::Message(ChatMessage {
        id: MessageId(dataset::id(RowKind::Message, seq as u32)),
        room: room(),
        seq,
        sender: UserId(dataset::id(RowKind::Student, 1)),
        client_id: client_id.into(),
        text: text.into(),
        sent_at: loadgen_engine::clock::time_of_day().into(),
    }))
    .unwrap()
}

pub(super) fn ack(seq: i64) -> String {
    serde_json::to_string(&ServerFrame::Ack {
        room: room(),
        client_id: "mine".into(),
        seq,
        id: MessageId(dataset::id(RowKind::Message, seq as u32)),
    })
    .unwrap()
}
