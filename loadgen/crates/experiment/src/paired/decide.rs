//! From paired figures to a decision, by the rule of the method (section 2.3):
//!
//! ```text
//! fewer than 6 blocks            INCONCLUSIVE, with the ratio and its range, and how many are needed
//! 90 % interval within margin    NO_CHANGE (two one-sided tests at 5 %)
//! 95 % interval beyond 1         IMPROVED or REGRESSED
//! else                           INCONCLUSIVE, with how many blocks would do
//! ```
//!
//! All of it on the logarithms of after / before, one number a block: the unit of analysis is
//! the trial, never the request.

use super::metrics::EffectMetric;
use crate::schema::{Decision, Effect, MetricUnit, Trial};
use loadgen_stats::{hodges_lehmann, interval, median, pairs_for_difference};

/// Fewest pairs that have a 95 % interval at all.
pub const FEWEST: usize = 6;

/// Difference of two shares that matters, in percentage points (method 2.3).
const MARGIN_POINTS: f64 = 0.1;

/// Decides on one metric from the valid pairs `(before, after)`.
pub fn decide(metric: &EffectMetric, primary: bool, pairs: &[(&Trial, &Trial)]) -> Option<Effect> {
    // Blocks in which either arm never sent the operation have nothing to compare.
    let pairs: Vec<&(&Trial, &Trial)> = pairs
        .iter()
        .filter(|(before, after)| has_figure(metric, before) && has_figure(metric, after))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let before = Side::of(metric, pairs.iter().map(|pair| pair.0));
    let after = Side::of(metric, pairs.iter().map(|pair| pair.1));
    let ratios: Vec<f64> = before
        .figures
        .iter()
        .zip(&after.figures)
        .filter(|(before, after)| **before > 0.0 && **after > 0.0)
        .map(|(before, after)| after / before)
        .collect();
    let mut effect = Effect {
        metric: metric.name.clone(),
        primary,
        unit: metric.unit,
        kind: metric.kind,
        before: before.shown,
        after: after.shown,
        ratio: None,
        interval: None,
        level: None,
        block_ratios: ratios.clone(),
        decision: Decision::Inconclusive,
        sentence: String::new(),
        smallest: None,
    };
    if ratios.len() < pairs.len() {
        if metric.unit == MetricUnit::Percent {
            return Some(by_points(metric, effect, &before.figures, &after.figures));
        }
        let same = before
            .figures
            .iter()
            .zip(&after.figures)
            .all(|(before, after)| before.total_cmp(after).is_eq());
        let claim = if same && pairs.len() >= FEWEST {
            Decision::NoChange
        } else {
            Decision::Inconclusive
        };
        effect.decision = claim;
        effect.block_ratios = Vec::new();
        effect.sentence = without_ratio(metric, &effect);
        return Some(effect);
    }
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    effect.ratio = hodges_lehmann(&logs).map(f64::exp);
    let wide = interval(&logs, 0.95);
    if let Some(wide) = wide {
        effect.interval = Some((wide.low.exp(), wide.high.exp()));
        effect.level = Some(wide.level);
    }
    let claim = claim(metric, &logs);
    effect.decision = claim;
    effect.sentence = sentence(metric, &effect, claim, &logs, before.cut, after.cut);
    Some(effect)
}

/// Shares that are 0 in some trial have no ratio: they are compared by their difference, in
/// percentage points (method 2.2).
fn by_points(metric: &EffectMetric, mut effect: Effect, before: &[f64], after: &[f64]) -> Effect {
    effect.block_ratios = Vec::new();
    let points: Vec<f64> = before
        .iter()
        .zip(after)
        .map(|(before, after)| after - before)
        .collect();
    let found = hodges_lehmann(&points).unwrap_or(0.0);
    let claim = match (interval(&points, 0.95), interval(&points, 0.90)) {
        (Some(wide), Some(narrow)) => {
            let better = |less: bool| {
                if less {
                    Decision::Improved
                } else {
                    Decision::Regressed
                }
            };
            match metric.kind.less_is_better() {
                _ if -MARGIN_POINTS < narrow.low && narrow.high < MARGIN_POINTS => {
                    Decision::NoChange
                }
                Some(less) if wide.high < 0.0 => better(less),
                Some(less) if wide.low > 0.0 => better(!less),
                _ => Decision::Inconclusive,
            }
        }
        _ => Decision::Inconclusive,
    };
    effect.decision = claim;
    let (low, high) = range(&points);
    let decided = match claim {
        Decision::Improved => "it improved".to_owned(),
        Decision::Regressed => "it got worse".to_owned(),
        Decision::NoChange => {
            format!("no difference that matters (margin {MARGIN_POINTS} percentage points)")
        }
        Decision::Inconclusive | Decision::Invalid => "undecided".to_owned(),
    };
    effect.sentence = format!(
        "{}: before {}, after {}: {found:+.2} percentage points, {low:+.2} to {high:+.2} over the {} block(s); {decided}",
        metric.name,
        figure(metric, effect.before),
        figure(metric, effect.after),
        points.len()
    );
    effect
}

/// Whether a trial has a figure of this metric, be it beyond the timeout.
fn has_figure(metric: &EffectMetric, trial: &Trial) -> bool {
    metric.figure_of(trial).is_some() || metric.is_beyond(trial)
}

/// One arm's figures, of trials that all have one.
struct Side {
    /// One a trial. One beyond the timeout stands as the timeout.
    figures: Vec<f64>,
    /// Their median; absent where it lies beyond the timeout.
    shown: Option<f64>,
    /// Whether any lies beyond the timeout.
    cut: bool,
}

impl Side {
    fn of<'t>(metric: &EffectMetric, trials: impl Iterator<Item = &'t Trial>) -> Self {
        let mut cut = false;
        let figures: Vec<f64> = trials
            .filter_map(|trial| {
                let found = metric.figure_of(trial);
                cut |= found.is_none();
                found.or(metric.beyond)
            })
            .collect();
        let within = |found: &f64| metric.beyond.is_none_or(|limit| *found < limit);
        Self {
            shown: median(&figures).filter(within),
            figures,
            cut,
        }
    }
}

fn claim(metric: &EffectMetric, logs: &[f64]) -> Decision {
    let (Some(wide), Some(narrow)) = (interval(logs, 0.95), interval(logs, 0.90)) else {
        return Decision::Inconclusive;
    };
    let margin = (1.0 + metric.margin).ln();
    if -margin < narrow.low && narrow.high < margin {
        return Decision::NoChange;
    }
    match metric.kind.less_is_better() {
        Some(less) if wide.high < 0.0 => {
            if less {
                Decision::Improved
            } else {
                Decision::Regressed
            }
        }
        Some(less) if wide.low > 0.0 => {
            if less {
                Decision::Regressed
            } else {
                Decision::Improved
            }
        }
        _ => Decision::Inconclusive,
    }
}

/// Blocks that show a difference of the margin in four experiments of five (method 2.3), never
/// below six; `None` where no number that anybody would run does.
fn blocks_needed(logs: &[f64], margin: f64) -> Option<usize> {
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    pairs_for_difference(variance.sqrt(), margin.ln_1p()).map(|blocks| blocks.max(FEWEST))
}

fn sentence(
    metric: &EffectMetric,
    effect: &Effect,
    claim: Decision,
    logs: &[f64],
    cut_before: bool,
    cut_after: bool,
) -> String {
    let ratio = effect.ratio.unwrap_or(1.0);
    let spread = if let (Some((low, high)), Some(level)) = (effect.interval, effect.level) {
        format!(
            " ({:.1} % interval {low:.3} to {high:.3} over {} blocks)",
            level * 100.0,
            logs.len()
        )
    } else {
        let (low, high) = range(&effect.block_ratios);
        format!(", {low:.3} to {high:.3} over the {} block(s)", logs.len())
    };
    let cut = match (cut_before, cut_after) {
        (false, false) => String::new(),
        (true, true) => beyond("both arms"),
        (true, false) => beyond("before"),
        (false, true) => beyond("after"),
    };
    let percent = metric.margin * 100.0;
    let decided = match claim {
        Decision::Improved | Decision::Regressed => {
            let way = if claim == Decision::Improved {
                "improved"
            } else {
                "got worse"
            };
            let margin = metric.margin.ln_1p();
            let proven = effect
                .interval
                .is_some_and(|(low, high)| high.ln() < -margin || low.ln() > margin);
            if proven {
                format!("it {way}, by more than the margin of {percent:.1} %")
            } else {
                format!("it {way}, though perhaps by less than the margin of {percent:.1} %")
            }
        }
        Decision::NoChange => format!("no difference that matters (margin {percent:.1} %)"),
        Decision::Inconclusive if logs.len() < FEWEST => format!(
            "{} valid block(s) give no 95 % interval, it needs at least {FEWEST}",
            logs.len()
        ),
        Decision::Inconclusive | Decision::Invalid => match blocks_needed(logs, metric.margin) {
            Some(blocks) => format!(
                "undecided, about {} blocks would tell a difference of {percent:.1} %",
                blocks.max(logs.len() + 1)
            ),
            None => format!(
                "undecided, and too noisy for any number of blocks to tell a difference of {percent:.1} %"
            ),
        },
    };
    format!(
        "{}: after is {} before{spread}{cut}; {decided}",
        metric.name,
        times(ratio)
    )
}

fn beyond(side: &str) -> String {
    format!(
        "; {side} lies beyond the timeout in some trial and counts as the timeout, so the true ratio is further from 1"
    )
}

fn without_ratio(metric: &EffectMetric, effect: &Effect) -> String {
    format!(
        "{}: before {}, after {}; there is no ratio to 0",
        metric.name,
        figure(metric, effect.before),
        figure(metric, effect.after)
    )
}

/// One arm's figure in words.
fn figure(metric: &EffectMetric, figure: Option<f64>) -> String {
    match figure {
        Some(figure) => format!("{figure:.2} {}", metric.unit).trim().to_owned(),
        None => "beyond the timeout".to_owned(),
    }
}

/// `0.12 times`, or for large drops how much faster that is.
fn times(ratio: f64) -> String {
    if ratio < 0.5 && ratio > 0.0 {
        format!("{ratio:.3} times (1/{:.1})", 1.0 / ratio)
    } else {
        format!("{ratio:.3} times")
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
