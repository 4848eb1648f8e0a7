//! The rule of the method (section 2.3), on the intervals of the blocks' differences.

use super::metrics::EffectMetric;
use crate::schema::Decision;
use loadgen_stats::Interval;

/// Fewest pairs that have a 95 % interval at all.
pub(super) const FEWEST: usize = 6;

/// Difference of two shares that matters, in percentage points.
pub(super) const MARGIN_POINTS: f64 = 0.1;

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
