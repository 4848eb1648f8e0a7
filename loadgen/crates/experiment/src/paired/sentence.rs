//! A decision on one metric in words.

use super::{
    metrics::EffectMetric,
    rule::{FEWEST, unseen_failures},
};
use crate::{
    metric::{self, factor, factors},
    schema::{Decision, Effect, MetricUnit, RatioBound},
};
use loadgen_stats::{fewest_pairs, pairs_needed};

/// What was compared, besides the effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComparedFigures {
    /// Claims of the experiment.
    pub(super) claims: usize,
    /// Blocks that are compared.
    pub(super) blocks: usize,
    /// Difference that matters, on the scale of the comparison.
    pub(super) margin: f64,
    /// Trials of each arm whose figure lies beyond the timeout.
    pub(super) beyond: (usize, usize),
    /// Look-ups of the arm that has fewer, where they are too few to say that nothing changed.
    pub(super) few_look_ups: Option<u64>,
}

/// The sentence on figures that are compared by their ratio or their difference.
pub(super) fn of_figures(metric: &EffectMetric, effect: &Effect, of: &ComparedFigures) -> String {
    let cut = beyond(of);
    let found = if let Some(ratio) = effect.ratio {
        format!(
            "after / before is {}{}",
            factor(ratio),
            spread(effect, of.blocks)
        )
    } else {
        format!(
            "before {}, after {}{}",
            figure(metric, effect.before),
            figure(metric, effect.after),
            difference(metric, effect, of.blocks)
        )
    };
    let bound = effect
        .bound
        .map_or_else(String::new, |bound| format!("; after / before is {bound}"));
    format!(
        "{}: {found}{cut}{bound}; {}",
        metric.id,
        decided(metric, effect, of)
    )
}

/// How many figures lie beyond the timeout.
fn beyond(of: &ComparedFigures) -> String {
    let side = |arm: &str, count: usize| format!("`{arm}` in {count} of {} trials", of.blocks);
    match of.beyond {
        (0, 0) => String::new(),
        (before, 0) => format!("; {} lies beyond the timeout", side("before", before)),
        (0, after) => format!("; {} lies beyond the timeout", side("after", after)),
        (before, after) => format!(
            "; {} and {} lie beyond the timeout",
            side("before", before),
            side("after", after)
        ),
    }
}

fn spread(effect: &Effect, blocks: usize) -> String {
    if let (Some((low, high)), Some(level)) = (effect.interval, effect.level) {
        format!(
            " ({:.1} % interval {} over {blocks} blocks)",
            level * 100.0,
            factors(low, high)
        )
    } else {
        let (low, high) = range(&effect.block_ratios);
        let (low, high) = (factor(low), factor(high));
        format!(", from {low} to {high} over the {blocks} block(s)")
    }
}

fn difference(of: &EffectMetric, effect: &Effect, blocks: usize) -> String {
    let Some(found) = effect.difference else {
        return String::new();
    };
    let interval = match (found.interval, effect.level) {
        (Some((low, high)), Some(level)) => format!(
            " ({:.1} % interval {} over {blocks} blocks)",
            level * 100.0,
            metric::differences(low, high, of.unit)
        ),
        _ => format!(" over the {blocks} block(s)"),
    };
    let estimate = metric::difference(found.estimate, of.unit);
    format!(": {estimate}{interval}")
}

/// The decision itself.
fn decided(metric: &EffectMetric, effect: &Effect, of: &ComparedFigures) -> String {
    let percent = metric.margin * 100.0;
    let margin = if effect.difference.is_some() && metric.unit == MetricUnit::Percent {
        format!("{} percentage points", of.margin)
    } else {
        format!("{percent:.1} %")
    };
    match effect.decision {
        Decision::Improved | Decision::Regressed => {
            let way = if effect.decision == Decision::Improved {
                "improved"
            } else {
                "got worse"
            };
            if by_more(effect, of.margin) {
                format!("it {way}, by more than the margin of {margin}")
            } else {
                format!("it {way}, though perhaps by less than the margin of {margin}")
            }
        }
        Decision::NoChange => format!("no difference that matters (margin {margin})"),
        Decision::Inconclusive if of.few_look_ups.is_some() => {
            let fewest = of.few_look_ups.unwrap_or_default();
            format!(
                "undecided: {fewest} look-up(s) in an arm can hide {:.2} % of misses or hits; more of them tell, in more blocks or longer trials",
                unseen_failures(fewest)
            )
        }
        Decision::Inconclusive if of.blocks < FEWEST => too_few(of.blocks, of.claims),
        Decision::Inconclusive if of.beyond != (0, 0) => {
            "undecided: what lies beyond the timeout has no ratio; a lower rate or a longer timeout gives one".to_owned()
        }
        Decision::Inconclusive | Decision::Invalid if effect.difference.is_some() => {
            "undecided".to_owned()
        }
        Decision::Inconclusive | Decision::Invalid => {
            let needed = spread_of(&effect.block_ratios)
                .and_then(|spread| pairs_needed(spread, metric.margin.ln_1p(), of.claims));
            match needed {
                Some(blocks) => format!(
                    "undecided, about {} blocks would tell a difference of {percent:.1} %",
                    blocks.max(of.blocks + 1)
                ),
                None => format!(
                    "undecided, and too noisy for any number of blocks to tell a difference of {percent:.1} %"
                ),
            }
        }
    }
}

/// Too few blocks for any decision.
pub(super) fn too_few(blocks: usize, claims: usize) -> String {
    let fewest = fewest_pairs(claims);
    let claims = match claims {
        0 | 1 => String::new(),
        some => format!(" for {some} claims"),
    };
    format!("{blocks} valid block(s) decide nothing, it needs at least {fewest}{claims}")
}

/// Whether the whole interval, or the bound, lies beyond the margin.
fn by_more(effect: &Effect, margin: f64) -> bool {
    let outside = |low: f64, high: f64| high < -margin || low > margin;
    if let Some(difference) = effect.difference {
        difference
            .interval
            .is_some_and(|(low, high)| outside(low, high))
    } else if let Some((low, high)) = effect.interval {
        outside(low.ln(), high.ln())
    } else {
        match effect.bound {
            Some(RatioBound::AtMost(most)) => most.ln() < -margin,
            Some(RatioBound::AtLeast(least)) => least.ln() > margin,
            None => false,
        }
    }
}

/// Standard deviation of the logarithms of the blocks' ratios; absent for fewer than two.
pub(super) fn spread_of(ratios: &[f64]) -> Option<f64> {
    if ratios.len() < 2 {
        return None;
    }
    let n = ratios.len() as f64;
    let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / n;
    let squares: f64 = ratios.iter().map(|ratio| (ratio.ln() - mean).powi(2)).sum();
    Some((squares / (n - 1.0)).sqrt())
}

/// One arm's figure in words.
fn figure(metric: &EffectMetric, figure: Option<f64>) -> String {
    match figure {
        Some(figure) => format!("{figure:.2} {}", metric.unit).trim().to_owned(),
        None => "beyond the timeout".to_owned(),
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
}
