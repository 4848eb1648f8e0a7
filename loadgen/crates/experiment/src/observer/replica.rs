//! What the replica of the database did over a span of observations.

use shared::snapshot::{ReplicaSnapshot, Snapshot};

use crate::schema::ReplicaFigures;

/// What the observations so far saw of the replica.
#[derive(Debug, Default)]
pub(super) struct ReplicaAccumulator {
    lag_bytes_max: u64,
    lag_us_max: u64,
}

impl ReplicaAccumulator {
    /// Adds what the next observation saw of it.
    pub(super) fn add(&mut self, one: &ReplicaSnapshot) {
        self.lag_bytes_max = self.lag_bytes_max.max(one.lag_bytes);
        self.lag_us_max = self.lag_us_max.max(one.lag_us);
    }

    /// What the replica did between the first and the last snapshot; absent where either lacks it, or where
    /// the target was restarted between.
    pub(super) fn figures(&self, first: &Snapshot, last: &Snapshot) -> Option<ReplicaFigures> {
        let (before, after) = (first.replica.as_ref()?, last.replica.as_ref()?);
        Some(ReplicaFigures {
            lag_bytes_max: self.lag_bytes_max,
            lag_s_max: self.lag_us_max as f64 / 1e6,
            reads: after.reads.checked_sub(before.reads)?,
            own_writes: after.own_writes.checked_sub(before.own_writes)?,
            fallbacks: after.fallbacks.checked_sub(before.fallbacks)?,
            losses: after.losses.checked_sub(before.losses)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(snapshots: &[&Snapshot]) -> Option<ReplicaFigures> {
        let mut accumulator = ReplicaAccumulator::default();
        let seen = snapshots.iter().filter_map(|one| one.replica.as_ref());
        seen.for_each(|one| accumulator.add(one));
        accumulator.figures(snapshots.first()?, snapshots.last()?)
    }

    fn snapshot(reads: u64, lag_us: u64) -> Snapshot {
        Snapshot {
            replica: Some(ReplicaSnapshot {
                usable: true,
                lag_bytes: lag_us * 2,
                lag_us,
                reads,
                own_writes: reads / 2,
                fallbacks: reads / 10,
                losses: 1,
            }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn reads_are_differences_and_the_lag_its_peak() {
        let snapshots = [snapshot(10, 0), snapshot(30, 250_000), snapshot(60, 1_000)];
        let all: Vec<&Snapshot> = snapshots.iter().collect();
        let found = figures(&all).unwrap();
        assert_eq!((found.reads, found.own_writes), (50, 25));
        assert_eq!((found.fallbacks, found.losses), (5, 0));
        assert_eq!(found.lag_bytes_max, 500_000);
        assert!((found.lag_s_max - 0.25).abs() < 1e-9);
        // 50 of 80 went to the replica.
        assert_eq!(found.share(), Some(50.0 / 80.0));
        // Restarted between, or not seen.
        assert_eq!(figures(&[&snapshots[2], &snapshots[0]]), None);
        assert_eq!(figures(&[&Snapshot::default(), &snapshots[0]]), None);
    }
}
