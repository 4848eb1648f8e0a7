//! A socket's mailbox: a bounded queue of frames, written by rooms and read by one socket task.
//!
//! Not a channel, because of one rule that a full channel cannot keep: when a message does not
//! fit, the marker that says so must stand *behind* the messages that did.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use shared::ids::RoomId;
use tokio::sync::Notify;

/// Most frames that wait for one socket; beyond it the socket lags.
pub(super) const CAPACITY: usize = 256;
/// Beyond this many waiting frames, ephemeral events are not queued.
const EPHEMERAL_LIMIT: usize = CAPACITY / 2;
/// A drained queue that grew beyond this is given back, so that an idle socket stays small.
const KEEP: usize = 32;

/// One entry of a mailbox.
#[derive(Debug, Clone)]
pub struct MailboxItem {
    /// About which room.
    pub room: RoomId,
    /// For which subscription to that room; items of an earlier one are ignored.
    pub subscription: u64,
    /// What happened.
    pub kind: MailboxEvent,
}

/// What a mailbox entry reports.
#[derive(Debug, Clone)]
pub enum MailboxEvent {
    /// A stored message, serialised once for everybody.
    Message {
        /// Its place in the room.
        seq: i64,
        /// The frame.
        frame: Utf8Bytes,
    },
    /// An event that is not stored and has no number, such as somebody typing.
    Ephemeral(Utf8Bytes),
    /// From here on messages of this room are missing: the mailbox was full.
    Lagged,
}

/// The outcome of posting an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostOutcome {
    /// It waits for the socket.
    Queued,
    /// There was no room for it.
    Full,
}

/// A bounded queue with one reader.
#[derive(Debug, Default)]
pub struct Mailbox {
    items: Mutex<VecDeque<MailboxItem>>,
    arrived: Notify,
}

impl Mailbox {
    /// The oldest item, once there is one. Nothing is lost when the wait is cut short.
    pub async fn next(&self) -> MailboxItem {
        loop {
            if let Some(item) = self.try_next() {
                return item;
            }
            self.arrived.notified().await;
        }
    }

    /// The oldest item, if there is one.
    pub fn try_next(&self) -> Option<MailboxItem> {
        let mut items = self.items();
        let item = items.pop_front();
        if items.is_empty() && items.capacity() > KEEP {
            *items = VecDeque::new();
        }
        item
    }

    /// Queues a message, unless the mailbox is full.
    pub(super) fn post(&self, item: MailboxItem) -> PostOutcome {
        self.push(item, CAPACITY)
    }

    /// Queues an ephemeral event only while the mailbox is less than half full, so that it never
    /// takes the space of a message.
    pub(super) fn post_ephemeral(&self, item: MailboxItem) -> PostOutcome {
        self.push(item, EPHEMERAL_LIMIT)
    }

    /// Queues a marker even if the mailbox is full: at most one for each subscription, so still
    /// bounded.
    pub(super) fn mark(&self, item: MailboxItem) {
        self.push(item, usize::MAX);
    }

    fn push(&self, item: MailboxItem, limit: usize) -> PostOutcome {
        {
            let mut items = self.items();
            if items.len() >= limit {
                return PostOutcome::Full;
            }
            items.push_back(item);
        }
        self.arrived.notify_one();
        PostOutcome::Queued
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<MailboxItem>> {
        // No code that can panic runs under this lock, so a poisoned queue is still whole.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ephemeral(subscription: u64) -> MailboxItem {
        MailboxItem {
            room: RoomId(uuid::Uuid::nil()),
            subscription,
            kind: MailboxEvent::Ephemeral("typing".into()),
        }
    }

    #[tokio::test]
    async fn items_leave_in_the_order_in_which_they_came() {
        let mailbox = Mailbox::default();
        for subscription in 0..3 {
            assert_eq!(mailbox.post(ephemeral(subscription)), PostOutcome::Queued);
        }
        for subscription in 0..3 {
            assert_eq!(mailbox.next().await.subscription, subscription);
        }
        assert!(mailbox.try_next().is_none());
    }

    #[test]
    fn a_full_mailbox_refuses_messages_but_takes_the_marker() {
        let mailbox = Mailbox::default();
        for _ in 0..CAPACITY {
            assert_eq!(mailbox.post(ephemeral(0)), PostOutcome::Queued);
        }
        assert_eq!(mailbox.post(ephemeral(0)), PostOutcome::Full);
        mailbox.mark(ephemeral(1));
        let last = std::iter::from_fn(|| mailbox.try_next()).last().unwrap();
        assert_eq!(
            last.subscription, 1,
            "the marker stands behind what was queued"
        );
        assert!(mailbox.items().capacity() <= KEEP);
    }

    #[test]
    fn ephemeral_events_do_not_take_the_last_places() {
        let mailbox = Mailbox::default();
        let queued = (0..CAPACITY)
            .filter(|_| mailbox.post_ephemeral(ephemeral(0)) == PostOutcome::Queued)
            .count();
        assert_eq!(queued, EPHEMERAL_LIMIT);
        assert_eq!(mailbox.post(ephemeral(0)), PostOutcome::Queued);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken() {
        let mailbox = std::sync::Arc::new(Mailbox::default());
        let reader = tokio::spawn({
            let mailbox = mailbox.clone();
            async move { mailbox.next().await.subscription }
        });
        tokio::task::yield_now().await;
        mailbox.mark(ephemeral(9));
        assert_eq!(reader.await.unwrap(), 9);
    }
}
