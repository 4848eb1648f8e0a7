//! What a run may have beyond the load itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use shared::time::Millis;

use super::{helm::Helm, showing::Showing, wire::Wire};
use crate::{
    suite::{InFlight, UserPhase},
    units::Nanos,
};

/// All of it absent by default.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Most iterations of all users together (closed model); the load ends when they are done.
    pub iterations: Option<u64>,
    /// How bytes travel.
    pub wire: Wire,
    /// Exchanges to be shown to a person.
    pub showing: Option<Showing>,
    /// Time from one start of a user's iteration to the next (closed model).
    pub pace: Option<Millis>,
    /// How many of the users are there, phase after phase (closed model); empty: always all.
    pub ramp: Vec<UserPhase>,
    /// What becomes of an arrival when many are under way (open model).
    pub in_flight: InFlight,
    /// Spans whose figures are kept for themselves too: name, begin, and first instant after.
    pub phases: Vec<(String, Nanos, Nanos)>,
    /// Where wishes for another load come from.
    pub helm: Option<Helm>,
    /// How many requests of all workers are kept one by one.
    pub samples: Option<usize>,
}

/// How many iterations are left, for all workers.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(Option<Arc<AtomicU64>>);

impl Budget {
    pub(super) fn of(iterations: Option<u64>) -> Self {
        Self(iterations.map(|count| Arc::new(AtomicU64::new(count))))
    }

    /// Takes one; false where none is left.
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
    fn a_budget_is_spent_by_all_together_and_none_never_ends() {
        let budget = Budget::of(Some(2));
        let other = budget.clone();
        assert!(budget.take() && other.take());
        assert!(!budget.take() && !other.take());
        assert!(Budget::of(None).take());
    }
}
