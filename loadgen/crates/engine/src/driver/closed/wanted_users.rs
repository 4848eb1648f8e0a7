//! How many users of a closed load are wanted. Those with higher numbers wait, and are woken only when the
//! number changes.

use std::cell::Cell;

use tokio::sync::Notify;

/// The number of users that are wanted, for the users of one worker.
pub(super) struct WantedUsers {
    number: Cell<u32>,
    changed: Notify,
}

impl WantedUsers {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number: Cell::new(number),
            changed: Notify::new(),
        }
    }

    /// Changes the number, and wakes the users that wait.
    pub(super) fn set(&self, number: u32) {
        self.number.set(number);
        self.changed.notify_waiters();
    }

    /// Whether a user is wanted, by its number, from 0.
    pub(super) fn has(&self, user: u32) -> bool {
        user < self.number.get()
    }

    /// Waits until a user is wanted.
    pub(super) async fn until(&self, user: u32) {
        while !self.has(user) {
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        task::{Context, Poll, Wake, Waker},
    };

    use super::*;

    #[derive(Default)]
    struct CountedWakes(AtomicU32);

    impl Wake for CountedWakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_user_that_is_not_wanted_is_woken_by_changes_and_by_nothing_else() {
        let wanted = WantedUsers::new(2);
        assert!(wanted.has(1) && !wanted.has(2));
        let wakes = Arc::<CountedWakes>::default();
        let waker = Waker::from(Arc::clone(&wakes));
        let mut context = Context::from_waker(&waker);
        let mut pause = pin!(wanted.until(5));
        assert_eq!(pause.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(wakes.0.load(Relaxed), 0);
        wanted.set(5);
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert_eq!(pause.as_mut().poll(&mut context), Poll::Pending);
        wanted.set(6);
        assert_eq!(wakes.0.load(Relaxed), 2);
        assert_eq!(pause.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
