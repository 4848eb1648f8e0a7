//! A percentile, or why there is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A percentile of response times. Failures count as infinitely slow.
///
/// Stored as a number of milliseconds, as `"beyond_timeout"`, or as `{"too_few": 13}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "StoredPercentile", into = "StoredPercentile")]
#[schemars(with = "StoredPercentile")]
pub enum Percentile {
    /// In milliseconds.
    Known(f64),
    /// More requests failed than it allows.
    BeyondTimeout,
    /// Fewer than [`FEWEST_BEYOND`](Self::FEWEST_BEYOND) of the samples lie beyond it: of so few
    /// it would be one of the largest, and nothing that a repetition would find again.
    TooFew {
        /// How many samples there are.
        n: u64,
    },
}

/// As it is stored.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum StoredPercentile {
    Known(f64),
    Beyond(BeyondWord),
    TooFew { too_few: u64 },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BeyondWord {
    BeyondTimeout,
}

impl Percentile {
    /// Fewest samples beyond a percentile that is given.
    pub const FEWEST_BEYOND: u64 = 10;

    /// Whether so many samples have a percentile of that share.
    pub fn is_supported(share: f64, samples: u64) -> bool {
        // A rounding error is no sample: 400 samples have 10 beyond 0.975.
        samples as f64 * (1.0 - share) + 1e-6 >= Self::FEWEST_BEYOND as f64
    }

    /// Fewest samples that have a percentile of that share.
    pub fn fewest_samples(share: f64) -> u64 {
        (Self::FEWEST_BEYOND as f64 / (1.0 - share) - 1e-6).ceil() as u64
    }

    /// The percentile of that share of `samples`, of which it is `ms` if it is not beyond the
    /// timeout.
    pub fn of(share: f64, samples: u64, ms: Option<f64>) -> Self {
        if Self::is_supported(share, samples) {
            ms.map_or(Self::BeyondTimeout, Self::Known)
        } else {
            Self::TooFew { n: samples }
        }
    }

    /// The milliseconds, where it is known.
    pub const fn ms(self) -> Option<f64> {
        match self {
            Self::Known(ms) => Some(ms),
            Self::BeyondTimeout | Self::TooFew { .. } => None,
        }
    }

    /// The milliseconds by which percentiles are put in order: beyond the timeout is longer than every
    /// figure.
    pub const fn in_order(self) -> Option<f64> {
        match self {
            Self::Known(ms) => Some(ms),
            Self::BeyondTimeout => Some(f64::INFINITY),
            Self::TooFew { .. } => None,
        }
    }
}

impl Default for Percentile {
    /// Of nothing.
    fn default() -> Self {
        Self::TooFew { n: 0 }
    }
}

impl From<StoredPercentile> for Percentile {
    fn from(stored: StoredPercentile) -> Self {
        match stored {
            StoredPercentile::Known(ms) => Self::Known(ms),
            StoredPercentile::Beyond(BeyondWord::BeyondTimeout) => Self::BeyondTimeout,
            StoredPercentile::TooFew { too_few } => Self::TooFew { n: too_few },
        }
    }
}

impl From<Percentile> for StoredPercentile {
    fn from(percentile: Percentile) -> Self {
        match percentile {
            Percentile::Known(ms) => Self::Known(ms),
            Percentile::BeyondTimeout => Self::Beyond(BeyondWord::BeyondTimeout),
            Percentile::TooFew { n } => Self::TooFew { too_few: n },
        }
    }
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct Percentiles {
    pub p50: Percentile,
    pub p90: Percentile,
    pub p95: Percentile,
    pub p97_5: Percentile,
    pub p99: Percentile,
    pub p99_9: Percentile,
    /// The fastest success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The slowest request; absent where it failed, or where there is none.
    pub max: Option<f64>,
    /// Of the successes.
    pub mean: Option<f64>,
    /// Standard deviation of the successes.
    pub stdev: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        for (share, fewest) in [
            (0.5, 20),
            (0.9, 100),
            (0.95, 200),
            (0.975, 400),
            (0.99, 1_000),
            (0.999, 10_000),
        ] {
            assert_eq!(Percentile::fewest_samples(share), fewest);
            assert_eq!(
                Percentile::of(share, fewest, Some(1.0)),
                Percentile::Known(1.0)
            );
            let n = fewest - 1;
            let few = Percentile::of(share, n, Some(1.0));
            assert_eq!((few, few.ms()), (Percentile::TooFew { n }, None));
        }
        assert_eq!(Percentile::of(0.5, 13, None), Percentile::TooFew { n: 13 });
        assert_eq!(Percentile::of(0.5, 20, None), Percentile::BeyondTimeout);
    }

    #[test]
    fn a_percentile_is_stored_plainly() {
        for (percentile, stored) in [
            (Percentile::Known(1.5), "1.5"),
            (Percentile::BeyondTimeout, "\"beyond_timeout\""),
            (Percentile::TooFew { n: 13 }, "{\"too_few\":13}"),
        ] {
            assert_eq!(serde_json::to_string(&percentile).unwrap(), stored);
            let read: Percentile = serde_json::from_str(stored).unwrap();
            assert_eq!(read, percentile);
        }
    }
}
