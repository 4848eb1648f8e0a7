//! The timer of a user: its request timeout, and the end of its pauses. One for each user, reset for a
//! request only when it fired: creating and cancelling one for each would access the timer wheel twice.

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

/// The timer; created at the first use.
#[derive(Default)]
pub(super) struct RequestTimer {
    timer: Option<Pin<Box<Sleep>>>,
    /// The task that the timer wakes.
    wakes: Option<Waker>,
}

impl RequestTimer {
    /// Waits until `at`. A timer of its own would leave that of the last request set: it would fire in the
    /// middle of a long pause, and wake the user for nothing.
    pub(super) async fn wait_until(&mut self, at: Instant) {
        self.wakes = None;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(at.into())));
        timer.as_mut().reset(at.into());
        timer.as_mut().await;
    }

    /// The result of `work`, or `None` where it has none by `until`.
    pub(super) async fn bound<F: Future>(
        &mut self,
        until: Instant,
        mut work: Pin<&mut F>,
    ) -> Option<F::Output> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until.into())));
        // A timer set to an earlier time fires once for nothing and is reset then: a request that
        // ends in time does not touch it.
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
                // Outside of the task's cooperative budget: once that is spent, a poll would return
                // before the timer has registered the waker.
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
    fn each_use_has_its_own_timeout_whether_later_or_earlier() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut timer = RequestTimer::default();
            let after = |ms| Instant::now() + Duration::from_millis(ms);
            let quick = || async { 7 };
            let slow = || sleep(Duration::from_millis(200));
            let never = std::future::pending::<()>;
            assert_eq!(timer.bound(after(10_000), pin!(quick())).await, Some(7));
            assert_eq!(timer.bound(after(20), pin!(never())).await, None);
            assert_eq!(timer.bound(after(5_000), pin!(slow())).await, Some(()));
            assert_eq!(timer.bound(after(20), pin!(never())).await, None);
            // The timer, set to 150 ms, fires in the middle of the second.
            let mut timer = RequestTimer::default();
            assert_eq!(timer.bound(after(150), pin!(quick())).await, Some(7));
            assert_eq!(timer.bound(after(5_000), pin!(slow())).await, Some(()));
            assert_eq!(timer.bound(after(100), pin!(never())).await, None);
            // What a pause leaves of the timer is set anew for a request.
            timer.wait_until(after(10)).await;
            assert_eq!(timer.bound(after(5_000), pin!(slow())).await, Some(()));
            assert_eq!(timer.bound(after(20), pin!(never())).await, None);
        });
    }

    #[test]
    fn the_timeout_of_a_request_that_is_answered_does_not_wake_the_user_in_its_pause() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut timer = RequestTimer::default();
            let after = |ms| Instant::now() + Duration::from_millis(ms);
            let answered = sleep(Duration::from_millis(5));
            assert_eq!(timer.bound(after(100), pin!(answered)).await, Some(()));
            let mut pause = pin!(timer.wait_until(after(300)));
            let mut polls = 0;
            poll_fn(|context| {
                polls += 1;
                pause.as_mut().poll(context)
            })
            .await;
            // At its begin and at its end.
            assert!(polls <= 2, "{polls}");
        });
    }
}
