//! A user's time limit. One timer a user, moved on only where it fires: making and cancelling one
//! for each request would take the timer wheel twice.

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
    /// Whom the timer wakes.
    wakes: Option<Waker>,
}

impl Patience {
    /// The result of `work`, or `None` where it has none by `until`.
    pub(super) async fn bound<F: Future>(
        &mut self,
        until: Instant,
        mut work: Pin<&mut F>,
    ) -> Option<F::Output> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until.into())));
        // Set to an earlier time it fires once in vain, and is moved on then: a user that is
        // answered in time does not touch it.
        if timer.deadline() > until.into() || timer.is_elapsed() {
            timer.as_mut().reset(until.into());
            self.wakes = None;
        }
        poll_fn(|context| {
            loop {
                if let Poll::Ready(done) = work.as_mut().poll(context) {
                    return Poll::Ready(Some(done));
                }
                let known = matches!(&self.wakes, Some(waker) if waker.will_wake(context.waker()));
                if known && !timer.is_elapsed() {
                    return Poll::Pending;
                }
                // Without a share of the task's budget: once that is spent, a poll would end
                // before the timer knows whom to wake.
                if pin!(unconstrained(timer.as_mut()))
                    .poll(context)
                    .is_pending()
                {
                    self.wakes = Some(context.waker().clone());
                    return Poll::Pending;
                }
                self.wakes = None;
                if timer.deadline() >= until.into() {
                    return Poll::Ready(None);
                }
                timer.as_mut().reset(until.into());
            }
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
            // The timer, set to 150 ms, fires in the middle of the second.
            let mut patience = Patience::default();
            assert_eq!(patience.bound(after(150), pin!(quick())).await, Some(7));
            assert_eq!(patience.bound(after(5_000), pin!(slow())).await, Some(()));
            assert_eq!(patience.bound(after(100), pin!(slow())).await, None);
        });
    }
}
