//! SQL of chat rooms, members and messages, one by one. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    api::chat::{ChatMessage, RoomView},
    ids::{MessageId, RoomId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Draft;
use crate::{db::DbError, timing};

/// The constraint that one name of one sender stands for one message.
pub(super) const ONE_NAME_ONE_MESSAGE: &str = "chat_message_room_id_sender_id_client_id_key";

#[derive(sqlx::FromRow)]
struct RoomRow {
    id: Uuid,
    title: String,
    last_seq: i64,
    members: i64,
}

impl From<RoomRow> for RoomView {
    fn from(row: RoomRow) -> Self {
        Self {
            id: RoomId(row.id),
            title: row.title,
            last_seq: row.last_seq,
            members: row.members,
        }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct MessageRow {
    id: Uuid,
    room_id: Uuid,
    seq: i64,
    sender_id: Uuid,
    client_id: String,
    body: String,
    sent_at: DateTime<Utc>,
}

impl From<MessageRow> for ChatMessage {
    fn from(row: MessageRow) -> Self {
        Self {
            id: MessageId(row.id),
            room: RoomId(row.room_id),
            seq: row.seq,
            sender: UserId(row.sender_id),
            client_id: row.client_id,
            text: row.body,
            sent_at: row.sent_at,
        }
    }
}

/// A person's rooms, by id, at most `limit`.
pub(super) async fn rooms_of(
    conn: &mut PgConnection,
    user: UserId,
    limit: i64,
) -> Result<Vec<RoomView>, DbError> {
    let query = sqlx::query_as::<_, RoomRow>(
        "select r.id, r.title, r.last_seq,
                (select count(*) from chat_member o where o.room_id = r.id) as members
         from chat_member m
         join chat_room r on r.id = m.room_id
         where m.user_id = $1
         order by r.id
         limit $2",
    )
    .bind(user.0)
    .bind(limit);
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(RoomView::from).collect())
}

/// A room's last number: `room`, `member`.
pub(super) const LAST_SEQ_FOR: &str = "select r.last_seq
     from chat_room r
     join chat_member m on m.room_id = r.id
     where r.id = $1
       and m.user_id = $2";

/// The number of a room's last message, if the person is a member.
pub(super) async fn last_seq_for(
    conn: &mut PgConnection,
    room: RoomId,
    member: UserId,
) -> Result<Option<i64>, DbError> {
    let query = sqlx::query_scalar(LAST_SEQ_FOR).bind(room.0).bind(member.0);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// The number of a room's last message.
pub(super) async fn last_seq(
    conn: &mut PgConnection,
    room: RoomId,
) -> Result<Option<i64>, DbError> {
    let query = sqlx::query_scalar("select last_seq from chat_room where id = $1").bind(room.0);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// Messages: `room`, `after`, `up_to`, `limit`.
pub(super) const MESSAGES: &str = "select id, room_id, seq, sender_id, client_id, body, sent_at
     from chat_message
     where room_id = $1
       and seq > $2
       and seq <= $3
     order by seq
     limit $4";

/// Messages of a room after one and up to another, the oldest first.
pub(super) async fn messages_between(
    conn: &mut PgConnection,
    room: RoomId,
    after: i64,
    up_to: i64,
    limit: u32,
) -> Result<Vec<ChatMessage>, DbError> {
    let query = sqlx::query_as::<_, MessageRow>(MESSAGES)
        .bind(room.0)
        .bind(after)
        .bind(up_to)
        .bind(i64::from(limit));
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(ChatMessage::from).collect())
}

/// A new message: `id`, `room`, `sender`, `client_id`, `text`.
pub(super) const APPEND: &str = "with numbered as (
         update chat_room
         set last_seq = last_seq + 1
         where id = $2
           and not exists (
               select from chat_message
               where room_id = $2
                 and sender_id = $3
                 and client_id = $4
           )
         returning last_seq
     )
     insert into chat_message (id, room_id, seq, sender_id, client_id, body)
     select $1, $2, numbered.last_seq, $3, $4, $5
     from numbered
     returning id, room_id, seq, sender_id, client_id, body, sent_at";

/// Stores a message under the room's next number; `None` when its name is taken.
///
/// One statement, so it is all or nothing: the room's row lock puts messages in order, and a
/// name that is taken in the same instant by another process makes it fail as a whole, number
/// included, so that numbers stay without gaps.
pub(super) async fn append(
    conn: &mut PgConnection,
    id: MessageId,
    draft: &Draft,
) -> Result<Option<ChatMessage>, DbError> {
    let query = sqlx::query_as::<_, MessageRow>(APPEND)
        .bind(id.0)
        .bind(draft.room.0)
        .bind(draft.sender.0)
        .bind(&draft.client_id)
        .bind(&draft.text);
    match timing::db(query.fetch_optional(conn)).await {
        Ok(row) => Ok(row.map(ChatMessage::from)),
        Err(error) => match DbError::from(error) {
            error if error.is_constraint(ONE_NAME_ONE_MESSAGE) => Ok(None),
            error => Err(error),
        },
    }
}

/// The message that a sender gave a name.
pub(super) async fn find_named(
    conn: &mut PgConnection,
    draft: &Draft,
) -> Result<Option<ChatMessage>, DbError> {
    let query = sqlx::query_as::<_, MessageRow>(
        "select id, room_id, seq, sender_id, client_id, body, sent_at
         from chat_message
         where room_id = $1
           and sender_id = $2
           and client_id = $3",
    )
    .bind(draft.room.0)
    .bind(draft.sender.0)
    .bind(&draft.client_id);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(ChatMessage::from))
}
