//! The receiving end of load control: the changes that reach a load while it runs.

use tokio::sync::watch;

use crate::{
    load_control::ControlEvent,
    schedule::{ArrivalDraw, Replanner},
    units::{Nanos, Rate},
};

/// Receives changes of the rate (open model) or of the number of users (closed model).
#[derive(Debug, Clone)]
pub struct ControlReceiver {
    events: watch::Receiver<Option<ControlEvent>>,
    /// Plans the rest of an open load; absent for a closed model.
    replanner: Option<Replanner>,
}

impl ControlReceiver {
    /// Follows these events; an open model needs a replanner to follow a change of the rate.
    pub const fn new(
        events: watch::Receiver<Option<ControlEvent>>,
        replanner: Option<Replanner>,
    ) -> Self {
        Self { events, replanner }
    }

    /// The newest event, if it has not been seen yet.
    fn newest(&mut self) -> Option<ControlEvent> {
        let newest = self.events.borrow_and_update();
        newest.has_changed().then_some(*newest).flatten()
    }

    /// Whether there is an event that has not been seen yet.
    pub(super) fn has_change(&self) -> bool {
        self.events.borrow().has_changed()
    }

    /// After a change of the rate: the rate, and the arrivals from `at` on, the first with the
    /// number `index`.
    pub(super) fn changed_rate(&mut self, at: Nanos, index: u64) -> Option<(f64, ArrivalDraw)> {
        let Some(ControlEvent::Rate(per_second)) = self.newest() else {
            return None;
        };
        // The event was checked when it was sent: a rate that cannot be planned changes nothing.
        let rate = Rate::per_second(per_second).ok()?;
        let rest = self.replanner.as_ref()?.plan(at, rate, index).ok()?;
        Some((rate.as_per_second(), rest))
    }

    /// Whether the load has not reached its planned end.
    pub(super) fn is_before_end(&self, now: Nanos) -> bool {
        self.replanner
            .as_ref()
            .is_some_and(|replanner| now < replanner.end())
    }

    /// Waits for a change of the number of users; never returns once all senders are gone.
    pub(super) async fn changed_users(&mut self) -> u32 {
        loop {
            if self.events.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(ControlEvent::Users(users)) = *self.events.borrow_and_update() {
                return users;
            }
        }
    }
}
