//! From paired figures to a decision, by the rule of `docs/METHOD.md`, "What is decided":
//!
//! ```text
//! fewer than 6 blocks            INCONCLUSIVE, with the figures
//! 90 % interval within margin    NO_CHANGE (two one-sided tests at 5 %)
//! 95 % interval beyond 1         IMPROVED or REGRESSED
//! else                           INCONCLUSIVE, with how many blocks would do
//! ```
//!
//! All of it on one number a block: the unit of analysis is the trial, never the request. That is the
//! logarithm of after / before; where a figure is 0 the difference after - before; of failures and
//! stale reads the difference of the shares (`totals.rs`). A figure beyond the timeout is known to be
//! at least the timeout, and its block's number lies between bounds.
//!
//! NO_CHANGE of a cache's hit ratio needs so many look-ups in each arm that a share of the margin would
//! have shown among them: where all of three look-ups hit in every block, the blocks are alike and their
//! spread of 0 says nothing.

use super::{
    metrics::EffectMetric,
    reading::TrialReading,
    rule::{MARGIN_POINTS, claim, unseen_failures},
    sentence::{self, ComparedFigures},
    totals,
};
use crate::schema::{Decision, Effect, EffectDifference, MetricUnit, RatioBound, Trial};
use loadgen_stats::{
    Bounds, Interval, bounded_estimate, bounded_interval, bounded_p, hodges_lehmann, median,
    paired_t_p,
};

/// Decides on one metric from the valid pairs `(before, after)`. `claims` is the number of claims of
/// the experiment, whether or not this metric is one of them (`primary`).
pub fn decide(
    metric: &EffectMetric,
    primary: bool,
    claims: usize,
    pairs: &[(&Trial, &Trial)],
) -> Option<Effect> {
    let effect = Effect {
        primary,
        ..Effect::unknown(metric.id.clone())
    };
    if metric.is_counted() {
        return totals::decide(metric, claims, pairs, effect);
    }
    // Blocks in which either arm has nothing to say have nothing to compare.
    let pairs: Vec<Pair> = pairs
        .iter()
        .filter_map(|(before, after)| {
            Some(Pair {
                before: metric.reading(before)?,
                after: metric.reading(after)?,
                look_ups: metric.look_ups(before).zip(metric.look_ups(after)),
            })
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    Some(compare(metric, claims, &pairs, effect))
}

/// One block's figures.
#[derive(Debug, Clone, Copy)]
struct Pair {
    before: TrialReading,
    after: TrialReading,
    /// Look-ups of either arm, where the figures are hit ratios.
    look_ups: Option<(u64, u64)>,
}

impl Pair {
    /// after - before, both through `scale`.
    fn difference(self, scale: fn(f64) -> f64) -> Bounds {
        match (self.before, self.after) {
            (TrialReading::Known(before), TrialReading::Known(after)) => {
                Bounds::exactly(scale(after) - scale(before))
            }
            (TrialReading::Beyond(limit), TrialReading::Known(after)) => {
                Bounds::at_most(scale(after) - scale(limit))
            }
            (TrialReading::Known(before), TrialReading::Beyond(limit)) => {
                Bounds::at_least(scale(limit) - scale(before))
            }
            (TrialReading::Beyond(_), TrialReading::Beyond(_)) => Bounds::UNKNOWN,
        }
    }

    /// The figures, where both are known.
    const fn known(self) -> Option<(f64, f64)> {
        match (self.before, self.after) {
            (TrialReading::Known(before), TrialReading::Known(after)) => Some((before, after)),
            _ => None,
        }
    }
}

fn compare(metric: &EffectMetric, claims: usize, pairs: &[Pair], mut effect: Effect) -> Effect {
    let side = |of: fn(&Pair) -> TrialReading| shown(pairs.iter().map(of));
    effect.before = side(|pair| pair.before);
    effect.after = side(|pair| pair.after);
    let is_zero = |one: TrialReading| matches!(one, TrialReading::Known(figure) if figure <= 0.0);
    let by_ratio = !pairs
        .iter()
        .any(|pair| is_zero(pair.before) || is_zero(pair.after));
    let scale: fn(f64) -> f64 = if by_ratio { f64::ln } else { |figure| figure };
    let differences: Vec<Bounds> = pairs.iter().map(|pair| pair.difference(scale)).collect();
    let margin = margin(metric, by_ratio, &effect);
    let wide = bounded_interval(&differences, 0.95);
    // A claim is tested by ranks. In a table of other figures no rank of six blocks could stand.
    let exact = |pair: &Pair| {
        let (before, after) = pair.known()?;
        Some(scale(after) - scale(before))
    };
    let all_exact: Option<Vec<f64>> = pairs.iter().map(exact).collect();
    effect.p = all_exact
        .filter(|_| !effect.primary)
        .and_then(|all| paired_t_p(&all))
        .or_else(|| bounded_p(&differences));
    effect.level = wide.map(|wide| wide.level);
    if by_ratio {
        set_ratio(&mut effect, pairs, &differences, wide);
    } else {
        effect.difference = difference(pairs, wide);
    }
    let narrow = bounded_interval(&differences, 0.90);
    effect.decision = claim(metric, wide, narrow, margin);
    // The margin in percentage points: of a ratio, a share of the lower arm's figure.
    let lower = effect.before.zip(effect.after).map(|(a, b)| a.min(b));
    let points = match lower {
        Some(lower) if by_ratio => metric.margin * lower,
        _ => margin,
    };
    let few_look_ups = fewest_look_ups(pairs).filter(|fewest| {
        effect.decision == Decision::NoChange && unseen_failures(*fewest) > points
    });
    if few_look_ups.is_some() {
        effect.decision = Decision::Inconclusive;
    }
    let beyond = |of: fn(&Pair) -> TrialReading| {
        pairs
            .iter()
            .filter(|pair| matches!(of(pair), TrialReading::Beyond(_)))
            .count()
    };
    effect.sentence = sentence::of_figures(
        metric,
        &effect,
        &ComparedFigures {
            claims,
            blocks: pairs.len(),
            margin,
            beyond: (beyond(|pair| pair.before), beyond(|pair| pair.after)),
            few_look_ups,
        },
    );
    effect
}

/// The margin in what is compared: logarithms, percentage points, or the metric's unit.
fn margin(metric: &EffectMetric, by_ratio: bool, effect: &Effect) -> f64 {
    if by_ratio {
        metric.margin.ln_1p()
    } else if metric.unit == MetricUnit::Percent {
        MARGIN_POINTS
    } else {
        let larger = effect
            .before
            .unwrap_or(0.0)
            .max(effect.after.unwrap_or(0.0));
        metric.margin * larger
    }
}

/// The ratio after / before of these differences of logarithms, with its interval or what is known of it.
fn set_ratio(effect: &mut Effect, pairs: &[Pair], differences: &[Bounds], wide: Option<Interval>) {
    effect.block_ratios = pairs
        .iter()
        .filter_map(|pair| pair.known())
        .map(|(before, after)| after / before)
        .collect();
    effect.ratio = bounded_estimate(differences).map(f64::exp);
    match wide {
        Some(wide) if effect.ratio.is_some() && wide.low.is_finite() && wide.high.is_finite() => {
            effect.interval = Some((wide.low.exp(), wide.high.exp()));
        }
        Some(wide) => effect.bound = bound(wide),
        None => {}
    }
}

/// The difference after - before of the blocks whose figures are known.
fn difference(pairs: &[Pair], wide: Option<Interval>) -> Option<EffectDifference> {
    let known: Vec<f64> = pairs
        .iter()
        .filter_map(|pair| pair.known())
        .map(|(before, after)| after - before)
        .collect();
    hodges_lehmann(&known).map(|estimate| EffectDifference {
        estimate,
        interval: wide
            .filter(|wide| wide.low.is_finite() && wide.high.is_finite())
            .map(|wide| (wide.low, wide.high)),
    })
}

/// Look-ups of all blocks in the arm that has fewer; absent for figures that are no hit ratio.
fn fewest_look_ups(pairs: &[Pair]) -> Option<u64> {
    let counts: Option<Vec<(u64, u64)>> = pairs.iter().map(|pair| pair.look_ups).collect();
    let counts = counts?;
    let sum = |of: fn(&(u64, u64)) -> u64| counts.iter().map(of).fold(0, u64::saturating_add);
    Some(sum(|both| both.0).min(sum(|both| both.1)))
}

/// The side of a ratio that figures beyond the timeout leave known: the one that excludes 1, or the
/// only one there is.
fn bound(wide: Interval) -> Option<RatioBound> {
    let at_most = || {
        wide.high
            .is_finite()
            .then(|| RatioBound::AtMost(wide.high.exp()))
    };
    let at_least = || {
        wide.low
            .is_finite()
            .then(|| RatioBound::AtLeast(wide.low.exp()))
    };
    if wide.low > 0.0 {
        at_least()
    } else {
        at_most().or_else(at_least)
    }
}

/// The median of one arm's figures; absent where it lies beyond the timeout.
fn shown(readings: impl Iterator<Item = TrialReading>) -> Option<f64> {
    let figures: Vec<f64> = readings
        .map(|one| match one {
            TrialReading::Known(figure) => figure,
            TrialReading::Beyond(_) => f64::INFINITY,
        })
        .collect();
    median(&figures).filter(|median| median.is_finite())
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
