//! From the figures of two groups of runs to a decision.
//!
//! ```text
//! a trial that is not VALID      left out: its spread is that of the machine
//! fewer than 5 figures in all    INCONCLUSIVE, no interval
//! interval of 90 % in the margin NO_CHANGE
//! interval of 95 % beyond 1      IMPROVED or REGRESSED
//! else                           INCONCLUSIVE
//! ```
//!
//! A run has one figure of a metric; an experiment has one a block, the ratio of its arms. Times
//! and counts are compared by factors, on their logarithms, shares by percentage points. With
//! several metrics the levels are those of Bonferroni.

use std::fmt::Write as _;

use crate::{
    paired::metrics_of,
    schema::{Decision, MeasuredFigure, MetricKind, MetricUnit, RunKind, Summary, ValidityWord},
};
use loadgen_stats::{FEWEST_FOR_TWO_SAMPLES, mean_difference, median};

/// Level of all intervals together.
pub const LEVEL: f64 = 0.95;
/// Level of the interval that lies within the margin where nothing changed.
const NARROW_LEVEL: f64 = 0.90;
/// Difference of two shares that matters, in percentage points.
const MARGIN_POINTS: f64 = 0.1;
/// Difference of two ratios of arms that matters.
const MARGIN_RATIO: f64 = 0.10;

/// One metric of some runs beside that of their baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineChange {
    /// `total p97.5`.
    pub metric: String,
    /// Unit of the figures.
    pub unit: MetricUnit,
    /// What a change means.
    pub kind: MetricKind,
    /// Median of the baseline's figures.
    pub baseline: Option<f64>,
    /// Median of the figures that are compared with it.
    pub now: Option<f64>,
    /// Factor from the baseline, or the difference in percentage points; with its interval.
    pub change: Option<(f64, f64, f64)>,
    /// Whether the change is a difference in percentage points.
    pub in_points: bool,
    /// Difference that matters: a share, or percentage points.
    pub margin: f64,
    /// The decision.
    pub decision: Decision,
    /// Why it is undecided; empty where it is not.
    pub why: String,
}

/// The figures of one metric in one group of runs.
struct Group {
    figures: Vec<f64>,
    /// Figures beyond the timeout.
    beyond: usize,
    /// Trials with too few samples for the percentile.
    too_few: usize,
    /// Trials that are not VALID.
    left_out: usize,
}

/// A metric as it is looked up in a summary.
struct Wanted {
    unit: MetricUnit,
    kind: MetricKind,
    margin: f64,
}

/// Compares each metric of the runs `now` with that of the runs `baseline`; the error names a metric
/// that none of them has. The last arm of a run is looked at.
pub fn against_baseline(
    metrics: &[String],
    baseline: &[&Summary],
    now: &[&Summary],
) -> Result<Vec<BaselineChange>, String> {
    let tests = metrics.len().max(1) as f64;
    metrics
        .iter()
        .map(|metric| {
            let wanted = baseline
                .iter()
                .chain(now)
                .find_map(|summary| wanted(metric, summary))
                .ok_or_else(|| format!("none of these runs has the metric `{metric}`"))?;
            let (old, new) = (Group::of(metric, baseline), Group::of(metric, now));
            Ok(decide(metric, &wanted, &old, &new, tests))
        })
        .collect()
}

/// The decision that stands for all of them, by the rule for the claims of an experiment.
pub fn overall(changes: &[BaselineChange]) -> Decision {
    Decision::of_all(changes.iter().map(|change| change.decision))
}

fn wanted(metric: &str, summary: &Summary) -> Option<Wanted> {
    match summary.kind {
        RunKind::Run | RunKind::Capacity => summary.trials.iter().find_map(|trial| {
            let found = metrics_of(trial, f64::INFINITY);
            let found = found.iter().find(|one| one.name == metric)?;
            Some(Wanted {
                unit: found.unit,
                kind: found.kind,
                margin: found.margin,
            })
        }),
        RunKind::Experiment => {
            let effect = summary.effects.iter().find(|one| one.metric == *metric)?;
            Some(Wanted {
                unit: MetricUnit::Times,
                kind: effect.kind,
                margin: MARGIN_RATIO,
            })
        }
    }
}

impl Group {
    fn of(metric: &str, runs: &[&Summary]) -> Self {
        let mut group = Self {
            figures: Vec::new(),
            beyond: 0,
            too_few: 0,
            left_out: 0,
        };
        for summary in runs {
            match summary.kind {
                RunKind::Run | RunKind::Capacity => group.add_run(metric, summary),
                RunKind::Experiment => {
                    let effect = summary.effects.iter().find(|one| one.metric == *metric);
                    group
                        .figures
                        .extend(effect.iter().flat_map(|effect| &effect.block_ratios));
                }
            }
        }
        group
    }

    fn add_run(&mut self, metric: &str, summary: &Summary) {
        for trial in &summary.trials {
            if trial.validity.word != ValidityWord::Valid {
                self.left_out += 1;
                continue;
            }
            let all = metrics_of(trial, f64::INFINITY);
            let Some(found) = all.iter().find(|one| one.name == metric) else {
                continue;
            };
            match found.measured(trial) {
                MeasuredFigure::Known(figure) => self.figures.push(figure),
                MeasuredFigure::BeyondTimeout => self.beyond += 1,
                MeasuredFigure::TooFew { .. } => self.too_few += 1,
                MeasuredFigure::Absent => {}
            }
        }
    }
}

fn decide(metric: &str, wanted: &Wanted, old: &Group, new: &Group, tests: f64) -> BaselineChange {
    let in_points = wanted.unit == MetricUnit::Percent;
    let mut found = BaselineChange {
        metric: metric.to_owned(),
        unit: wanted.unit,
        kind: wanted.kind,
        baseline: median(&old.figures),
        now: median(&new.figures),
        change: None,
        in_points,
        margin: if in_points {
            MARGIN_POINTS
        } else {
            wanted.margin
        },
        decision: Decision::Inconclusive,
        why: String::new(),
    };
    if old.beyond + new.beyond > 0 {
        "a figure lies beyond the timeout".clone_into(&mut found.why);
        return found;
    }
    let all = || old.figures.iter().chain(&new.figures);
    if !in_points && all().any(|figure| *figure <= 0.0) {
        "there is no ratio to 0".clone_into(&mut found.why);
        return found;
    }
    let scaled = |figures: &[f64]| -> Vec<f64> {
        let scale = |figure: &f64| if in_points { *figure } else { figure.ln() };
        figures.iter().map(scale).collect()
    };
    let (first, second) = (scaled(&old.figures), scaled(&new.figures));
    let level = |level: f64| 1.0 - (1.0 - level) / tests;
    let wide = mean_difference(&first, &second, level(LEVEL));
    let narrow = mean_difference(&first, &second, level(NARROW_LEVEL));
    let (Some(wide), Some(narrow)) = (wide, narrow) else {
        found.why = too_few(old, new);
        return found;
    };
    let shown = |value: f64| if in_points { value } else { value.exp() };
    found.change = Some((shown(wide.estimate), shown(wide.low), shown(wide.high)));
    let margin = if in_points {
        found.margin
    } else {
        found.margin.ln_1p()
    };
    let better = |less: bool| {
        if less {
            Decision::Improved
        } else {
            Decision::Regressed
        }
    };
    found.decision = match wanted.kind.less_is_better() {
        _ if -margin < narrow.low && narrow.high < margin => Decision::NoChange,
        Some(less) if wide.high < 0.0 => better(less),
        Some(less) if wide.low > 0.0 => better(!less),
        _ => Decision::Inconclusive,
    };
    if found.decision == Decision::Inconclusive {
        "the runs differ among each other by more than the change".clone_into(&mut found.why);
    }
    found
}

fn too_few(old: &Group, new: &Group) -> String {
    let left_out = old.left_out + new.left_out;
    let mut noisy = if left_out == 0 {
        String::new()
    } else {
        format!(" ({left_out} trial(s) that are not VALID were left out)")
    };
    let few = old.too_few + new.too_few;
    if few > 0 {
        let _infallible = write!(noisy, "; {few} trial(s) have too few requests for it");
    }
    format!(
        "{} figure(s) of the baseline and {} to compare: an interval needs at least one of each and {FEWEST_FOR_TWO_SAMPLES} in all{noisy}",
        old.figures.len(),
        new.figures.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(figures: &[f64]) -> Group {
        Group {
            figures: figures.to_vec(),
            beyond: 0,
            too_few: 0,
            left_out: 0,
        }
    }

    fn latency() -> Wanted {
        Wanted {
            unit: MetricUnit::Milliseconds,
            kind: MetricKind::Latency,
            margin: 0.10,
        }
    }

    fn word(old: &[f64], new: &[f64]) -> BaselineChange {
        decide("total p97.5", &latency(), &group(old), &group(new), 1.0)
    }

    #[test]
    fn a_change_beyond_the_spread_is_decided_and_one_within_it_is_not() {
        let old = [10.0, 10.2, 9.9, 10.1, 10.0];
        assert_eq!(word(&old, &[15.0]).decision, Decision::Regressed);
        assert_eq!(word(&old, &[6.0, 6.1]).decision, Decision::Improved);
        assert_eq!(
            word(&old, &[10.0, 10.1, 9.9, 10.05]).decision,
            Decision::NoChange
        );
        let noisy = word(&[5.0, 20.0, 11.0, 8.0, 14.0], &[15.0]);
        assert_eq!(noisy.decision, Decision::Inconclusive);
        assert!(noisy.why.contains("differ among each other"), "{noisy:?}");
        let (factor, low, high) = noisy.change.unwrap();
        assert!(low < 1.0 && 1.0 < factor && factor < high);
    }

    #[test]
    fn one_run_each_a_figure_beyond_the_timeout_and_a_zero_are_undecided() {
        let single = word(&[10.0], &[50.0]);
        assert_eq!(single.decision, Decision::Inconclusive);
        assert!(single.why.contains("5 in all"), "{single:?}");
        let mut beyond = group(&[10.0; 6]);
        beyond.beyond = 1;
        let found = decide("x", &latency(), &beyond, &group(&[10.0]), 1.0);
        assert!(found.why.contains("timeout"), "{found:?}");
        assert!(word(&[0.0; 5], &[1.0]).why.contains("no ratio"));
    }

    #[test]
    fn a_share_is_compared_in_points_and_more_metrics_need_more() {
        let share = Wanted {
            unit: MetricUnit::Percent,
            kind: MetricKind::Share,
            margin: 0.001,
        };
        let old = group(&[100.0, 100.0, 100.0, 100.0]);
        let found = decide("success", &share, &old, &group(&[99.0]), 1.0);
        assert_eq!(found.decision, Decision::Regressed);
        assert!(found.in_points);
        let found = decide("success", &share, &old, &group(&[100.0]), 1.0);
        assert_eq!(found.decision, Decision::NoChange);
        let (old, new) = (group(&[10.0, 10.4, 9.6, 10.2]), group(&[11.6]));
        assert_eq!(
            decide("x", &latency(), &old, &new, 1.0).decision,
            Decision::Regressed
        );
        assert_eq!(
            decide("x", &latency(), &old, &new, 20.0).decision,
            Decision::Inconclusive
        );
    }

    #[test]
    fn a_regression_stands_for_all_and_what_is_open_is_never_hidden() {
        let one = |decision| BaselineChange {
            decision,
            ..word(&[10.0], &[50.0])
        };
        let all = [one(Decision::Improved), one(Decision::Regressed)];
        assert_eq!(overall(&all), Decision::Regressed);
        assert_eq!(overall(&all[..1]), Decision::Improved);
        assert_eq!(overall(&[]), Decision::Inconclusive);
        let open = [one(Decision::Inconclusive), one(Decision::NoChange)];
        assert_eq!(overall(&open), Decision::Inconclusive);
        let open = [one(Decision::Improved), one(Decision::Inconclusive)];
        assert_eq!(overall(&open), Decision::Inconclusive);
        let open = [one(Decision::Inconclusive), one(Decision::Regressed)];
        assert_eq!(overall(&open), Decision::Regressed);
    }
}
