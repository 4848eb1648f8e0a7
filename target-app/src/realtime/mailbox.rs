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
/// Beyond this many waiting frames, news that nobody will miss are not queued.
const COURTESY: usize = CAPACITY / 2;
/// A drained queue that grew beyond this is given back, so that an idle socket stays small.
const KEEP: usize = 32;

/// One entry of a mailbox.
#[derive(Debug, Clone)]
pub struct Item {
    /// About which room.
    pub room: RoomId,
    /// For which stay in that room; items of an earlier stay are to be passed over.
    pub seat: u64,
    /// What it is.
    pub kind: Kind,
}

/// What a mailbox entry says.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A stored message, serialised once for everybody.
    Message {
        /// Its place in the room.
        seq: i64,
        /// The frame.
        frame: Utf8Bytes,
    },
    /// News without a place in the room, such as somebody typing.
    News(Utf8Bytes),
    /// From here on messages of this room are missing: the mailbox was full.
    Lagged,
}

/// What became of a posted item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It waits for the socket.
    Queued,
    /// There was no room for it.
    Full,
}

/// A bounded queue with one reader.
#[derive(Debug, Default)]
pub struct Mailbox {
    items: Mutex<VecDeque<Item>>,
    arrived: Notify,
}

impl Mailbox {
    /// The oldest item, once there is one. Nothing is lost when the wait is cut short.
    pub async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.try_next() {
                return item;
            }
            self.arrived.notified().await;
        }
    }

    /// The oldest item, if there is one.
    pub fn try_next(&self) -> Option<Item> {
        let mut items = self.items();
        let item = items.pop_front();
        if items.is_empty() && items.capacity() > KEEP {
            *items = VecDeque::new();
        }
        item
    }

    /// Queues a message, unless the mailbox is full.
    pub(super) fn post(&self, item: Item) -> Posted {
        self.push(item, CAPACITY)
    }

    /// Queues news while there is plenty of room, so that they never cost a message its place.
    pub(super) fn post_news(&self, item: Item) -> Posted {
        self.push(item, COURTESY)
    }

    /// Queues a marker whatever the fill: at most one for each stay in a room, so still bounded.
    pub(super) fn mark(&self, item: Item) {
        self.push(item, usize::MAX);
    }

    fn push(&self, item: Item, limit: usize) -> Posted {
        {
            let mut items = self.items();
            if items.len() >= limit {
                return Posted::Full;
            }
            items.push_back(item);
        }
        self.arrived.notify_one();
        Posted::Queued
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<Item>> {
        // No code that can panic runs under this lock, so a poisoned queue is still whole.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(seat: u64) -> Item {
        Item {
            room: RoomId(uuid::Uuid::nil()),
            seat,
            kind: Kind::News("typing".into()),
        }
    }

    #[tokio::test]
    async fn items_leave_in_the_order_in_which_they_came() {
        let mailbox = Mailbox::default();
        for seat in 0..3 {
            assert_eq!(mailbox.post(news(seat)), Posted::Queued);
        }
        for seat in 0..3 {
            assert_eq!(mailbox.next().await.seat, seat);
        }
        assert!(mailbox.try_next().is_none());
    }

    #[test]
    fn a_full_mailbox_refuses_messages_but_takes_the_marker() {
        let mailbox = Mailbox::default();
        for _ in 0..CAPACITY {
            assert_eq!(mailbox.post(news(0)), Posted::Queued);
        }
        assert_eq!(mailbox.post(news(0)), Posted::Full);
        mailbox.mark(news(1));
        let last = std::iter::from_fn(|| mailbox.try_next()).last().unwrap();
        assert_eq!(last.seat, 1, "the marker stands behind what was queued");
        assert!(mailbox.items().capacity() <= KEEP);
    }

    #[test]
    fn news_do_not_take_the_last_places() {
        let mailbox = Mailbox::default();
        let queued = (0..CAPACITY)
            .filter(|_| mailbox.post_news(news(0)) == Posted::Queued)
            .count();
        assert_eq!(queued, COURTESY);
        assert_eq!(mailbox.post(news(0)), Posted::Queued);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken() {
        let mailbox = std::sync::Arc::new(Mailbox::default());
        let reader = tokio::spawn({
            let mailbox = mailbox.clone();
            async move { mailbox.next().await.seat }
        });
        tokio::task::yield_now().await;
        mailbox.mark(news(9));
        assert_eq!(reader.await.unwrap(), 9);
    }
}
