//! From the figures of two groups of runs to a decision.
//!
//! ```text
//! a trial that is not VALID      left out: its spread is that of the machine
//! fewer than 5 figures in all    INCONCLUSIVE, no interval
//! baseline unlike runs before    INCONCLUSIVE: they do not stand for it
//! interval of 90 % in the margin NO_CHANGE; of a share of requests with 3,000 on each side
//! interval of 95 % beyond 1      IMPROVED or REGRESSED
//! else                           INCONCLUSIVE
//! ```
//!
//! A run has one figure of a metric; an experiment has one a block, the ratio of its arms; a capacity
//! search has its confirmed lower bound. Times, counts and capacities are compared by factors, on
//! their logarithms, shares by percentage points. With several metrics the levels are those of
//! Bonferroni. The interval comes from the spread between runs and is no narrower than the chance
//! of so few failures, or the bounds of the capacities, make it.

use super::{
    group::{ComparedMetric, RunGroup, least_error, too_few_requests},
    run_metric::RunMetric,
};
use crate::{
    paired::MARGIN_POINTS,
    schema::{Decision, MetricKind, MetricUnit, RunKind, Summary},
};
use loadgen_stats::{FEWEST_FOR_TWO_SAMPLES, mean_difference, median};

/// Level of all intervals together.
pub const LEVEL: f64 = 0.95;
/// Level of the interval that lies within the margin where nothing changed.
const NARROW_LEVEL: f64 = 0.90;

/// Level at which a baseline is said to differ from the runs before it.
const UNLIKE_LEVEL: f64 = 0.99;

/// One metric of some runs beside that of their baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineChange {
    /// What is compared.
    pub metric: RunMetric,
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
    /// What does not count, although the runs have it; empty where everything counts.
    pub left_out: String,
}

/// Compares each metric of the runs `now` with that of the runs `baseline`, of which the first is the
/// baseline itself; the error names a metric that none of them has, or that a capacity search has only
/// of single trials. The last arm of a run is looked at.
pub fn against_baseline(
    metrics: &[RunMetric],
    baseline: &[&Summary],
    now: &[&Summary],
) -> Result<Vec<BaselineChange>, String> {
    let tests = metrics.len().max(1) as f64;
    let mut runs = baseline.iter().chain(now);
    if runs.any(|summary| summary.kind == RunKind::Capacity)
        && let Some(other) = metrics.iter().find(|one| **one != RunMetric::Capacity)
    {
        return Err(format!(
            "capacity searches are compared by their `{}` alone: each of their trials has another load, so `{other}` is no figure of a search",
            RunMetric::Capacity
        ));
    }
    metrics
        .iter()
        .map(|metric| {
            let compared = baseline
                .iter()
                .chain(now)
                .find_map(|summary| ComparedMetric::of(metric, summary))
                .ok_or_else(|| format!("none of these runs has the metric `{metric}`"))?;
            let (old, new) = (RunGroup::of(metric, baseline), RunGroup::of(metric, now));
            let mut found = decide(metric, &compared, &old, &new, tests);
            if found.decision.is_decided()
                && let Some(why) = unlike(metric, &compared, baseline)
            {
                found.decision = Decision::Inconclusive;
                found.why = why;
            }
            Ok(found)
        })
        .collect()
}

/// Why the runs before the baseline, the first of these, do not stand for it: by more than the margin,
/// and than chance, it lies at another level. Absent where it does not, or where too few can tell.
fn unlike(metric: &RunMetric, compared: &ComparedMetric, baseline: &[&Summary]) -> Option<String> {
    let (own, earlier) = baseline.split_at_checked(1)?;
    let (own, earlier) = (RunGroup::of(metric, own), RunGroup::of(metric, earlier));
    let in_points = compared.unit == MetricUnit::Percent;
    let found = mean_difference(
        &scaled(&earlier.figures, in_points),
        &scaled(&own.figures, in_points),
        UNLIKE_LEVEL,
        least_error(&earlier, &own),
    )?;
    let apart = found.low > 0.0 || found.high < 0.0;
    let matters = found.estimate.abs() > margin_of(compared);
    (apart && matters).then(|| {
        "the baseline lies at another level than the runs before it, so they do not stand for it: measure what it measured several times, and keep the newest of those as the baseline".to_owned()
    })
}

/// Figures on the scale on which they are compared.
fn scaled(figures: &[f64], in_points: bool) -> Vec<f64> {
    let scale = |figure: &f64| if in_points { *figure } else { figure.ln() };
    figures.iter().map(scale).collect()
}

/// The difference that matters on that scale.
fn margin_of(compared: &ComparedMetric) -> f64 {
    if compared.unit == MetricUnit::Percent {
        MARGIN_POINTS
    } else {
        compared.margin.ln_1p()
    }
}

/// The decision that stands for all of them, by the rule for the claims of an experiment.
pub fn overall(changes: &[BaselineChange]) -> Decision {
    Decision::of_all(changes.iter().map(|change| change.decision))
}

fn decide(
    metric: &RunMetric,
    compared: &ComparedMetric,
    old: &RunGroup,
    new: &RunGroup,
    tests: f64,
) -> BaselineChange {
    let in_points = compared.unit == MetricUnit::Percent;
    let mut found = BaselineChange {
        metric: metric.clone(),
        unit: compared.unit,
        kind: compared.kind,
        baseline: median(&old.figures),
        now: median(&new.figures),
        change: None,
        in_points,
        margin: if in_points {
            MARGIN_POINTS
        } else {
            compared.margin
        },
        decision: Decision::Inconclusive,
        why: String::new(),
        left_out: left_out(old, new),
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
    let (first, second) = (
        scaled(&old.figures, in_points),
        scaled(&new.figures, in_points),
    );
    let level = |level: f64| 1.0 - (1.0 - level) / tests;
    let least = least_error(old, new);
    let wide = mean_difference(&first, &second, level(LEVEL), least);
    let narrow = mean_difference(&first, &second, level(NARROW_LEVEL), least);
    let (Some(wide), Some(narrow)) = (wide, narrow) else {
        found.why = too_few(old, new);
        return found;
    };
    if least <= 0.0 && compared.kind.varies() && are_alike(&first) && are_alike(&second) {
        "the figures of each side are alike to the last digit, so they do not show by how much runs differ"
            .clone_into(&mut found.why);
        return found;
    }
    // The t interval knows no bounds; the difference of two shares has them.
    let shown = |value: f64| {
        if in_points {
            value.clamp(-100.0, 100.0)
        } else {
            value.exp()
        }
    };
    found.change = Some((shown(wide.estimate), shown(wide.low), shown(wide.high)));
    let margin = margin_of(compared);
    let better = |less: bool| {
        if less {
            Decision::Improved
        } else {
            Decision::Regressed
        }
    };
    let too_few_requests = too_few_requests(old, new);
    found.decision = match compared.kind.less_is_better() {
        _ if -margin < narrow.low && narrow.high < margin => {
            if too_few_requests.is_none() {
                Decision::NoChange
            } else {
                Decision::Inconclusive
            }
        }
        Some(less) if wide.high < 0.0 => better(less),
        Some(less) if wide.low > 0.0 => better(!less),
        _ => Decision::Inconclusive,
    };
    if found.decision == Decision::Inconclusive {
        found.why = too_few_requests.unwrap_or_else(|| {
            "the runs differ among each other, or by chance, by more than the change".to_owned()
        });
    }
    found
}

/// Whether no two of them differ.
fn are_alike(figures: &[f64]) -> bool {
    figures
        .windows(2)
        .all(|two| two[0].to_bits() == two[1].to_bits())
}

fn too_few(old: &RunGroup, new: &RunGroup) -> String {
    let few = match old.too_few + new.too_few {
        0 => String::new(),
        few => format!("; {few} trial(s) have too few requests for it"),
    };
    format!(
        "{} figure(s) of the baseline and {} to compare: an interval needs at least one of each and {FEWEST_FOR_TWO_SAMPLES} in all{few}",
        old.figures.len(),
        new.figures.len()
    )
}

fn left_out(old: &RunGroup, new: &RunGroup) -> String {
    let mut all = Vec::new();
    let not_valid = old.left_out + new.left_out;
    if not_valid > 0 {
        all.push(format!("{not_valid} trial(s) that are not VALID"));
    }
    let unconfirmed = old.unconfirmed + new.unconfirmed;
    if unconfirmed > 0 {
        all.push(format!(
            "{unconfirmed} search(es) that did not find a lower bound and confirm it"
        ));
    }
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::ShareCount;

    fn metric(name: &str) -> RunMetric {
        name.parse().unwrap()
    }

    fn tail() -> RunMetric {
        metric("total p97.5")
    }

    fn group(figures: &[f64]) -> RunGroup {
        RunGroup {
            figures: figures.to_vec(),
            ..RunGroup::default()
        }
    }

    /// Runs of so many requests each, of which these failed.
    fn shares(of: u64, failed: &[u64]) -> RunGroup {
        let percent = |failed: &u64| 100.0 - *failed as f64 / of as f64 * 100.0;
        RunGroup {
            figures: failed.iter().map(percent).collect(),
            counts: failed
                .iter()
                .map(|failed| ShareCount {
                    failed: *failed,
                    of,
                })
                .collect(),
            ..RunGroup::default()
        }
    }

    fn success(old: &RunGroup, new: &RunGroup) -> BaselineChange {
        let share = ComparedMetric {
            unit: MetricUnit::Percent,
            kind: MetricKind::Share,
            margin: 0.001,
        };
        decide(&metric("total success"), &share, old, new, 1.0)
    }

    /// Searches with these bounds.
    fn capacities(bounds: &[(f64, f64)]) -> RunGroup {
        RunGroup {
            figures: bounds.iter().map(|(lower, _)| *lower).collect(),
            widths: bounds
                .iter()
                .map(|(lower, upper)| (upper / lower).ln())
                .collect(),
            ..RunGroup::default()
        }
    }

    fn latency() -> ComparedMetric {
        ComparedMetric {
            unit: MetricUnit::Milliseconds,
            kind: MetricKind::Latency,
            margin: 0.10,
        }
    }

    fn word(old: &[f64], new: &[f64]) -> BaselineChange {
        decide(&tail(), &latency(), &group(old), &group(new), 1.0)
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
        let found = decide(&tail(), &latency(), &beyond, &group(&[10.0]), 1.0);
        assert!(found.why.contains("timeout"), "{found:?}");
        assert!(word(&[0.0; 5], &[1.0]).why.contains("no ratio"));
    }

    #[test]
    fn a_share_is_compared_in_points_and_more_metrics_need_more() {
        let none = shares(10_000, &[0; 4]);
        let found = success(&none, &shares(10_000, &[100]));
        assert_eq!(found.decision, Decision::Regressed, "{found:?}");
        assert!(found.in_points);
        let found = success(&none, &shares(10_000, &[0]));
        assert_eq!(found.decision, Decision::NoChange, "{found:?}");
        let (old, new) = (group(&[10.0, 10.4, 9.6, 10.2]), group(&[11.6]));
        assert_eq!(
            decide(&tail(), &latency(), &old, &new, 1.0).decision,
            Decision::Regressed
        );
        assert_eq!(
            decide(&tail(), &latency(), &old, &new, 20.0).decision,
            Decision::Inconclusive
        );
    }

    #[test]
    fn one_failure_after_none_is_chance_although_the_spread_is_0() {
        let none = shares(500, &[0; 4]);
        let found = success(&none, &shares(500, &[1]));
        assert_eq!(found.decision, Decision::Inconclusive, "{found:?}");
        let (points, low, high) = found.change.unwrap();
        assert!(low < points && points < 0.0 && 0.0 < high, "{found:?}");
        // Many failures are none.
        let found = success(&none, &shares(500, &[50]));
        assert_eq!(found.decision, Decision::Regressed, "{found:?}");
    }

    #[test]
    fn a_share_changes_by_a_hundred_points_at_most_however_its_runs_differ() {
        let found = success(&shares(500, &[0, 0, 500, 500]), &shares(500, &[0]));
        assert_eq!(found.decision, Decision::Inconclusive, "{found:?}");
        let (points, low, high) = found.change.unwrap();
        assert!((points - 50.0).abs() < 1e-9, "{found:?}");
        assert!(low >= -100.0 && high <= 100.0, "{found:?}");
    }

    #[test]
    fn no_failure_in_few_requests_is_no_proof_that_nothing_changed() {
        for (of, word) in [
            (10, Decision::Inconclusive),
            (500, Decision::Inconclusive),
            (2_990, Decision::Inconclusive),
            (3_000, Decision::NoChange),
        ] {
            let found = success(&shares(of, &[0; 4]), &shares(of, &[0]));
            assert_eq!(found.decision, word, "{of}: {found:?}");
            let is_open = word == Decision::Inconclusive;
            assert_eq!(
                found.why.contains("takes about 3,000"),
                is_open,
                "{found:?}"
            );
        }
    }

    #[test]
    fn figures_that_are_alike_show_no_spread_unless_they_count_what_is_done() {
        let found = word(&[10.0; 4], &[12.0]);
        assert_eq!(found.decision, Decision::Inconclusive);
        assert!(found.why.contains("alike"), "{found:?}");
        let count = ComparedMetric {
            unit: MetricUnit::Number,
            kind: MetricKind::Count,
            margin: 0.03,
        };
        let found = decide(
            &metric("queries per request"),
            &count,
            &group(&[3.0; 4]),
            &group(&[4.0]),
            1.0,
        );
        assert_eq!(found.decision, Decision::Regressed);
    }

    #[test]
    fn a_capacity_is_known_to_its_bounds_and_one_that_halved_has_regressed() {
        let capacity = ComparedMetric {
            unit: MetricUnit::PerSecond,
            kind: MetricKind::Rate,
            margin: 0.10,
        };
        let old = capacities(&[(100.0, 105.0); 4]);
        let decided = |bounds| {
            let new = capacities(&[bounds]);
            decide(&RunMetric::Capacity, &capacity, &old, &new, 1.0)
        };
        assert_eq!(decided((50.0, 52.5)).decision, Decision::Regressed);
        assert_eq!(decided((200.0, 210.0)).decision, Decision::Improved);
        assert_eq!(decided((100.0, 105.0)).decision, Decision::NoChange);
        // All searches ended on the same loads, and the next one has wide bounds.
        let open = decided((110.0, 143.0));
        assert_eq!(open.decision, Decision::Inconclusive, "{open:?}");
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
