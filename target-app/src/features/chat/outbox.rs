//! Messages that wait to be stored together: a bounded queue, and the leader that stores them.
//!
//! There is no task of its own. One of the waiting senders is the leader: it takes what is queued,
//! stores it and replies to the others. When it is done the first sender that still waits becomes
//! the leader, or else the next one to come. So the engine that stores is always one that a waiting
//! request holds, and at the end of the process nothing is left behind: every sender waits for its
//! reply.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use super::model::{Draft, StoredMessage};
use crate::error::ApiError;

/// Most messages that wait; further ones are refused.
const CAPACITY: usize = 10_000;

/// A draft in the queue.
pub(super) struct BatchItem {
    /// What is to be stored.
    pub(super) draft: Draft,
    replies: mpsc::Sender<BatchReply>,
}

/// A message to a sender whose draft waits.
pub(super) enum BatchReply {
    /// The sender is the leader now: it has to store what is queued, its own draft included.
    Lead(BatchLeader),
    /// The outcome of its draft.
    Done(Result<StoredMessage, ApiError>),
}

impl BatchItem {
    /// Sends the outcome of the draft to its sender.
    pub(super) fn reply(self, outcome: Result<StoredMessage, ApiError>) {
        // The channel holds both replies that an item can get; a sender that is gone needs none.
        let _gone = self.replies.try_send(BatchReply::Done(outcome));
    }
}

/// The queue; clones share it.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    items: VecDeque<BatchItem>,
    /// Whether there is a leader, or one is just being appointed.
    has_leader: bool,
}

impl Outbox {
    /// Queues a draft. Returns the receiver of its replies, and the leader if there is none yet;
    /// `None` if the queue is full.
    pub(super) fn put(
        &self,
        draft: Draft,
    ) -> Option<(mpsc::Receiver<BatchReply>, Option<BatchLeader>)> {
        let (replies, receiver) = mpsc::channel(2);
        let mut inner = self.inner();
        if inner.items.len() >= CAPACITY {
            return None;
        }
        inner.items.push_back(BatchItem { draft, replies });
        let leader = (!inner.has_leader).then(|| BatchLeader(self.clone()));
        inner.has_leader = true;
        Some((receiver, leader))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic runs under this lock, so the queue is whole even then.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right and duty to store what is queued; there is at most one. Dropping it, also in a panic,
/// passes it on.
pub(super) struct BatchLeader(Outbox);

impl BatchLeader {
    /// Takes the oldest items, at most `limit`.
    pub(super) fn take(&self, limit: usize) -> Vec<BatchItem> {
        let mut inner = self.0.inner();
        let count = inner.items.len().min(limit);
        inner.items.drain(..count).collect()
    }
}

impl Drop for BatchLeader {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        // A sender that is gone cannot lead, and wants no reply.
        while inner
            .items
            .front()
            .is_some_and(|first| first.replies.is_closed())
        {
            inner.items.pop_front();
        }
        let Some(first) = inner.items.front() else {
            inner.has_leader = false;
            return;
        };
        let replies = first.replies.clone();
        // Unlocked first: if the reply cannot be sent, its leader is dropped and comes here again.
        drop(inner);
        drop(replies.try_send(BatchReply::Lead(BatchLeader(self.0.clone()))));
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::{RoomId, UserId};

    use super::*;

    fn draft(name: &str) -> Draft {
        Draft {
            room: RoomId(uuid::Uuid::nil()),
            sender: UserId(uuid::Uuid::nil()),
            client_id: name.to_owned(),
            text: "hello".to_owned(),
        }
    }

    fn names(items: &[BatchItem]) -> Vec<&str> {
        items
            .iter()
            .map(|item| item.draft.client_id.as_str())
            .collect()
    }

    #[tokio::test]
    async fn the_first_leads_and_then_the_first_that_still_waits() {
        let outbox = Outbox::default();
        let (_one, leader) = outbox.put(draft("1")).unwrap();
        let leader = leader.expect("there was no leader before");
        let (_two, none) = outbox.put(draft("2")).unwrap();
        assert!(none.is_none());
        let (mut three, _) = outbox.put(draft("3")).unwrap();
        assert_eq!(names(&leader.take(2)), ["1", "2"]);
        drop(leader);
        let Some(BatchReply::Lead(next)) = three.recv().await else {
            panic!("the third should lead");
        };
        let items = next.take(10);
        assert_eq!(names(&items), ["3"]);
        for item in items {
            item.reply(Err(ApiError::not_found("room")));
        }
        drop(next);
        assert!(matches!(three.recv().await, Some(BatchReply::Done(Err(_)))));
        assert!(outbox.put(draft("4")).unwrap().1.is_some());
    }

    #[tokio::test]
    async fn a_sender_that_is_gone_is_passed_over() {
        let outbox = Outbox::default();
        let (one, leader) = outbox.put(draft("1")).unwrap();
        let (mut two, _) = outbox.put(draft("2")).unwrap();
        drop(one);
        drop(leader);
        assert!(matches!(two.recv().await, Some(BatchReply::Lead(_))));
    }

    #[test]
    fn a_full_queue_refuses() {
        let outbox = Outbox::default();
        let kept: Vec<_> = (0..CAPACITY).map(|_| outbox.put(draft("x"))).collect();
        assert!(kept.iter().all(Option::is_some));
        assert!(outbox.put(draft("y")).is_none());
    }
}
