//! The rule of `docs/METHOD.md`, "What is decided", on the intervals of the blocks' differences.

use super::metrics::EffectMetric;
use crate::schema::Decision;
use loadgen_stats::{Interval, largest_share_of_none};

/// Fewest pairs that have a 95 % interval at all.
pub(super) const FEWEST: usize = 6;

/// Difference of two shares that matters, in percentage points.
pub(crate) const MARGIN_POINTS: f64 = 0.1;

/// Confidence of what is concluded from failures that did not occur.
pub(super) const CONFIDENCE: f64 = 0.95;

/// The largest share of failures, in per cent, that so many requests without one allow, if failures
/// are independent.
pub(crate) fn unseen_failures(requests: u64) -> f64 {
    largest_share_of_none(requests, CONFIDENCE) * 100.0
}

/// The decision, by the 95 % and the 90 % interval and the margin on their scale.
pub(super) fn claim(
    metric: &EffectMetric,
    wide: Option<Interval>,
    narrow: Option<Interval>,
    margin: f64,
) -> Decision {
    let (Some(wide), Some(narrow)) = (wide, narrow) else {
        return Decision::Inconclusive;
    };
    if -margin <= narrow.low && narrow.high <= margin {
        return Decision::NoChange;
    }
    let less = match metric.kind.less_is_better() {
        Some(less) if wide.high < 0.0 => less,
        Some(less) if wide.low > 0.0 => !less,
        _ => return Decision::Inconclusive,
    };
    if less {
        Decision::Improved
    } else {
        Decision::Regressed
    }
}
