//! The door: how many requests are worked on at once, a short queue before it, and who is
//! turned away.
//!
//! A server that takes everything answers everything late once it is full: clients give up, and
//! the work was for nothing. One that turns some away at once keeps its goodput.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use shared::{profile, snapshot::AdmissionSnapshot};
use tokio::sync::oneshot;

use super::gradient::Gradient;
use crate::timing;

/// Longest wait before the door. Who would wait longer is told at once that it is no use.
const PATIENCE: Duration = Duration::from_millis(100);

/// Turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed;

/// Figures of all doors since the process started.
#[derive(Debug, Default)]
pub struct AdmissionCounters {
    admitted: AtomicU64,
    shed: AtomicU64,
    wait_us: AtomicU64,
}

/// The door of one engine; clones are the same door.
#[derive(Clone)]
pub struct Admission {
    gate: Option<Arc<Gate>>,
    counters: Arc<AdmissionCounters>,
}

struct Gate(Mutex<State>);

struct State {
    limit: u32,
    in_flight: u32,
    /// Those who wait, the first come first; some may have given up.
    waiting: VecDeque<oneshot::Sender<Place>>,
    gradient: Option<Gradient>,
}

/// A place behind the door; dropping it lets the next one in.
pub struct Place(Option<Taken>);

struct Taken {
    gate: Arc<Gate>,
    since: Instant,
}

impl Admission {
    /// The door that a profile asks for.
    pub fn new(asked: profile::Admission, counters: Arc<AdmissionCounters>) -> Self {
        let (limit, gradient) = match asked {
            profile::Admission::Off => (None, None),
            profile::Admission::Limit(limit) => (Some(limit), None),
            profile::Admission::Adaptive => {
                let gradient = Gradient::new(Instant::now());
                (Some(gradient.limit()), Some(gradient))
            }
        };
        let gate = limit.map(|limit| {
            Arc::new(Gate(Mutex::new(State {
                limit,
                in_flight: 0,
                waiting: VecDeque::new(),
                gradient,
            })))
        });
        Self { gate, counters }
    }

    /// Waits for a place, for a moment at most; the queue is no longer than the limit.
    pub async fn enter(&self) -> Result<Place, Shed> {
        let Some(gate) = &self.gate else {
            return Ok(Place(None));
        };
        let outcome = match gate.ask() {
            Asked::In(place) => Ok(place),
            Asked::Full => Err(Shed),
            Asked::Wait(turn) => {
                let begin = Instant::now();
                let turn = tokio::time::timeout(PATIENCE, turn).await;
                let waited = begin.elapsed();
                timing::admission_wait(waited);
                let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
                self.counters.wait_us.fetch_add(waited, Relaxed);
                turn.ok().and_then(Result::ok).ok_or(Shed)
            }
        };
        let counter = match outcome {
            Ok(_) => &self.counters.admitted,
            Err(Shed) => &self.counters.shed,
        };
        counter.fetch_add(1, Relaxed);
        outcome
    }

    /// The switch as this door has it.
    pub fn in_force(&self) -> profile::Admission {
        match &self.gate {
            None => profile::Admission::Off,
            Some(gate) => {
                let state = gate.state();
                match state.gradient {
                    Some(_) => profile::Admission::Adaptive,
                    None => profile::Admission::Limit(state.limit),
                }
            }
        }
    }

    /// What the door says of itself.
    pub fn snapshot(&self) -> AdmissionSnapshot {
        let (limit, in_flight, waiting) = self.gate.as_ref().map_or((0, 0, 0), |gate| {
            let state = gate.state();
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

enum Asked {
    In(Place),
    Wait(oneshot::Receiver<Place>),
    Full,
}

impl Gate {
    fn ask(self: &Arc<Self>) -> Asked {
        let mut state = self.state();
        if state.in_flight < state.limit && state.waiting.is_empty() {
            state.in_flight += 1;
            drop(state);
            return Asked::In(self.place());
        }
        let most = state.limit as usize;
        if state.waiting.len() >= most {
            state.waiting.retain(|one| !one.is_closed());
            if state.waiting.len() >= most {
                return Asked::Full;
            }
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back(sender);
        Asked::Wait(receiver)
    }

    /// A place that was counted already.
    fn place(self: &Arc<Self>) -> Place {
        Place(Some(Taken {
            gate: Arc::clone(self),
            since: Instant::now(),
        }))
    }

    fn leave(self: &Arc<Self>, since: Instant) {
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
            // Who gave up in this very moment gives the place back by dropping it.
            drop(one.send(self.place()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under this lock, so the state is whole even then.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(Taken { gate, since }) = self.0.take() {
            gate.leave(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(text: &str) -> Admission {
        Admission::new(text.parse().unwrap(), Arc::default())
    }

    #[tokio::test]
    async fn without_a_limit_everybody_is_let_in_and_nothing_is_counted() {
        let door = door("off");
        let places: Vec<_> = futures_util::future::join_all((0..100).map(|_| door.enter())).await;
        assert!(places.iter().all(Result::is_ok));
        assert_eq!(door.snapshot(), AdmissionSnapshot::default());
        assert_eq!(door.in_force().to_string(), "off");
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_the_limit_wait_and_the_next_is_turned_away_at_once() {
        let door = door("limit(2)");
        let inside = [door.enter().await.unwrap(), door.enter().await.unwrap()];
        let (one, two) = (door.enter(), door.enter());
        tokio::pin!(one, two);
        assert!(futures_util::poll!(&mut one).is_pending());
        assert!(futures_util::poll!(&mut two).is_pending());
        assert!(door.enter().await.is_err());
        drop(inside);
        let _places = (one.await.unwrap(), two.await.unwrap());
        let now = door.snapshot();
        assert_eq!((now.limit, now.in_flight, now.waiting), (2, 2, 0));
        assert_eq!((now.admitted, now.shed), (4, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_turned_away_and_leaves_the_queue() {
        let door = door("limit(1)");
        let inside = door.enter().await.unwrap();
        let begin = tokio::time::Instant::now();
        assert!(door.enter().await.is_err());
        assert_eq!(begin.elapsed(), PATIENCE);
        assert_eq!(door.snapshot().waiting, 0);
        drop(inside);
        let next = door.enter().await.unwrap();
        assert_eq!(door.snapshot().in_flight, 1);
        drop(next);
        assert_eq!(door.snapshot().in_flight, 0);
    }

    #[tokio::test]
    async fn a_place_that_nobody_takes_goes_to_the_next() {
        let door = door("limit(1)");
        let inside = door.enter().await.unwrap();
        let mut gone = Box::pin(door.enter());
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(inside);
        // Its place was handed over, and it goes away without having looked.
        drop(gone);
        assert!(door.enter().await.is_ok());
        assert_eq!(door.snapshot().in_flight, 0);
    }
}
