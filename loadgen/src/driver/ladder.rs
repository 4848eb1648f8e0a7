//! Response times by fixed upper bounds, counted as they happen: monitoring systems want bounds
//! that never move, and a bound at a promised time makes the share within it exact.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::units::Nanos;

/// Upper bounds in milliseconds, each of them inclusive.
pub const LADDER_MS: [u64; 15] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 750, 1_000, 2_500, 5_000, 10_000, 30_000,
];
/// The same, and one for everything beyond.
const RUNGS: usize = LADDER_MS.len() + 1;

/// Counters of one operation's successes.
#[derive(Debug)]
pub(super) struct Rungs {
    counts: [AtomicU64; RUNGS],
    sum_ns: AtomicU64,
}

impl Default for Rungs {
    fn default() -> Self {
        Self {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            sum_ns: AtomicU64::new(0),
        }
    }
}

impl Rungs {
    /// Counts one success.
    pub(super) fn count(&self, response: Nanos) {
        let rung = LADDER_MS.partition_point(|bound| Nanos::from_millis(*bound) < response);
        self.counts[rung].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(response.0, Relaxed);
    }

    /// The counters now.
    pub(super) fn read(&self) -> Ladder {
        Ladder {
            counts: array::from_fn(|rung| self.counts[rung].load(Relaxed)),
            sum_ns: self.sum_ns.load(Relaxed),
        }
    }
}

/// Response times of successes by upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ladder {
    counts: [u64; RUNGS],
    sum_ns: u64,
}

impl Ladder {
    /// How many lie between each bound of [`LADDER_MS`] and the one before; the last number is
    /// of those beyond all of them.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// All of them added up, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_rung_and_what_is_beyond_all_is_counted_too() {
        let rungs = Rungs::default();
        for ms in [1, 2, 1_000, 1_001, 31_000] {
            rungs.count(Nanos::from_millis(ms));
        }
        rungs.count(Nanos(1));
        let ladder = rungs.read();
        let at = |ms: u64| ladder.counts()[LADDER_MS.iter().position(|b| *b == ms).unwrap()];
        assert_eq!((at(1), at(2), at(1_000), at(2_500)), (2, 1, 1, 1));
        assert_eq!(ladder.counts().last(), Some(&1));
        assert!((ladder.sum_s() - 33.004).abs() < 1e-6);
    }
}
