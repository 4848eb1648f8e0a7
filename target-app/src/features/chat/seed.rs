//! Seeded chat rooms, their members and messages.

use shared::dataset::{RowKind, id};

use crate::seed::{Rows, SeedData, SeedTable, people};

pub(super) fn tables() -> Vec<SeedTable> {
    vec![
        SeedTable {
            name: "chat_room",
            columns: "id, title, last_seq",
            after: &[],
            items: |plan| plan.rooms.len() as u32,
            write: chat_room,
        },
        SeedTable {
            name: "chat_member",
            columns: "room_id, user_id",
            after: &["chat_room", "app_user"],
            items: |plan| plan.rooms.len() as u32,
            write: chat_member,
        },
        SeedTable {
            name: "chat_message",
            columns: "id, room_id, seq, sender_id, client_id, body, sent_at",
            after: &["chat_member"],
            items: |plan| plan.messages.len() as u32,
            write: chat_message,
        },
    ]
}

fn chat_room(data: &SeedData, n: u32, rows: &mut Rows) {
    rows.uuid(id(RowKind::Room, n))
        .text(&people::room_title(&mut data.rng("text.room", n), n))
        .int(data.plan.rooms[n as usize].last_seq)
        .end();
}

fn chat_member(data: &SeedData, n: u32, rows: &mut Rows) {
    for member in 0..=data.plan.rooms[n as usize].students.len() as u32 {
        rows.uuid(id(RowKind::Room, n))
            .uuid(data.room_member(n, member))
            .end();
    }
}

fn chat_message(data: &SeedData, n: u32, rows: &mut Rows) {
    let message = &data.plan.messages[n as usize];
    rows.uuid(id(RowKind::Message, n))
        .uuid(id(RowKind::Room, message.room))
        .int(message.seq)
        .uuid(data.room_member(message.room, message.sender))
        .text(&format!("seed-{n}"))
        .text(&people::chat(&mut data.rng("text.chat", n)))
        .time(message.sent)
        .end();
}
