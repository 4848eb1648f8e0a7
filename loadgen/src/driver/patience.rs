//! A user's time limit. One timer a user, moved on from request to request: moving a timer to a
//! later time is one atomic write, where making and cancelling one takes the timer wheel twice.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Poll, Waker},
    time::Instant,
};

use tokio::{
    task::unconstrained,
    time::{Sleep, sleep_until},
};

/// The timer; made at the first use.
#[derive(Default)]
pub(super) struct Patience {
    timer: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes; it remembers that over a move to a later time.
    wakes: Option<Waker>,
}

impl Patience {
    /// The result of `work`, or `None` where it has none by `until`.
    pub(super) async fn bound<F: Future>(
        &mut self,
        until: Instant,
        mut work: Pin<&mut F>,
    ) -> Option<F::Output> {
        let timer = match &mut self.timer {
            Some(timer) => {
                timer.as_mut().reset(until.into());
                timer
            }
            none => none.insert(Box::pin(sleep_until(until.into()))),
        };
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            let known = matches!(&self.wakes, Some(waker) if waker.will_wake(context.waker()));
            if known && !timer.is_elapsed() {
                return Poll::Pending;
            }
            // Without a share of the task's budget: once that is spent, a poll would end before
            // the timer knows whom to wake.
            let over = pin!(unconstrained(timer.as_mut())).poll(context);
            self.wakes = over.is_pending().then(|| context.waker().clone());
            over.map(|()| None)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[test]
    fn each_use_has_a_limit_of_its_own_whether_later_or_earlier() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut patience = Patience::default();
            let after = |ms| Instant::now() + Duration::from_millis(ms);
            let quick = || async { 7 };
            let slow = || sleep(Duration::from_millis(200));
            assert_eq!(patience.bound(after(10_000), pin!(quick())).await, Some(7));
            assert_eq!(patience.bound(after(20), pin!(slow())).await, None);
            assert_eq!(patience.bound(after(5_000), pin!(slow())).await, Some(()));
            assert_eq!(patience.bound(after(20), pin!(slow())).await, None);
        });
    }
}
