//! The ledger of one process as it goes to the one that joins several.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::ledger::Ledger;

use loadgen_experiment::system::{Freshness, MAX_STALE_AGES};

/// What the clients of one process know of their writes, and how fresh what they read back was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientRecord {
    /// Every write with its outcome.
    pub ledger: Ledger,
    /// Reads that had something acknowledged to show.
    reads: u64,
    /// Of those, reads that lacked some of it.
    stale: u64,
    /// Age of what each stale read lacked, in microseconds, ascending.
    ages_us: Vec<u64>,
}

impl ClientRecord {
    /// Of a ledger and the freshness of its reads.
    pub(super) fn of(ledger: Ledger, freshness: &Freshness) -> Self {
        let ages = freshness.ages.iter();
        Self {
            ledger,
            reads: freshness.reads,
            stale: freshness.stale,
            ages_us: ages.map(|age| age.as_micros() as u64).collect(),
        }
    }

    /// The freshness of the reads.
    pub(super) fn freshness(&self) -> Freshness {
        let ages = self.ages_us.iter().take(MAX_STALE_AGES);
        Freshness {
            reads: self.reads,
            stale: self.stale,
            ages: ages.copied().map(Duration::from_micros).collect(),
        }
    }
}
