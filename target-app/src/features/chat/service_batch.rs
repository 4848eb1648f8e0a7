//! Group commit: messages of all rooms that came within a few milliseconds share a transaction.
//!
//! A sender sees the same as with a commit for each message: the acknowledgement comes
//! after the commit, numbers have no gaps, and a name that is sent twice has one effect.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use shared::{
    api::chat::{ChatMessage, ServerFrame},
    ids::{MessageId, RoomId, UserId},
    problem::Code,
};
use uuid::Uuid;

use super::{
    frames,
    model::{Draft, StoredMessage},
    outbox::{BatchItem, BatchLeader, BatchReply, Outbox},
    repository::ONE_NAME_ONE_MESSAGE,
    repository_batch as repository,
    room_errors::{TURN_LIMIT, no_such_room, too_busy},
};
use crate::{
    db::{DbError, DbSession, Retry, transaction},
    engine::Engine,
    error::ApiError,
    realtime::{Hub, RelayedKind, Turn},
};

/// How long the first message waits for others. Those that come while a batch is being stored
/// wait for it instead, and then no longer.
const GATHER: Duration = Duration::from_millis(2);
/// Most messages of one transaction.
const MAX_BATCH: usize = 500;
/// How often a transaction that lost a race against another process is run again.
const RETRIES: u32 = 3;

/// What identifies one sender's message.
type Name = (RoomId, UserId, String);

/// Queues a message and waits for its outcome; stores what is queued whenever this sender becomes
/// the leader. Must not be cut short: others wait for the leader.
pub(super) async fn send(
    hub: &Hub,
    outbox: &Outbox,
    engine: &Engine,
    draft: Draft,
) -> Result<StoredMessage, ApiError> {
    let (mut replies, lead) = outbox.put(draft).ok_or_else(|| {
        ApiError::new(
            Code::Overloaded,
            "too many messages wait to be stored, try again",
        )
    })?;
    if let Some(lead) = lead {
        tokio::time::sleep(GATHER).await;
        flush(hub, engine, &lead).await;
    }
    loop {
        match replies.recv().await {
            Some(BatchReply::Lead(lead)) => flush(hub, engine, &lead).await,
            Some(BatchReply::Done(outcome)) => return outcome,
            None => {
                let lost = anyhow::anyhow!("the batch of this message ended without an answer");
                return Err(ApiError::internal(lost));
            }
        }
    }
}

/// Stores what is queued, publishes it to the rooms, then replies to the senders.
async fn flush(hub: &Hub, engine: &Engine, lead: &BatchLeader) {
    let items = lead.take(MAX_BATCH);
    if items.is_empty() {
        return;
    }
    let stored = match turns(hub, &items).await {
        Ok(turns) => match store(engine, &items).await {
            Ok(stored) => {
                hub.count_batch();
                publish(hub, engine, &turns, &stored);
                Ok(stored)
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match stored {
        Ok(stored) => {
            for item in items {
                let outcome = stored.of(&item.draft);
                item.reply(outcome);
            }
        }
        Err(error) => {
            for item in items {
                item.reply(Err(error.clone()));
            }
        }
    }
}

/// The turns of all rooms, taken in the order of their ids.
async fn turns(hub: &Hub, items: &[BatchItem]) -> Result<BTreeMap<RoomId, Turn>, ApiError> {
    let rooms: BTreeSet<RoomId> = items.iter().map(|item| item.draft.room).collect();
    let all = async {
        let mut turns = BTreeMap::new();
        for room in rooms {
            turns.insert(room, hub.turn(room).await);
        }
        turns
    };
    tokio::time::timeout(TURN_LIMIT, all)
        .await
        .map_err(|_| too_busy())
}

/// Messages by their names, and which of them are new, in the order of their numbers.
struct StoredBatch {
    messages: HashMap<Name, StoredMessage>,
    new: Vec<Name>,
    /// What the senders of all others are told.
    missing: ApiError,
}

impl StoredBatch {
    fn of(&self, draft: &Draft) -> Result<StoredMessage, ApiError> {
        let found = self.messages.get(&name(draft)).cloned();
        found.ok_or_else(|| self.missing.clone())
    }
}

async fn store(engine: &Engine, items: &[BatchItem]) -> Result<StoredBatch, ApiError> {
    let mut seen = HashSet::with_capacity(items.len());
    let drafts: Vec<(MessageId, Draft)> = items
        .iter()
        // A name that comes twice is one message: both are answered with it.
        .filter(|item| seen.insert(name(&item.draft)))
        .map(|item| (MessageId(Uuid::now_v7()), item.draft.clone()))
        .collect();
    Ok(match at_once(engine, &drafts).await {
        Err(error) if lost_to_another_process(&error) => {
            let (new, before) = under_locks(engine, drafts).await?;
            sorted(new, Ok(before))
        }
        stored => {
            let (new, before) = stored?;
            sorted(new, before)
        }
    })
}

/// New messages, and messages that had their names before.
type NewAndBefore = (Vec<ChatMessage>, Vec<ChatMessage>);

/// The same where the new ones are stored already, however the look for the others ended.
type NewAndLookedFor = (Vec<ChatMessage>, Result<Vec<ChatMessage>, DbError>);

/// One statement and one commit: what a batch costs where nobody else talks in its rooms.
async fn at_once(
    engine: &Engine,
    drafts: &[(MessageId, Draft)],
) -> Result<NewAndLookedFor, DbError> {
    let mut session = engine.db.session();
    let new = {
        let mut conn = session.write().await?;
        let new = repository::append_all(&mut conn, drafts).await?;
        conn.commit().await?;
        new
    };
    let before = if new.len() == drafts.len() {
        Ok(Vec::new())
    } else {
        named_before(&mut session, drafts).await
    };
    Ok((new, before))
}

async fn named_before(
    session: &mut DbSession,
    drafts: &[(MessageId, Draft)],
) -> Result<Vec<ChatMessage>, DbError> {
    let mut conn = session.conn().await?;
    repository::find_all_named(&mut conn, drafts).await
}

/// Whether a batch had no effect because of another process's message, and may be stored after it.
fn lost_to_another_process(error: &DbError) -> bool {
    error.is_constraint(ONE_NAME_ONE_MESSAGE) || matches!(error, DbError::Serialization(_))
}

/// In a transaction that locks the rooms first, so that no name can be taken meanwhile.
async fn under_locks(
    engine: &Engine,
    drafts: Vec<(MessageId, Draft)>,
) -> Result<NewAndBefore, DbError> {
    let drafts = Arc::new(drafts);
    transaction(&engine.db, Retry::Serialization(RETRIES), move |conn| {
        let drafts = Arc::clone(&drafts);
        Box::pin(async move {
            let rooms = drafts.iter().map(|(_, draft)| draft.room).collect();
            repository::lock_rooms(&mut *conn, &rooms).await?;
            let new = repository::append_all(&mut *conn, &drafts).await?;
            let before = if new.len() < drafts.len() {
                repository::find_all_named(&mut *conn, &drafts).await?
            } else {
                Vec::new()
            };
            Ok((new, before))
        })
    })
    .await
}

/// `before` may name the new ones again. Where it is not known, the new ones go to their rooms all the same: nobody
/// publishes them later.
fn sorted(mut new: Vec<ChatMessage>, before: Result<Vec<ChatMessage>, DbError>) -> StoredBatch {
    new.sort_unstable_by_key(|message| (message.room, message.seq));
    let names = new.iter().map(name_of).collect();
    let (before, missing) = match before {
        Ok(before) => (before, no_such_room()),
        Err(error) => (Vec::new(), ApiError::from(error)),
    };
    let named = |stored: fn(ChatMessage) -> StoredMessage| {
        move |message: ChatMessage| (name_of(&message), stored(message))
    };
    StoredBatch {
        new: names,
        messages: before
            .into_iter()
            .map(named(StoredMessage::Before))
            .chain(new.into_iter().map(named(StoredMessage::New)))
            .collect(),
        missing,
    }
}

fn publish(hub: &Hub, engine: &Engine, turns: &BTreeMap<RoomId, Turn>, stored: &StoredBatch) {
    for name in &stored.new {
        if let (Some(turn), Some(StoredMessage::New(message))) =
            (turns.get(&name.0), stored.messages.get(name))
        {
            let frame = frames::write(&ServerFrame::Message(message.clone()));
            turn.publish(message.seq, &frame);
            let kind = RelayedKind::Message(name.0, message.seq);
            hub.pass_on(engine.policies.chat.fanout, kind, &frame);
        }
    }
}

fn name(draft: &Draft) -> Name {
    (draft.room, draft.sender, draft.client_id.clone())
}

fn name_of(message: &ChatMessage) -> Name {
    (message.room, message.sender, message.client_id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(room: u128, seq: i64) -> ChatMessage {
        ChatMessage {
            id: MessageId(Uuid::from_u128(seq as u128)),
            room: RoomId(Uuid::from_u128(room)),
            seq,
            sender: UserId(Uuid::nil()),
            client_id: format!("c-{seq}"),
            text: "hello".to_owned(),
            sent_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn new_messages_are_told_in_the_order_of_their_numbers_and_old_ones_not_at_all() {
        let new = vec![message(2, 8), message(1, 5), message(2, 7)];
        let stored = sorted(new, Ok(vec![message(1, 4), message(1, 5)]));
        let numbers: Vec<_> = stored
            .new
            .iter()
            .map(|name| stored.messages[name].clone().into_message().seq)
            .collect();
        assert_eq!(numbers, [5, 7, 8]);
        assert_eq!(stored.messages.len(), 4);
        let old = &stored.messages[&name_of(&message(1, 4))];
        assert_eq!(*old, StoredMessage::Before(message(1, 4)));
    }
}
