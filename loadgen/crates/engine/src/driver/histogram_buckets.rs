//! Response times in buckets with fixed upper bounds, counted while the load runs: monitoring
//! systems need bounds that never change, and a bound at a threshold makes the share within exact.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use serde::{Deserialize, Serialize};

use crate::units::Nanos;

/// Upper bounds in milliseconds, each of them inclusive.
pub const BUCKET_BOUNDS_MS: [u64; 15] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 750, 1_000, 2_500, 5_000, 10_000, 30_000,
];
/// Number of buckets: one for each bound, and one for everything above.
const BUCKETS: usize = BUCKET_BOUNDS_MS.len() + 1;

/// Counters of the successes of one operation.
#[derive(Debug)]
pub(super) struct BucketCounters {
    counts: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
}

impl Default for BucketCounters {
    fn default() -> Self {
        Self {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            sum_ns: AtomicU64::new(0),
        }
    }
}

impl BucketCounters {
    /// Counts one success.
    pub(super) fn count(&self, response: Nanos) {
        let bucket =
            BUCKET_BOUNDS_MS.partition_point(|bound| Nanos::from_millis(*bound) < response);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(response.0, Relaxed);
    }

    /// Adds what another process counted since an earlier observation of it.
    pub(super) fn advance(&self, earlier: &ResponseBuckets, now: &ResponseBuckets) {
        for (count, (now, earlier)) in self
            .counts
            .iter()
            .zip(now.counts.iter().zip(earlier.counts))
        {
            count.fetch_add(now.saturating_sub(earlier), Relaxed);
        }
        let sum_ns = now.sum_ns.saturating_sub(earlier.sum_ns);
        self.sum_ns.fetch_add(sum_ns, Relaxed);
    }

    /// The current values.
    pub(super) fn read(&self) -> ResponseBuckets {
        ResponseBuckets {
            counts: array::from_fn(|bucket| self.counts[bucket].load(Relaxed)),
            sum_ns: self.sum_ns.load(Relaxed),
        }
    }
}

/// Number of successes in each bucket, and the sum of their response times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResponseBuckets {
    counts: [u64; BUCKETS],
    sum_ns: u64,
}

impl ResponseBuckets {
    /// How many lie in the bucket of each bound of [`BUCKET_BOUNDS_MS`], without those of lower
    /// buckets; the last number is of those above all bounds.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Sum of the response times, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_values_above_all_bounds_are_counted() {
        let buckets = BucketCounters::default();
        for ms in [1, 2, 1_000, 1_001, 31_000] {
            buckets.count(Nanos::from_millis(ms));
        }
        buckets.count(Nanos(1));
        let counts = buckets.read();
        let at = |ms: u64| counts.counts()[BUCKET_BOUNDS_MS.iter().position(|b| *b == ms).unwrap()];
        assert_eq!((at(1), at(2), at(1_000), at(2_500)), (2, 1, 1, 1));
        assert_eq!(counts.counts().last(), Some(&1));
        assert!((counts.sum_s() - 33.004).abs() < 1e-6);
    }
}
