//! A bounded queue with one reader, which one socket's task is.
//!
//! Not a channel, because of one rule that a full channel cannot keep: when an item does not fit, the
//! marker that says so must stand *behind* the items that did.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// A drained queue that grew beyond this is given back, so that an idle socket stays small.
const KEEP: usize = 32;

/// The outcome of posting an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostOutcome {
    /// It waits for the socket.
    Queued,
    /// There was no room for it.
    Full,
}

/// Items that wait for one socket.
#[derive(Debug)]
pub struct WaitingItems<T> {
    items: Mutex<VecDeque<T>>,
    arrived: Notify,
}

impl<T> Default for WaitingItems<T> {
    fn default() -> Self {
        Self {
            items: Mutex::default(),
            arrived: Notify::new(),
        }
    }
}

impl<T> WaitingItems<T> {
    /// The oldest item, once there is one. Nothing is lost when the wait is cut short.
    pub async fn next(&self) -> T {
        loop {
            if let Some(item) = self.try_next() {
                return item;
            }
            self.arrived.notified().await;
        }
    }

    /// The oldest item, if there is one.
    pub fn try_next(&self) -> Option<T> {
        let mut items = self.items();
        let item = items.pop_front();
        if items.is_empty() && items.capacity() > KEEP {
            *items = VecDeque::new();
        }
        item
    }

    /// Queues an item behind the others, unless that many wait.
    pub fn push(&self, item: T, limit: usize) -> PostOutcome {
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

    fn items(&self) -> MutexGuard<'_, VecDeque<T>> {
        // No code that can panic runs under this lock, so a poisoned queue is still whole.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn items_leave_in_the_order_in_which_they_came() {
        let waiting = WaitingItems::default();
        for item in 0..3 {
            assert_eq!(waiting.push(item, 3), PostOutcome::Queued);
        }
        assert_eq!(waiting.push(3, 3), PostOutcome::Full);
        for item in 0..3 {
            assert_eq!(waiting.next().await, item);
        }
        assert!(waiting.try_next().is_none());
    }

    #[test]
    fn a_drained_queue_gives_its_space_back() {
        let waiting = WaitingItems::default();
        for item in 0..10 * KEEP {
            waiting.push(item, usize::MAX);
        }
        while waiting.try_next().is_some() {}
        assert!(waiting.items().capacity() <= KEEP);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken() {
        let waiting = std::sync::Arc::new(WaitingItems::default());
        let reader = tokio::spawn({
            let waiting = waiting.clone();
            async move { waiting.next().await }
        });
        tokio::task::yield_now().await;
        waiting.push(9, usize::MAX);
        assert_eq!(reader.await.unwrap(), 9);
    }
}
