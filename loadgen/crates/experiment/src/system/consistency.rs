//! What clients know of their writes in a trial, and how fresh what they read back was.

use std::time::Duration;

use crate::schema::{Consistency, Percentile};

/// Most ages of stale reads that are kept.
pub const MAX_STALE_AGES: usize = 100_000;

/// Writes of a trial by what their clients know of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// The client has a response that says it was done.
    pub acknowledged: u64,
    /// Refused for a reason.
    pub refused: u64,
    /// No answer, or a failure: it may be there or not.
    pub in_doubt: u64,
    /// Writes that found no room in the ledger.
    pub omitted: u64,
}

/// Reads that had something acknowledged to show, and how many of them lacked some of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Freshness {
    /// Reads that had something acknowledged to show.
    pub reads: u64,
    /// Of those, reads that lacked some of it.
    pub stale: u64,
    /// Age of what each stale read lacked, ascending; at most [`MAX_STALE_AGES`].
    pub ages: Vec<Duration>,
}

impl Freshness {
    /// The age that `share` of the stale reads do not exceed (nearest rank); `None` without one.
    pub fn age(&self, share: f64) -> Option<Duration> {
        let rank = (share * self.ages.len() as f64).ceil() as usize;
        self.ages.get(rank.max(1) - 1).copied()
    }
}

/// What clients know of one trial or several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConsistencyRecord {
    /// What clients know of their writes.
    pub writes: WriteCounts,
    /// How fresh the data was that clients read.
    pub freshness: Freshness,
}

impl ConsistencyRecord {
    /// Adds those of another trial.
    pub fn add(&mut self, other: &Self) {
        self.writes.acknowledged += other.writes.acknowledged;
        self.writes.refused += other.writes.refused;
        self.writes.in_doubt += other.writes.in_doubt;
        self.writes.omitted += other.writes.omitted;
        let (freshness, more) = (&mut self.freshness, &other.freshness);
        freshness.reads += more.reads;
        freshness.stale += more.stale;
        let room = MAX_STALE_AGES.saturating_sub(freshness.ages.len());
        freshness.ages.extend(more.ages.iter().take(room));
        freshness.ages.sort_unstable();
    }

    /// As it is stored.
    pub fn stored(&self) -> Consistency {
        let age = |share: f64| self.freshness.age(share).map(|age| age.as_secs_f64() * 1e3);
        let kept = self.freshness.ages.len() as u64;
        let percentile = |share: f64| Percentile::of(share, kept, age(share));
        Consistency {
            acknowledged: self.writes.acknowledged,
            refused: self.writes.refused,
            in_doubt: self.writes.in_doubt,
            omitted: self.writes.omitted,
            reads: self.freshness.reads,
            stale_reads: self.freshness.stale,
            stale_p50_ms: percentile(0.5),
            stale_p99_ms: percentile(0.99),
            stale_max_ms: age(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_several_trials_add_up_and_their_ages_stay_in_order() {
        let one = |acknowledged, ms: &[u64]| ConsistencyRecord {
            writes: WriteCounts {
                acknowledged,
                ..WriteCounts::default()
            },
            freshness: Freshness {
                reads: 10,
                stale: ms.len() as u64,
                ages: ms.iter().copied().map(Duration::from_millis).collect(),
            },
        };
        let mut all = one(3, &[5, 9]);
        all.add(&one(4, &[1]));
        let stored = all.stored();
        assert_eq!(
            (stored.acknowledged, stored.reads, stored.stale_reads),
            (7, 20, 3)
        );
        assert_eq!(
            (stored.stale_p50_ms, stored.stale_max_ms),
            (Percentile::TooFew { n: 3 }, Some(9.0))
        );
        all.add(&one(0, &[5; 17]));
        assert_eq!(all.stored().stale_p50_ms, Percentile::Known(5.0));
    }
}
