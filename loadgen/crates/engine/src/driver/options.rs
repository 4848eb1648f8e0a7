//! Options of a run beyond the load itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use shared::time::Millis;

use super::{
    client_options::ClientOptions, control_receiver::ControlReceiver, http_trace::HttpTrace,
};
use crate::{
    schedule::LoadShare,
    suite::{InFlight, UserPhase},
    units::Nanos,
};

/// Options of a run; all of them absent by default.
#[derive(Debug, Clone, Default)]
pub struct DriverOptions {
    /// Most iterations of all users together (closed model); the load ends when they are done.
    pub iterations: Option<u64>,
    /// How the client reaches the target.
    pub client: ClientOptions,
    /// Keeps the first exchanges until they are printed.
    pub trace: Option<HttpTrace>,
    /// Time between two iteration starts of a user (closed model).
    pub pace: Option<Millis>,
    /// How many of the users are active, phase after phase (closed model); empty: always all.
    pub ramp: Vec<UserPhase>,
    /// What happens to an arrival when too many requests are in flight (open model).
    pub in_flight: InFlight,
    /// Phases whose figures are also kept separately: name, begin, and first instant after the end.
    pub phases: Vec<(String, Nanos, Nanos)>,
    /// Receives changes of the load while it runs.
    pub control: Option<ControlReceiver>,
    /// How many requests of all workers are kept as raw samples.
    pub samples: Option<usize>,
    /// The part of the load that this process generates, with one thread; whole by default.
    pub share: LoadShare,
    /// The epoch of the trial; absent: as soon as the threads are there.
    pub start: Option<Instant>,
}

/// Iterations left, shared by all workers; none for an unlimited load.
#[derive(Debug, Clone, Default)]
pub(super) struct IterationBudget(Option<Arc<AtomicU64>>);

impl IterationBudget {
    pub(super) fn of(iterations: Option<u64>) -> Self {
        Self(iterations.map(|count| Arc::new(AtomicU64::new(count))))
    }

    /// Takes one iteration; false where none is left.
    pub(super) fn take(&self) -> bool {
        self.0.as_ref().is_none_or(|left| {
            left.fetch_update(Relaxed, Relaxed, |count| count.checked_sub(1))
                .is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_shared_and_no_budget_never_ends() {
        let budget = IterationBudget::of(Some(2));
        let other = budget.clone();
        assert!(budget.take() && other.take());
        assert!(!budget.take() && !other.take());
        assert!(IterationBudget::of(None).take());
    }
}
