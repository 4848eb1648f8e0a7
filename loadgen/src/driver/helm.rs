//! Where a person's wishes reach the load that is under way.

use tokio::sync::watch;

use crate::{
    events::Wish,
    schedule::{Arrival, Onward},
    units::{Nanos, Rate},
};

/// What a load that can be changed is given.
#[derive(Debug, Clone)]
pub struct Helm {
    wishes: watch::Receiver<Option<Wish>>,
    /// Absent for a closed model.
    onward: Option<Onward>,
}

impl Helm {
    /// Follows these wishes; an open model needs what does not change with the rate.
    pub const fn new(wishes: watch::Receiver<Option<Wish>>, onward: Option<Onward>) -> Self {
        Self { wishes, onward }
    }

    /// The newest wish, if there is one that has not been looked at.
    fn newest(&mut self) -> Option<Wish> {
        let newest = self.wishes.borrow_and_update();
        newest.has_changed().then_some(*newest).flatten()
    }

    /// The arrivals from `now` on, the first with the number `index`, where another rate is
    /// wished for; with that rate.
    pub(super) fn another_rate(&mut self, now: Nanos, index: u64) -> Option<(f64, Vec<Arrival>)> {
        let Some(Wish::Rate(per_second)) = self.newest() else {
            return None;
        };
        let rate: Rate = Rate::per_second(per_second).ok()?;
        // One that cannot be planned leaves the load as it is: the wish was checked before.
        let rest = self.onward.as_ref()?.plan(now, rate, index).ok()?;
        Some((rate.as_per_second(), rest))
    }

    /// Whether the load has not come to its end.
    pub(super) fn goes_on(&self, now: Nanos) -> bool {
        self.onward
            .as_ref()
            .is_some_and(|onward| now < onward.end())
    }

    /// Waits for another number of users; for ever once nobody can wish any more.
    pub(super) async fn other_users(&mut self) -> u32 {
        loop {
            if self.wishes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(Wish::Users(users)) = *self.wishes.borrow_and_update() {
                return users;
            }
        }
    }
}
