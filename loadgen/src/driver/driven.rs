//! hyper's side of a connection, driven by whoever uses the connection.
//!
//! A task of its own would cost two task switches a request and a task's memory a user. Here
//! both futures live in the user's task, and each is polled only when something woke *it*: what
//! the one does to the other is seen at once, without a turn through the scheduler.

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

/// Turns that the two have in one poll. More are left to the next one, so that a connection
/// that always has something to read does not keep the other users waiting.
const TURNS: u32 = 8;

/// The connection, until it has ended.
pub(super) struct Driven {
    connection: Option<LocalBoxFuture<'static, hyper::Result<()>>>,
    owner: Arc<Owner>,
    /// The owner's task, where it can be looked at without the lock.
    task: Option<Waker>,
    connection_wake: (Arc<Signal>, Waker),
    work_wake: (Arc<Signal>, Waker),
}

/// The task in which both live.
#[derive(Debug, Default)]
struct Owner {
    /// Whether it is being polled, and looks at the signals anyway. A worker has one thread, on
    /// which all of this happens: no wake can fall between the last look and the return.
    polled: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Owner {
    fn is(&self, task: Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    fn wake(&self) {
        let known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*known {
            task.wake_by_ref();
        }
    }
}

/// Whether one of the two has to be polled.
#[derive(Debug)]
struct Signal {
    set: AtomicBool,
    owner: Arc<Owner>,
}

impl Wake for Signal {
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

impl Signal {
    fn new(owner: &Arc<Owner>) -> (Arc<Self>, Waker) {
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

impl Driven {
    /// Takes the connection over.
    pub(super) fn new(connection: LocalBoxFuture<'static, hyper::Result<()>>) -> Self {
        let owner = Arc::<Owner>::default();
        Self {
            connection: Some(connection),
            connection_wake: Signal::new(&owner),
            work_wake: Signal::new(&owner),
            task: None,
            owner,
        }
    }

    /// Whether nothing has happened on the connection since it was last looked at.
    pub(super) fn is_quiet(&self) -> bool {
        self.connection.is_some() && !self.connection_wake.0.set.load(Acquire)
    }

    /// Waits for `work` on this connection and keeps the connection going meanwhile.
    pub(super) async fn drive<F: Future>(&mut self, mut work: Pin<&mut F>) -> F::Output {
        self.work_wake.0.set.store(true, Release);
        poll_fn(|context| {
            if !matches!(&self.task, Some(task) if task.will_wake(context.waker())) {
                self.owner.is(context.waker().clone());
                self.task = Some(context.waker().clone());
            }
            self.owner.polled.store(true, Release);
            let mut done = Poll::Pending;
            for _ in 0..TURNS {
                if let Some(connection) = &mut self.connection
                    && self.connection_wake.0.take()
                    && connection
                        .as_mut()
                        .poll(&mut Context::from_waker(&self.connection_wake.1))
                        .is_ready()
                {
                    // How it ended is told to the request on it.
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
    fn both_go_on_by_each_other_and_by_time_and_are_polled_only_when_woken() {
        alone(async {
            let (questions, mut asked) = mpsc::unbounded_channel::<u32>();
            let (answers, mut answered) = mpsc::unbounded_channel();
            let polls = Rc::new(Cell::new(0));
            let counted = Rc::clone(&polls);
            let mut server = Box::pin(async move {
                while let Some(question) = asked.recv().await {
                    sleep(Duration::from_millis(5)).await;
                    if answers.send(question * 2).is_err() {
                        break;
                    }
                }
                Ok(())
            });
            let mut driven = Driven::new(Box::pin(poll_fn(move |context| {
                counted.set(counted.get() + 1);
                server.as_mut().poll(context)
            })));
            for question in 0..10 {
                let answer = driven
                    .drive(pin!(async {
                        questions.send(question).unwrap();
                        answered.recv().await
                    }))
                    .await;
                assert_eq!(answer, Some(question * 2));
            }
            // The first look, then for each question its coming and its time.
            assert!(polls.get() <= 1 + 2 * 10, "{} polls", polls.get());
            drop(questions);
            sleep(Duration::from_millis(5)).await;
            let end = driven.drive(pin!(answered.recv())).await;
            assert_eq!((end, driven.connection.is_none()), (None, true));
        });
    }

    #[test]
    fn a_connection_that_always_goes_on_leaves_others_their_turn() {
        alone(async {
            let mut driven = Driven::new(Box::pin(poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Pending
            })));
            let others = sleep(Duration::from_millis(20));
            let mut never = pin!(std::future::pending::<()>());
            let endless = driven.drive(never.as_mut());
            tokio::select! {
                () = endless => unreachable!(),
                () = others => {}
            }
        });
    }
}
