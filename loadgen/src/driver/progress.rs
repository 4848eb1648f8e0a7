//! What the live view may see of a running trial: counters, and a coarse histogram. Relaxed
//! atomics, read about once a second; no figure of a report comes from here.

use std::{
    array,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::{
    clock::Clock,
    sample::Outcome,
    units::{Nanos, Quantile},
};

/// Buckets for each doubling: a bucket is at most 1/16 wide.
const STEPS: u64 = 16;
/// Enough doublings of 1,024 ns for two minutes.
const BUCKETS: usize = 400;

/// Shared between the driver and whoever watches it.
#[derive(Debug)]
pub struct Progress {
    clock: OnceLock<Clock>,
    offered: AtomicU64,
    due: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            clock: OnceLock::new(),
            offered: AtomicU64::new(0),
            due: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            buckets: array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

/// The counters at one instant.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Since the epoch of the trial; 0 before it began.
    pub at: Nanos,
    /// Iterations that the schedule has started.
    pub offered: u64,
    /// Requests that are due and not done.
    pub open: u64,
    /// Requests that are done.
    pub completed: u64,
    /// Requests that did not end as they should.
    pub failed: u64,
    buckets: Vec<u64>,
}

/// What happened between two snapshots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Iterations started a second.
    pub offered: f64,
    /// Requests done a second.
    pub achieved: f64,
    /// Median response time of the successes in milliseconds, to 6 %.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the same.
    pub p95_ms: Option<f64>,
}

impl Progress {
    /// The clock of the trial; `None` until it has begun.
    pub fn clock(&self) -> Option<Clock> {
        self.clock.get().copied()
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let completed = self.completed.load(Relaxed);
        Snapshot {
            at: self.clock().map(|clock| clock.now()).unwrap_or_default(),
            offered: self.offered.load(Relaxed),
            open: self.due.load(Relaxed).saturating_sub(completed),
            completed,
            failed: self.failed.load(Relaxed),
            buckets: self
                .buckets
                .iter()
                .map(|count| count.load(Relaxed))
                .collect(),
        }
    }

    pub(super) fn begin(&self, clock: Clock) {
        // A second trial needs a second progress; keeping the first clock is harmless.
        let _already = self.clock.set(clock);
    }

    pub(super) fn offered(&self) {
        self.offered.fetch_add(1, Relaxed);
    }

    pub(super) fn due(&self) {
        self.due.fetch_add(1, Relaxed);
    }

    /// A due request was not made after all.
    pub(super) fn withdrawn(&self) {
        self.due.fetch_sub(1, Relaxed);
    }

    pub(super) fn done(&self, outcome: Outcome, response: Nanos) {
        self.completed.fetch_add(1, Relaxed);
        if outcome == Outcome::Ok {
            self.buckets[bucket(response)].fetch_add(1, Relaxed);
        } else {
            self.failed.fetch_add(1, Relaxed);
        }
    }
}

impl Snapshot {
    /// Response time at a share of all that is done, in milliseconds to 6 %; failures count as
    /// infinitely slow.
    pub fn response_ms(&self, quantile: Quantile) -> f64 {
        let ok: u64 = self.buckets.iter().sum();
        let rank = quantile.rank(self.completed);
        if rank > ok || ok == 0 {
            return f64::INFINITY;
        }
        quantile_ms(&self.buckets, rank as f64 / ok as f64).unwrap_or(f64::INFINITY)
    }

    /// What happened since an earlier snapshot.
    pub fn since(&self, earlier: &Self) -> Rates {
        let seconds = (self.at.since(earlier.at).0 as f64 / 1e9).max(1e-3);
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .zip(&earlier.buckets)
            .map(|(now, then)| now.saturating_sub(*then))
            .collect();
        Rates {
            offered: self.offered.saturating_sub(earlier.offered) as f64 / seconds,
            achieved: self.completed.saturating_sub(earlier.completed) as f64 / seconds,
            p50_ms: quantile_ms(&counts, 0.5),
            p95_ms: quantile_ms(&counts, 0.95),
        }
    }
}

fn bucket(response: Nanos) -> usize {
    let units = response.0 >> 10;
    if units < STEPS {
        return units as usize;
    }
    let doubling = u64::from(units.ilog2()) - 3;
    let step = (units >> (doubling - 1)) & (STEPS - 1);
    ((doubling * STEPS + step) as usize).min(BUCKETS - 1)
}

/// The middle of a bucket in milliseconds.
fn middle_ms(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    let (low, width) = if bucket < STEPS {
        (bucket, 1)
    } else {
        let doubling = bucket / STEPS;
        (
            (STEPS + bucket % STEPS) << (doubling - 1),
            1 << (doubling - 1),
        )
    };
    (low as f64 + f64::from(width as u32) / 2.0) * 1_024.0 / 1e6
}

fn quantile_ms(counts: &[u64], share: f64) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    let rank = (share * total as f64).ceil().max(1.0) as u64;
    let mut seen = 0;
    counts.iter().enumerate().find_map(|(bucket, count)| {
        seen += count;
        (seen >= rank && total > 0).then(|| middle_ms(bucket))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_into_a_bucket_whose_middle_is_close_to_it() {
        for ns in [
            2_000,
            17_000,
            100_000,
            999_999,
            5_000_000,
            123_456_789,
            90_000_000_000,
        ] {
            let middle = middle_ms(bucket(Nanos(ns))) * 1e6;
            let error = (middle - ns as f64).abs() / ns as f64;
            assert!(
                error < 0.3 && (ns < 16_384 || error < 0.04),
                "{ns}: {middle}"
            );
        }
        assert!(bucket(Nanos(u64::MAX)) < BUCKETS);
    }

    #[test]
    fn rates_are_those_between_two_snapshots() {
        let progress = Progress::default();
        let before = progress.snapshot();
        for _ in 0..10 {
            progress.offered();
            progress.due();
        }
        for _ in 0..8 {
            progress.done(Outcome::Ok, Nanos::from_millis(20));
        }
        progress.done(Outcome::Timeout, Nanos::from_millis(900));
        let mut after = progress.snapshot();
        assert_eq!((after.open, after.failed), (1, 1));
        after.at = before.at + Nanos::from_secs(2);
        let rates = after.since(&before);
        assert!((rates.offered - 5.0).abs() < 1e-9);
        assert!((rates.p95_ms.unwrap() - 20.0).abs() < 1.0);
    }
}
