//! Where a user of an open load that is free waits for its next arrival. Its task is kept: one for each
//! arrival would be allocated and freed each time.

use std::{
    cell::Cell,
    future::poll_fn,
    task::{Poll, Waker},
};

use super::super::pacer::DueArrival;

/// Place for one arrival.
#[derive(Default)]
pub(super) struct ArrivalSlot {
    due: Cell<Option<DueArrival>>,
    /// The task that waits for it.
    waits: Cell<Option<Waker>>,
}

impl ArrivalSlot {
    /// Gives the user its arrival.
    pub(super) fn put(&self, due: DueArrival) {
        self.due.set(Some(due));
        if let Some(task) = self.waits.take() {
            task.wake();
        }
    }

    /// Takes the arrival that the user was given and has not begun.
    pub(super) fn take(&self) -> Option<DueArrival> {
        self.due.take()
    }

    /// Waits for an arrival.
    pub(super) async fn next(&self) -> DueArrival {
        poll_fn(|context| {
            if let Some(due) = self.take() {
                return Poll::Ready(due);
            }
            self.waits.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use tokio::{join, runtime::Builder, task::yield_now};

    use super::*;
    use crate::{schedule::Arrival, units::Nanos};

    #[test]
    fn each_arrival_is_taken_once_whether_it_comes_before_the_wait_or_after() {
        let due = |index| DueArrival {
            arrival: Arrival {
                intended: Nanos(index),
                flow: 0,
                index,
            },
            woke: Nanos(index),
        };
        let slot = ArrivalSlot::default();
        let taking = async { [slot.next().await, slot.next().await].map(|one| one.arrival.index) };
        slot.put(due(1));
        let putting = async {
            yield_now().await;
            slot.put(due(2));
        };
        let runtime = Builder::new_current_thread().build().unwrap();
        let (taken, ()) = runtime.block_on(async { join!(taking, putting) });
        assert_eq!(taken, [1, 2]);
        assert!(slot.take().is_none());
    }
}
