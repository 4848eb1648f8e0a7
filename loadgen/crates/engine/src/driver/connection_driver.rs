//! Polls hyper's connection future in the task that uses the connection.
//!
//! A separate task would cost two task switches for each request and a task's memory for each user.
//! Here both futures live in the user's task, and each is polled only when *it* was woken: what one
//! does to the other takes effect at once, without a pass through the scheduler.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::future::LocalBoxFuture;

/// Most rounds of polling both futures in one poll of the task, so that a connection that always
/// has something to read does not keep other users waiting.
const MAX_ROUNDS: u32 = 8;

/// A connection future and the wakers of the two futures.
pub(super) struct ConnectionDriver {
    connection: Option<LocalBoxFuture<'static, hyper::Result<()>>>,
    owner: Arc<PollingTask>,
    /// The owner's task, readable without the lock.
    task: Option<Waker>,
    connection_wake: (Arc<WakeSignal>, Waker),
    work_wake: (Arc<WakeSignal>, Waker),
}

/// The task in which both futures live.
#[derive(Debug, Default)]
struct PollingTask {
    /// Whether it is being polled and checks the signals anyway. All of this happens on the one
    /// thread of a worker: no wake can fall between the last check and the return.
    polled: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl PollingTask {
    fn set(&self, task: Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    fn wake(&self) {
        let known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*known {
            task.wake_by_ref();
        }
    }
}

/// Whether one of the two futures has to be polled.
#[derive(Debug)]
struct WakeSignal {
    set: AtomicBool,
    owner: Arc<PollingTask>,
}

impl Wake for WakeSignal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set.store(true, Release);
        if !self.owner.polled.load(Acquire) {
            self.owner.wake();
        }
    }
}

impl WakeSignal {
    fn new(owner: &Arc<PollingTask>) -> (Arc<Self>, Waker) {
        let signal = Arc::new(Self {
            set: AtomicBool::new(true),
            owner: Arc::clone(owner),
        });
        let waker = Waker::from(Arc::clone(&signal));
        (signal, waker)
    }

    fn take(&self) -> bool {
        let set = self.set.load(Acquire);
        if set {
            self.set.store(false, Release);
        }
        set
    }
}

impl ConnectionDriver {
    /// Takes over polling of a connection.
    pub(super) fn new(connection: LocalBoxFuture<'static, hyper::Result<()>>) -> Self {
        let owner = Arc::<PollingTask>::default();
        Self {
            connection: Some(connection),
            connection_wake: WakeSignal::new(&owner),
            work_wake: WakeSignal::new(&owner),
            task: None,
            owner,
        }
    }

    /// Whether the connection is open and nothing has woken it since it was last polled.
    pub(super) fn is_quiet(&self) -> bool {
        self.connection.is_some() && !self.connection_wake.0.set.load(Acquire)
    }

    /// Waits for `work` on this connection and polls the connection meanwhile.
    pub(super) async fn drive<F: Future>(&mut self, mut work: Pin<&mut F>) -> F::Output {
        self.work_wake.0.set.store(true, Release);
        poll_fn(|context| {
            if !matches!(&self.task, Some(task) if task.will_wake(context.waker())) {
                self.owner.set(context.waker().clone());
                self.task = Some(context.waker().clone());
            }
            self.owner.polled.store(true, Release);
            let mut done = Poll::Pending;
            for _ in 0..MAX_ROUNDS {
                if let Some(connection) = &mut self.connection
                    && self.connection_wake.0.take()
                    && connection
                        .as_mut()
                        .poll(&mut Context::from_waker(&self.connection_wake.1))
                        .is_ready()
                {
                    // The request on it receives the error, if there was one.
                    self.connection = None;
                }
                if !self.work_wake.0.take() {
                    break;
                }
                done = work
                    .as_mut()
                    .poll(&mut Context::from_waker(&self.work_wake.1));
                if done.is_ready() || !self.connection_wake.0.set.load(Acquire) {
                    break;
                }
            }
            self.owner.polled.store(false, Release);
            if done.is_pending()
                && (self.work_wake.0.set.load(Acquire) || self.connection_wake.0.set.load(Acquire))
            {
                context.waker().wake_by_ref();
            }
            done
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, pin::pin, rc::Rc, time::Duration};

    use tokio::{runtime::Builder, sync::mpsc, time::sleep};

    use super::*;

    fn alone<T>(work: impl Future<Output = T>) -> T {
        Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(work)
    }

    #[test]
    fn both_futures_make_progress_and_are_polled_only_when_woken() {
        alone(async {
            let (questions, mut asked) = mpsc::channel::<u32>(1);
            let (answers, mut answered) = mpsc::channel(1);
            let polls = Rc::new(Cell::new(0));
            let counted = Rc::clone(&polls);
            let mut server = Box::pin(async move {
                while let Some(question) = asked.recv().await {
                    sleep(Duration::from_millis(5)).await;
                    if answers.send(question * 2).await.is_err() {
                        break;
                    }
                }
                Ok(())
            });
            let mut driver = ConnectionDriver::new(Box::pin(poll_fn(move |context| {
                counted.set(counted.get() + 1);
                server.as_mut().poll(context)
            })));
            for question in 0..10 {
                let answer = driver
                    .drive(pin!(async {
                        questions.send(question).await.unwrap();
                        answered.recv().await
                    }))
                    .await;
                assert_eq!(answer, Some(question * 2));
            }
            // The first poll, then two for each question: its arrival and its timer.
            assert!(polls.get() <= 1 + 2 * 10, "{} polls", polls.get());
            drop(questions);
            sleep(Duration::from_millis(5)).await;
            let end = driver.drive(pin!(answered.recv())).await;
            assert_eq!((end, driver.connection.is_none()), (None, true));
        });
    }

    #[test]
    fn a_connection_that_is_always_ready_does_not_starve_other_tasks() {
        alone(async {
            let mut driver = ConnectionDriver::new(Box::pin(poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Pending
            })));
            let others = sleep(Duration::from_millis(20));
            let mut never = pin!(std::future::pending::<()>());
            let endless = driver.drive(never.as_mut());
            tokio::select! {
                () = endless => unreachable!(),
                () = others => {}
            }
        });
    }
}
