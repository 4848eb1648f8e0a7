//! Counters of a running trial for the live view and monitoring: requests by outcome and a coarse
//! histogram. Relaxed atomics, read about once a second; no figure of a report comes from here.

mod counts;

pub use counts::ProgressCounts;

use counts::CountedOperation;
use std::{
    array,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::histogram_buckets::{BucketCounters, ResponseBuckets};
use crate::{
    clock::TrialClock,
    flow::Operations,
    sample::{OpId, Outcome},
    units::{Nanos, Quantile},
};

/// Buckets for each doubling: a bucket is at most 1/16 of its value wide.
const STEPS: u64 = 16;
/// Enough doublings of 1,024 ns for the longest time that is recorded.
const BUCKETS: usize = 448;

/// Shared between the driver and its observers.
#[derive(Debug)]
pub struct Progress {
    clock: OnceLock<TrialClock>,
    offered: AtomicU64,
    due: AtomicU64,
    users: AtomicU64,
    names: Operations,
    /// By the number of the operation.
    operations: Vec<OperationCounters>,
}

/// Counters of one operation.
#[derive(Debug)]
struct OperationCounters {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    buckets: [AtomicU64; BUCKETS],
    fixed: BucketCounters,
}

impl Progress {
    /// Counters at zero for these operations.
    pub fn new(names: Operations) -> Self {
        let counters = || OperationCounters {
            outcomes: array::from_fn(|_| AtomicU64::new(0)),
            buckets: array::from_fn(|_| AtomicU64::new(0)),
            fixed: BucketCounters::default(),
        };
        Self {
            clock: OnceLock::new(),
            offered: AtomicU64::new(0),
            due: AtomicU64::new(0),
            users: AtomicU64::new(0),
            names,
            operations: names.iter().map(|_| counters()).collect(),
        }
    }
}

/// The counters at one instant.
#[derive(Debug, Clone)]
pub struct ProgressSnapshot {
    /// Time since the epoch of the trial; 0 before it began.
    pub at: Nanos,
    /// Iterations that the schedule has started.
    pub offered: u64,
    /// Requests that are due and not done.
    pub open: u64,
    /// Users that are active; 0 in an open load.
    pub users: u64,
    /// All operations together.
    pub total: OperationCounts,
    /// Each operation with finished requests, by its name, in the order of the catalogue.
    pub operations: Vec<(&'static str, OperationCounts)>,
    /// Response times of each by fixed buckets, in the same order.
    pub bucket_counts: Vec<ResponseBuckets>,
}

/// Finished requests: of one operation, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationCounts {
    /// How they ended, by [`Outcome::index`].
    outcomes: [u64; Outcome::ALL.len()],
    /// Response times of the successes.
    buckets: Vec<u64>,
}

impl Default for OperationCounts {
    fn default() -> Self {
        Self {
            outcomes: [0; Outcome::ALL.len()],
            buckets: vec![0; BUCKETS],
        }
    }
}

/// Iterations started and requests finished per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoadRates {
    /// Iterations started per second.
    pub offered: f64,
    /// Requests finished per second.
    pub achieved: f64,
}

impl Progress {
    /// The clock of the trial; `None` until it has begun.
    pub fn clock(&self) -> Option<TrialClock> {
        self.clock.get().copied()
    }

    /// The counters now.
    pub fn snapshot(&self) -> ProgressSnapshot {
        let mut total = OperationCounts::default();
        let (mut operations, mut bucket_counts) = (Vec::new(), Vec::new());
        // Of the operations of a catalogue few are sent, and each has hundreds of counters.
        let sent = (self.operations.iter().enumerate()).filter(|(_, counters)| counters.is_used());
        for (index, counters) in sent {
            let done = counters.read();
            total.add(&done);
            operations.push((self.names.name(OpId(index as u16)), done));
            bucket_counts.push(counters.fixed.read());
        }
        ProgressSnapshot {
            at: self.clock().map(|clock| clock.now()).unwrap_or_default(),
            offered: self.offered.load(Relaxed),
            open: self.due.load(Relaxed).saturating_sub(total.count()),
            users: self.users.load(Relaxed),
            total,
            operations,
            bucket_counts,
        }
    }

    /// Sets the clock of the trial.
    pub fn begin(&self, clock: TrialClock) {
        // A second trial needs its own progress; keeping the first clock is harmless.
        let _already = self.clock.set(clock);
    }

    /// The counters as they go to another process.
    pub fn counts(&self) -> ProgressCounts {
        let operations = (0..).zip(&self.operations);
        ProgressCounts {
            offered: self.offered.load(Relaxed),
            due: self.due.load(Relaxed),
            users: self.users.load(Relaxed),
            operations: operations
                .filter(|(_, counters)| counters.is_used())
                .map(|(number, counters)| (number, counters.counted()))
                .collect(),
        }
    }

    /// Adds what another process counted since an earlier observation of it.
    pub fn advance(&self, earlier: &ProgressCounts, now: &ProgressCounts) {
        for (counter, earlier, now) in [
            (&self.offered, earlier.offered, now.offered),
            (&self.due, earlier.due, now.due),
            (&self.users, earlier.users, now.users),
        ] {
            // Users end, and a request that was due may be withdrawn.
            counter.fetch_add(now.wrapping_sub(earlier), Relaxed);
        }
        let nothing = CountedOperation::default();
        for (number, now) in &now.operations {
            let earlier = earlier.operations.get(number).unwrap_or(&nothing);
            if let Some(counters) = self.operations.get(usize::from(*number)) {
                counters.advance(earlier, now);
            }
        }
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

    /// Counts a user of a closed load as active until the guard is dropped.
    pub(super) fn active_user(self: &Arc<Self>) -> ActiveUser {
        self.users.fetch_add(1, Relaxed);
        ActiveUser(Arc::clone(self))
    }

    /// Counts a request that is done.
    pub fn done(&self, op: OpId, outcome: Outcome, response: Nanos) {
        let Some(counters) = self.operations.get(usize::from(op.0)) else {
            return;
        };
        counters.outcomes[outcome.index()].fetch_add(1, Relaxed);
        if outcome == Outcome::Ok {
            counters.buckets[bucket(response)].fetch_add(1, Relaxed);
            counters.fixed.count(response);
        }
    }
}

/// An active user of a closed load.
#[derive(Debug)]
pub(super) struct ActiveUser(Arc<Progress>);

impl Drop for ActiveUser {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Relaxed);
    }
}

impl OperationCounters {
    /// Whether a request is done.
    fn is_used(&self) -> bool {
        self.outcomes.iter().any(|count| count.load(Relaxed) > 0)
    }

    fn counted(&self) -> CountedOperation {
        let read = |count: &AtomicU64| count.load(Relaxed);
        let buckets = (0..).zip(self.buckets.iter().map(read));
        CountedOperation {
            outcomes: array::from_fn(|index| read(&self.outcomes[index])),
            buckets: buckets.filter(|(_, count)| *count > 0).collect(),
            fixed: self.fixed.read(),
        }
    }

    fn advance(&self, earlier: &CountedOperation, now: &CountedOperation) {
        for (count, (now, earlier)) in
            (self.outcomes.iter()).zip(now.outcomes.iter().zip(earlier.outcomes))
        {
            count.fetch_add(now.saturating_sub(earlier), Relaxed);
        }
        for (bucket, now) in &now.buckets {
            let earlier = earlier.buckets.get(bucket).copied().unwrap_or(0);
            if let Some(count) = self.buckets.get(usize::from(*bucket)) {
                count.fetch_add(now.saturating_sub(earlier), Relaxed);
            }
        }
        self.fixed.advance(&earlier.fixed, &now.fixed);
    }

    fn read(&self) -> OperationCounts {
        let read = |count: &AtomicU64| count.load(Relaxed);
        OperationCounts {
            outcomes: array::from_fn(|index| read(&self.outcomes[index])),
            buckets: self.buckets.iter().map(read).collect(),
        }
    }
}

impl OperationCounts {
    /// How many finished.
    pub fn count(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// How many failed.
    pub fn failed(&self) -> u64 {
        self.count() - self.outcomes[Outcome::Ok.index()]
    }

    /// Failures by outcome; outcomes that did not occur are left out.
    pub fn errors(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL
            .into_iter()
            .filter(|outcome| *outcome != Outcome::Ok)
            .map(|outcome| (outcome, self.outcomes[outcome.index()]))
            .filter(|(_, count)| *count > 0)
    }

    /// A quantile of the response times of all finished requests, in milliseconds with an error below
    /// 6 %; failures count as infinitely slow.
    pub fn response_ms(&self, quantile: Quantile) -> f64 {
        let rank = quantile.rank(self.count());
        at_rank_ms(&self.buckets, rank).unwrap_or(f64::INFINITY)
    }

    /// How many have a response time, in nanoseconds with an error below 6 %, of which `is_beyond`
    /// is true; that of a failure is infinite.
    pub fn beyond(&self, is_beyond: impl Fn(f64) -> bool) -> u64 {
        let ok: u64 = self
            .buckets
            .iter()
            .enumerate()
            .filter(|(bucket, count)| **count > 0 && is_beyond(middle_ms(*bucket) * 1e6))
            .map(|(_, count)| count)
            .sum();
        if is_beyond(f64::INFINITY) {
            ok + self.failed()
        } else {
            ok
        }
    }

    /// A quantile of the successes' response times, by its share, in milliseconds with an error below 6 %;
    /// `None` where there are none, and for a share that is none.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let ok = self.buckets.iter().sum();
        at_rank_ms(&self.buckets, Quantile::of(share).ok()?.rank(ok))
    }

    /// The requests that finished after an earlier snapshot.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let less = |(now, then): (&u64, &u64)| now.saturating_sub(*then);
        Self {
            outcomes: array::from_fn(|index| {
                less((&self.outcomes[index], &earlier.outcomes[index]))
            }),
            buckets: self
                .buckets
                .iter()
                .zip(&earlier.buckets)
                .map(less)
                .collect(),
        }
    }

    /// Histogram of the successes' response times with four bars for each doubling: from, to
    /// (milliseconds) and count. Empty bars at both ends are left out.
    pub fn bars(&self) -> Vec<(f64, f64, u64)> {
        const TOGETHER: usize = (STEPS / 4) as usize;
        let bars: Vec<(f64, f64, u64)> = self
            .buckets
            .chunks(TOGETHER)
            .enumerate()
            .map(|(index, counts)| {
                let first = index * TOGETHER;
                let to = bounds_ms(first + counts.len() - 1).1;
                (bounds_ms(first).0, to, counts.iter().sum())
            })
            .collect();
        let filled = |bar: &(f64, f64, u64)| bar.2 > 0;
        match (bars.iter().position(filled), bars.iter().rposition(filled)) {
            (Some(first), Some(last)) => bars[first..=last].to_vec(),
            _ => Vec::new(),
        }
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine += theirs;
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
    }
}

impl ProgressSnapshot {
    /// Counts of one operation; `None` where none of its requests has finished.
    pub fn operation(&self, name: &str) -> Option<&OperationCounts> {
        self.operations
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, done)| done)
    }

    /// Counts of the operations of which `is_wanted` says so, by name, together.
    pub fn of_operations(&self, is_wanted: impl Fn(&str) -> bool) -> OperationCounts {
        let mut sum = OperationCounts::default();
        for (_, done) in self.operations.iter().filter(|(name, _)| is_wanted(name)) {
            sum.add(done);
        }
        sum
    }

    /// Rates since an earlier snapshot.
    pub fn since(&self, earlier: &Self) -> LoadRates {
        let seconds = self.seconds_since(earlier);
        let done = self.total.count().saturating_sub(earlier.total.count());
        LoadRates {
            offered: self.offered.saturating_sub(earlier.offered) as f64 / seconds,
            achieved: done as f64 / seconds,
        }
    }

    /// Seconds since an earlier snapshot, at least one millisecond.
    pub fn seconds_since(&self, earlier: &Self) -> f64 {
        (self.at.since(earlier.at).0 as f64 / 1e9).max(1e-3)
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
    let (from, to) = bounds_ms(bucket);
    f64::midpoint(from, to)
}

/// Lower and upper bound of a bucket, in milliseconds.
fn bounds_ms(bucket: usize) -> (f64, f64) {
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
    let ms = |units: u64| units as f64 * 1_024.0 / 1e6;
    (ms(low), ms(low + width))
}

/// The `rank`-th smallest time, from 1; `None` beyond the last.
fn at_rank_ms(counts: &[u64], rank: u64) -> Option<f64> {
    let mut seen = 0;
    let bucket = counts.iter().position(|count| {
        seen += count;
        seen >= rank
    })?;
    Some(middle_ms(bucket))
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
