//! Shares of failures and of stale reads: compared by their totals over the blocks.
//!
//! Failures are rare and come in bursts: one trial of twelve may fail whole. The median of the blocks'
//! differences does not see that, their mean does. It is weighted by the requests of a block, so
//! that it is the difference of the total shares, and tested by flipping the sign of whole blocks.
//!
//! NO_CHANGE needs more than an interval within the margin: bursts that occur in one trial of ten
//! must have had their chance (29 blocks), and so many requests that a share of the margin would have
//! shown (3,000 an arm).

use std::fmt::Write as _;

use super::{
    metrics::EffectMetric,
    reading::ShareCount,
    rule::{CONFIDENCE, FEWEST, MARGIN_POINTS, claim, unseen_failures},
    sentence::too_few,
};
use crate::{
    metric::{MetricId, OperationFigure, difference as change, differences, percent as share},
    schema::{Decision, Effect, EffectDifference, MetricKind, Trial},
};
use loadgen_stats::{SubsetMeans, largest_share_of_none};

/// Share of the trials that a burst may occur in unseen.
const BURSTS: f64 = 0.1;

/// One arm over all blocks.
#[derive(Debug, Clone, Copy, Default)]
struct ArmTotal {
    requests: ShareCount,
    /// Blocks in which any failed.
    blocks: usize,
}

impl ArmTotal {
    fn add(&mut self, one: ShareCount) {
        self.requests.failed += one.failed;
        self.requests.of += one.of;
        self.blocks += usize::from(one.failed > 0);
    }
}

/// Decides on a share; absent without a request in both arms of some block.
pub(super) fn decide(
    metric: &EffectMetric,
    claims: usize,
    pairs: &[(&Trial, &Trial)],
    mut effect: Effect,
) -> Option<Effect> {
    let counts = counts(metric, pairs);
    let (before, after) = totals(&counts);
    if counts.is_empty() {
        return None;
    }
    // A loss is the share that failed; of successes the rest is shown.
    let good = metric.kind == MetricKind::Share;
    let shown = |one: ArmTotal| {
        let failed = percent(one.requests);
        Some(if good { 100.0 - failed } else { failed })
    };
    effect.before = shown(before);
    effect.after = shown(after);
    let sign = if good { -1.0 } else { 1.0 };
    let mean_weight = counts.iter().map(weight).sum::<f64>() / counts.len() as f64;
    let points: Vec<f64> = counts
        .iter()
        .map(|pair| {
            let (before, after) = pair;
            sign * (percent(*after) - percent(*before)) * weight(pair) / mean_weight
        })
        .collect();
    let means = SubsetMeans::of(&points)?;
    let wide = means.interval(0.95);
    effect.p = Some(means.two_sided_p());
    effect.level = wide.map(|wide| wide.level);
    effect.difference = Some(EffectDifference {
        estimate: means.mean(),
        // Blocks of more requests weigh more, so that their points may be beyond 100; a share is not.
        interval: wide.map(|wide| (wide.low.max(-100.0), wide.high.min(100.0))),
    });
    effect.decision = claim(metric, wide, means.interval(0.90), MARGIN_POINTS);
    let requests = before.requests.of.min(after.requests.of);
    let unseen = largest_share_of_none(counts.len() as u64, CONFIDENCE) > BURSTS
        || unseen_failures(requests) > MARGIN_POINTS;
    if effect.decision == Decision::NoChange && unseen {
        effect.decision = Decision::Inconclusive;
    }
    effect.sentence = sentence(metric, &effect, claims, counts.len(), before, after);
    Some(effect)
}

/// A warning for each share of which one arm alone has any failure: a mean may be undecided, the
/// failures are facts.
pub(super) fn failures_in_one_arm(
    metrics: &[EffectMetric],
    pairs: &[(&Trial, &Trial)],
) -> Vec<String> {
    metrics
        .iter()
        .filter(|metric| metric.id != MetricId::Total(OperationFigure::Success))
        .filter_map(|metric| {
            let counts = counts(metric, pairs);
            let (before, after) = totals(&counts);
            let (arm, some, none) = match (before.blocks, after.blocks) {
                (0, 0) => return None,
                (_, 0) => ("before", before, after),
                (0, _) => ("after", after, before),
                _ => return None,
            };
            Some(format!(
                "{}: only `{arm}` has any: {} in {} of {} block(s), against none of {}",
                what(metric),
                of(some.requests),
                some.blocks,
                counts.len(),
                none.requests.of
            ))
        })
        .collect()
}

/// The counts of the blocks in which both arms have a request.
fn counts(metric: &EffectMetric, pairs: &[(&Trial, &Trial)]) -> Vec<(ShareCount, ShareCount)> {
    pairs
        .iter()
        .filter_map(|(before, after)| {
            Some((metric.share_count(before)?, metric.share_count(after)?))
        })
        .filter(|(before, after)| before.of > 0 && after.of > 0)
        .collect()
}

fn totals(counts: &[(ShareCount, ShareCount)]) -> (ArmTotal, ArmTotal) {
    let (mut before, mut after) = (ArmTotal::default(), ArmTotal::default());
    for (one, other) in counts {
        before.add(*one);
        after.add(*other);
    }
    (before, after)
}

/// A block counts by the requests of both arms.
fn weight(pair: &(ShareCount, ShareCount)) -> f64 {
    (pair.0.of + pair.1.of) as f64
}

fn percent(count: ShareCount) -> f64 {
    count.failed as f64 / count.of.max(1) as f64 * 100.0
}

fn of(count: ShareCount) -> String {
    format!("{} of {}", count.failed, count.of)
}

/// What is counted.
fn what(metric: &EffectMetric) -> String {
    match &metric.id {
        MetricId::Total(OperationFigure::Success) => "total failures".to_owned(),
        MetricId::Operation(name, OperationFigure::Success) => format!("{name} failures"),
        other => other.to_string(),
    }
}

fn sentence(
    metric: &EffectMetric,
    effect: &Effect,
    claims: usize,
    blocks: usize,
    before: ArmTotal,
    after: ArmTotal,
) -> String {
    let mut text = format!(
        "{}: before {}, after {}",
        what(metric),
        of(before.requests),
        of(after.requests)
    );
    // Writing to a String cannot fail.
    let _infallible = match (before.blocks, after.blocks) {
        (0, 0) => write!(
            text,
            "; none in either arm, which allows a share of {} if failures are independent",
            share(
                unseen_failures(before.requests.of.min(after.requests.of)) / 100.0,
                2
            )
        ),
        (some, 0) => write!(text, "; in `before` alone, in {some} of {blocks} block(s)"),
        (0, some) => write!(text, "; in `after` alone, in {some} of {blocks} block(s)"),
        (one, other) => write!(text, "; in {one} and {other} of {blocks} block(s)"),
    };
    if let (Some(difference), Some(level)) = (effect.difference, effect.level)
        && let Some((low, high)) = difference.interval
        && before.blocks + after.blocks > 0
    {
        let _infallible = write!(
            text,
            "; {} ({:.1} % interval {})",
            change(difference.estimate, effect.unit),
            level * 100.0,
            differences(low, high, effect.unit)
        );
    }
    let decided = match effect.decision {
        Decision::Improved => "it improved".to_owned(),
        Decision::Regressed => "it got worse".to_owned(),
        Decision::NoChange => {
            format!("no difference that matters (margin {MARGIN_POINTS} percentage points)")
        }
        Decision::Inconclusive if blocks < FEWEST => too_few(blocks, claims),
        Decision::Inconclusive | Decision::Invalid => "undecided".to_owned(),
    };
    format!("{text}; {decided}")
}
