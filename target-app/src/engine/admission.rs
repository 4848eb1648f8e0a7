//! The admission limiter: a limit on concurrent requests, a short queue, and load shedding.
//!
//! A server that accepts every request answers all of them late once it is overloaded: clients
//! time out and the work is lost. Rejecting some at once keeps the goodput of the others.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use shared::{
    profile::{self, SwitchReading},
    snapshot::AdmissionSnapshot,
};
use tokio::sync::oneshot;

use super::gradient::Gradient;
use crate::timing;

/// Maximum queue time; a request that waited this long is rejected.
const MAX_QUEUE_TIME: Duration = Duration::from_millis(100);

/// Rejected: the queue is full, or the maximum queue time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed;

/// Figures of all limiters since the process started.
#[derive(Debug, Default)]
pub struct AdmissionCounters {
    admitted: AtomicU64,
    shed: AtomicU64,
    wait_us: AtomicU64,
}

/// The admission limiter of one engine; clones share the limit and the queue.
#[derive(Clone)]
pub struct AdmissionLimiter {
    /// `None` where the number of requests is not limited.
    queue: Option<Arc<AdmissionQueue>>,
    counters: Arc<AdmissionCounters>,
}

struct AdmissionQueue(Mutex<QueueState>);

struct QueueState {
    limit: u32,
    in_flight: u32,
    /// In the order of arrival; some may have given up.
    waiting: VecDeque<oneshot::Sender<AdmissionPermit>>,
    gradient: Option<Gradient>,
}

/// Permission to work on one request; dropping it admits the next in the queue.
pub struct AdmissionPermit(Option<Admitted>);

struct Admitted {
    queue: Arc<AdmissionQueue>,
    since: Instant,
}

impl AdmissionLimiter {
    /// A limiter of that kind.
    pub fn new(kind: profile::Admission, counters: Arc<AdmissionCounters>) -> Self {
        let (limit, gradient) = match kind {
            profile::Admission::Off => (None, None),
            profile::Admission::Limit(limit) => (Some(limit), None),
            profile::Admission::Adaptive => {
                let gradient = Gradient::new(Instant::now());
                (Some(gradient.limit()), Some(gradient))
            }
        };
        let queue = limit.map(|limit| {
            Arc::new(AdmissionQueue(Mutex::new(QueueState {
                limit,
                in_flight: 0,
                waiting: VecDeque::new(),
                gradient,
            })))
        });
        Self { queue, counters }
    }

    /// Waits for a permit, for `MAX_QUEUE_TIME` at most; the queue is no longer than the limit.
    /// The wait is a part of the request's `Server-Timing`, also where it ends in a rejection.
    pub async fn acquire(&self) -> Result<AdmissionPermit, Shed> {
        let Some(queue) = &self.queue else {
            return Ok(AdmissionPermit(None));
        };
        let outcome = match queue.join() {
            QueueOutcome::Admitted(permit) => Ok(permit),
            QueueOutcome::Full => Err(Shed),
            QueueOutcome::Queued(permit) => {
                let begin = Instant::now();
                let permit = tokio::time::timeout(MAX_QUEUE_TIME, permit).await;
                let waited = begin.elapsed();
                timing::admission_wait(waited);
                let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
                self.counters.wait_us.fetch_add(waited, Relaxed);
                permit.ok().and_then(Result::ok).ok_or(Shed)
            }
        };
        let counter = match outcome {
            Ok(_) => &self.counters.admitted,
            Err(Shed) => &self.counters.shed,
        };
        counter.fetch_add(1, Relaxed);
        outcome
    }

    /// `http.admission` as this limiter has it.
    pub fn readings(&self) -> Vec<SwitchReading> {
        let kind = self
            .queue
            .as_ref()
            .map_or(profile::Admission::Off, |queue| {
                let state = queue.state();
                match state.gradient {
                    Some(_) => profile::Admission::Adaptive,
                    None => profile::Admission::Limit(state.limit),
                }
            });
        vec![SwitchReading::new("http.admission", kind)]
    }

    /// Figures of the limiter.
    pub fn snapshot(&self) -> AdmissionSnapshot {
        let (limit, in_flight, waiting) = self.queue.as_ref().map_or((0, 0, 0), |queue| {
            let state = queue.state();
            let waiting = state.waiting.iter().filter(|one| !one.is_closed()).count();
            (state.limit, state.in_flight, waiting as u32)
        });
        AdmissionSnapshot {
            limit,
            in_flight,
            waiting,
            admitted: self.counters.admitted.load(Relaxed),
            shed: self.counters.shed.load(Relaxed),
            wait_us: self.counters.wait_us.load(Relaxed),
        }
    }
}

enum QueueOutcome {
    Admitted(AdmissionPermit),
    Queued(oneshot::Receiver<AdmissionPermit>),
    Full,
}

impl AdmissionQueue {
    fn join(self: &Arc<Self>) -> QueueOutcome {
        let mut state = self.state();
        if state.in_flight < state.limit && state.waiting.is_empty() {
            state.in_flight += 1;
            drop(state);
            return QueueOutcome::Admitted(self.permit());
        }
        let most = state.limit as usize;
        if state.waiting.len() >= most {
            state.waiting.retain(|one| !one.is_closed());
            if state.waiting.len() >= most {
                return QueueOutcome::Full;
            }
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back(sender);
        QueueOutcome::Queued(receiver)
    }

    /// A permit that is counted as in flight already.
    fn permit(self: &Arc<Self>) -> AdmissionPermit {
        AdmissionPermit(Some(Admitted {
            queue: Arc::clone(self),
            since: Instant::now(),
        }))
    }

    fn release(self: &Arc<Self>, since: Instant) {
        let mut state = self.state();
        let in_flight = state.in_flight;
        state.in_flight -= 1;
        if let Some(gradient) = &mut state.gradient {
            gradient.observe(since, Instant::now(), in_flight);
            state.limit = gradient.limit();
        }
        let mut next = Vec::new();
        while state.in_flight < state.limit
            && let Some(one) = state.waiting.pop_front()
        {
            if !one.is_closed() {
                state.in_flight += 1;
                next.push(one);
            }
        }
        drop(state);
        for one in next {
            // A waiter that gives up at this moment returns the permit by dropping it.
            drop(one.send(self.permit()));
        }
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        // No code that can panic runs under this lock, so the state is consistent even then.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AdmissionPermit {
    fn drop(&mut self) {
        if let Some(Admitted { queue, since }) = self.0.take() {
            queue.release(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(text: &str) -> AdmissionLimiter {
        AdmissionLimiter::new(text.parse().unwrap(), Arc::default())
    }

    #[tokio::test]
    async fn without_a_limit_every_request_is_admitted_and_nothing_is_counted() {
        let limiter = limiter("off");
        let permits: Vec<_> =
            futures_util::future::join_all((0..100).map(|_| limiter.acquire())).await;
        assert!(permits.iter().all(Result::is_ok));
        assert_eq!(limiter.snapshot(), AdmissionSnapshot::default());
        assert_eq!(
            limiter.readings(),
            [SwitchReading::new("http.admission", "off")]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_the_limit_wait_and_the_next_is_rejected_at_once() {
        let limiter = limiter("limit(2)");
        let inside = [
            limiter.acquire().await.unwrap(),
            limiter.acquire().await.unwrap(),
        ];
        let (one, two) = (limiter.acquire(), limiter.acquire());
        tokio::pin!(one, two);
        assert!(futures_util::poll!(&mut one).is_pending());
        assert!(futures_util::poll!(&mut two).is_pending());
        assert!(limiter.acquire().await.is_err());
        drop(inside);
        let _permits = (one.await.unwrap(), two.await.unwrap());
        let now = limiter.snapshot();
        assert_eq!((now.limit, now.in_flight, now.waiting), (2, 2, 0));
        assert_eq!((now.admitted, now.shed), (4, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_waits_too_long_is_rejected_and_leaves_the_queue() {
        let limiter = limiter("limit(1)");
        let inside = limiter.acquire().await.unwrap();
        let begin = tokio::time::Instant::now();
        assert!(limiter.acquire().await.is_err());
        assert_eq!(begin.elapsed(), MAX_QUEUE_TIME);
        assert_eq!(limiter.snapshot().waiting, 0);
        drop(inside);
        let next = limiter.acquire().await.unwrap();
        assert_eq!(limiter.snapshot().in_flight, 1);
        drop(next);
        assert_eq!(limiter.snapshot().in_flight, 0);
    }

    #[tokio::test]
    async fn a_permit_that_nobody_takes_goes_to_the_next() {
        let limiter = limiter("limit(1)");
        let inside = limiter.acquire().await.unwrap();
        let mut gone = Box::pin(limiter.acquire());
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(inside);
        // Its permit was sent, and it goes away without having received it.
        drop(gone);
        assert!(limiter.acquire().await.is_ok());
        assert_eq!(limiter.snapshot().in_flight, 0);
    }
}
