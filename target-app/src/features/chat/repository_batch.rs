//! SQL of messages of many rooms at once: one row lock a room, one insert for all.

use std::collections::BTreeSet;

use shared::{
    api::chat::ChatMessage,
    ids::{MessageId, RoomId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{model::Draft, repository::MessageRow};
use crate::{db::DbError, timing};

/// Locks rooms against other processes, always in the same order, so that two that want the
/// same ones do not wait for each other.
///
/// A statement of its own: the next one then sees every message that was stored before.
pub(super) async fn lock_rooms(
    conn: &mut PgConnection,
    rooms: &BTreeSet<RoomId>,
) -> Result<(), DbError> {
    let ids: Vec<Uuid> = rooms.iter().map(|room| room.0).collect();
    let query = sqlx::query(
        "select
         from chat_room
         where id = any($1)
         order by id
         for no key update",
    )
    .bind(ids);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Locks the rooms in the order of their ids, and gives the messages whose name is new their numbers.
pub(super) const APPEND_ALL: &str = "with draft as (
         select *
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
              with ordinality as d (id, room_id, sender_id, client_id, body, place)
     ), fresh as (
         select draft.*, row_number() over (partition by room_id order by place) as step
         from draft
         where not exists (
             select from chat_message m
             where m.room_id = draft.room_id
               and m.sender_id = draft.sender_id
               and m.client_id = draft.client_id
         )
     ), added as (
         select room_id, count(*) as messages
         from fresh
         group by room_id
     ), locked as (
         select id
         from chat_room
         where id in (select room_id from added)
         order by id
         for no key update
     ), numbered as (
         update chat_room r
         set last_seq = r.last_seq + added.messages
         from locked
         join added on added.room_id = locked.id
         where r.id = locked.id
         returning r.id, r.last_seq - added.messages as base
     )
     insert into chat_message (id, room_id, seq, sender_id, client_id, body)
     select fresh.id, fresh.room_id, numbered.base + fresh.step, fresh.sender_id,
            fresh.client_id, fresh.body
     from fresh
     join numbered on numbered.id = fresh.room_id
     returning id, room_id, seq, sender_id, client_id, body, sent_at";

/// Stores messages under the next numbers of their rooms, in the order given; those whose name
/// is taken, and those of rooms that do not exist, are left out. No name may come twice.
///
/// One statement, so it is all or nothing. A name that another process takes while this one waits for the
/// room is seen by its constraint alone, which refuses the whole: unless the rooms were locked before.
pub(super) async fn append_all(
    conn: &mut PgConnection,
    drafts: &[(MessageId, Draft)],
) -> Result<Vec<ChatMessage>, DbError> {
    let ids: Vec<Uuid> = drafts.iter().map(|(id, _)| id.0).collect();
    let texts: Vec<&str> = drafts
        .iter()
        .map(|(_, draft)| draft.text.as_str())
        .collect();
    let Names {
        rooms,
        senders,
        client_ids,
    } = Names::of(drafts);
    let query = sqlx::query_as::<_, MessageRow>(APPEND_ALL)
        .bind(ids)
        .bind(rooms)
        .bind(senders)
        .bind(client_ids)
        .bind(texts);
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(ChatMessage::from).collect())
}

/// The messages that senders gave these names.
pub(super) async fn find_all_named(
    conn: &mut PgConnection,
    drafts: &[(MessageId, Draft)],
) -> Result<Vec<ChatMessage>, DbError> {
    let Names {
        rooms,
        senders,
        client_ids,
    } = Names::of(drafts);
    let query = sqlx::query_as::<_, MessageRow>(
        "select m.id, m.room_id, m.seq, m.sender_id, m.client_id, m.body, m.sent_at
         from unnest($1::uuid[], $2::uuid[], $3::text[]) as d (room_id, sender_id, client_id)
         join chat_message m on m.room_id = d.room_id
                            and m.sender_id = d.sender_id
                            and m.client_id = d.client_id",
    )
    .bind(rooms)
    .bind(senders)
    .bind(client_ids);
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(ChatMessage::from).collect())
}

/// What identifies messages, as columns.
struct Names<'a> {
    rooms: Vec<Uuid>,
    senders: Vec<Uuid>,
    client_ids: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(drafts: &'a [(MessageId, Draft)]) -> Self {
        let mut names = Self {
            rooms: Vec::with_capacity(drafts.len()),
            senders: Vec::with_capacity(drafts.len()),
            client_ids: Vec::with_capacity(drafts.len()),
        };
        for (_, draft) in drafts {
            names.rooms.push(draft.room.0);
            names.senders.push(draft.sender.0);
            names.client_ids.push(&draft.client_id);
        }
        names
    }
}
