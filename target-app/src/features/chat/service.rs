//! The rules of chat: who may read a room, and how a message is stored and published.

use std::sync::Arc;

use shared::{
    api::chat::{ChatMessage, History, HistoryQuery, MAX_HISTORY, RoomList, ServerFrame},
    ids::{MessageId, RoomId, UserId},
    profile::Persistence,
};
use uuid::Uuid;

use super::{
    frames,
    model::{Draft, HistorySpan, StoredMessage},
    outbox::Outbox,
    repository,
    room_errors::{TURN_LIMIT, no_such_room, too_busy},
    service_batch,
};
use crate::{
    db::DbError,
    engine::Engine,
    error::ApiError,
    realtime::{Hub, RelayedKind},
    timing,
};

/// Most rooms that a list holds.
const MAX_ROOMS: i64 = 100;
/// A person's rooms.
pub(super) async fn rooms(engine: &Engine, user: UserId) -> Result<RoomList, ApiError> {
    let mut session = engine.db.reader();
    let mut conn = session.conn().await?;
    let rooms = repository::rooms_of(&mut conn, user, MAX_ROOMS).await?;
    Ok(RoomList { rooms })
}

/// A page of a room's messages, for members; to others the room does not exist.
pub(super) async fn history(
    engine: &Engine,
    user: UserId,
    room: RoomId,
    query: &HistoryQuery,
) -> Result<History, ApiError> {
    let span = HistorySpan::read(query).map_err(frames::invalid)?;
    let mut session = engine.db.reader();
    let mut last_seq = repository::last_seq_for(&mut *session.conn().await?, room, user).await?;
    // A replica may not know yet that there is such a room, or such a member.
    if last_seq.is_none() && session.insist_on_primary() {
        last_seq = repository::last_seq_for(&mut *session.conn().await?, room, user).await?;
    }
    let last_seq = last_seq.ok_or_else(no_such_room)?;
    // Numbers have no gaps, so the newest ones are known by theirs.
    let after = span.after.unwrap_or(last_seq - i64::from(span.limit));
    let messages = {
        let mut conn = session.conn().await?;
        repository::messages_between(&mut conn, room, after, last_seq, span.limit).await?
    };
    Ok(History { messages, last_seq })
}

/// The number of a room's last message, for one who enters it. A membership that was seen
/// before (`known`) is not looked up again.
pub(super) async fn enter(
    engine: &Engine,
    user: UserId,
    room: RoomId,
    known: bool,
) -> Result<i64, ApiError> {
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    let found = if known {
        repository::last_seq(&mut conn, room).await?
    } else {
        repository::last_seq_for(&mut conn, room, user).await?
    };
    found.ok_or_else(no_such_room)
}

/// The next batch of messages that a member missed.
pub(super) async fn messages_after(
    engine: &Engine,
    room: RoomId,
    after: i64,
    up_to: i64,
) -> Result<Vec<ChatMessage>, ApiError> {
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    Ok(repository::messages_between(&mut conn, room, after, up_to, MAX_HISTORY).await?)
}

/// Stores a message and publishes it to the room, in the order of the numbers; a message that was
/// stored before is only returned. Runs to its end also when the sender disconnects: stored but not
/// published, it would be missing for those who are connected.
pub(super) async fn send(
    hub: &Hub,
    outbox: &Outbox,
    engine: Arc<Engine>,
    draft: Draft,
) -> Result<StoredMessage, ApiError> {
    let (hub, outbox) = (hub.clone(), outbox.clone());
    timing::shielded(async move {
        let stored = match engine.policies.chat.persistence {
            Persistence::PerMessage => send_alone(&hub, &engine, &draft).await,
            Persistence::Batched => service_batch::send(&hub, &outbox, &engine, draft).await,
        };
        // A batch is committed by one of its senders, for all of them.
        engine.db.note_write();
        stored
    })
    .await
}

/// The same with a statement and a commit of its own.
async fn send_alone(hub: &Hub, engine: &Engine, draft: &Draft) -> Result<StoredMessage, ApiError> {
    let turn = tokio::time::timeout(TURN_LIMIT, hub.turn(draft.room))
        .await
        .map_err(|_| too_busy())?;
    let stored = store(engine, draft).await?.ok_or_else(no_such_room)?;
    if let StoredMessage::New(message) = &stored {
        let frame = frames::write(&ServerFrame::Message(message.clone()));
        turn.publish(message.seq, &frame);
        let kind = RelayedKind::Message(draft.room, message.seq);
        hub.pass_on(engine.policies.chat.fanout, kind, &frame);
    }
    Ok(stored)
}

async fn store(engine: &Engine, draft: &Draft) -> Result<Option<StoredMessage>, DbError> {
    let mut session = engine.db.session();
    let id = MessageId(Uuid::now_v7());
    let stored = {
        let mut conn = session.write().await?;
        let stored = repository::append(&mut conn, id, draft).await?;
        conn.commit().await?;
        stored
    };
    if let Some(message) = stored {
        return Ok(Some(StoredMessage::New(message)));
    }
    let mut conn = session.conn().await?;
    let before = repository::find_named(&mut conn, draft).await?;
    Ok(before.map(StoredMessage::Before))
}
