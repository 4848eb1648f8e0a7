//! What counts of stored runs and capacity searches.

use serde_json::json;

use super::*;
use crate::{
    baseline::against_baseline,
    diagnose::fixture::quiet,
    schema::{Decision, Percentile},
};

/// A search with this lower bound, whose trials were under other loads.
fn search(lower: f64, confirmed: bool, ending: &str) -> Summary {
    let capacity: Capacity = serde_json::from_value(json!({
        "unit": "rate", "slo": ["p95 < 1000ms"], "percentile": 0.95,
        "lower": lower, "lower_confirmed": confirmed,
        "upper": lower * 1.05, "upper_confirmed": true,
        "width": 0.05, "asked_width": 0.05, "ending": ending, "goodput_per_s": lower,
        "loads": [], "trials": [], "saturated": [], "saturation": "", "knees": [],
    }))
    .unwrap();
    Summary {
        kind: RunKind::Capacity,
        capacity: Some(capacity),
        ..quiet()
    }
}

fn decided(metric: &str, now: &[Summary]) -> Result<(Decision, String), String> {
    let old: Vec<Summary> = [100.0, 102.0, 99.0, 101.0]
        .map(|lower| search(lower, true, "found"))
        .into();
    let changes = against_baseline(
        &[metric.parse().unwrap()],
        &old.iter().collect::<Vec<_>>(),
        &now.iter().collect::<Vec<_>>(),
    )?;
    Ok((changes[0].decision, changes[0].left_out.clone()))
}

#[test]
fn a_search_has_one_figure_its_confirmed_lower_bound() {
    let whole = [search(50.0, true, "found")];
    let group = RunGroup::of(&RunMetric::Capacity, &[&whole[0]]);
    assert_eq!((group.figures.len(), group.widths.len()), (1, 1));
    assert_eq!(
        decided("capacity", &whole).unwrap(),
        (Decision::Regressed, String::new())
    );
    let same = [search(100.0, true, "found")];
    assert_eq!(decided("capacity", &same).unwrap().0, Decision::NoChange);
}

#[test]
fn a_search_without_a_confirmed_bound_is_left_out_and_said() {
    for (confirmed, ending) in [(false, "found"), (true, "out_of_time")] {
        let some = [
            search(50.0, true, "found"),
            search(500.0, confirmed, ending),
        ];
        let (decision, left_out) = decided("capacity", &some).unwrap();
        assert_eq!(decision, Decision::Regressed, "{ending}");
        assert!(left_out.contains("1 search(es)"), "{left_out}");
        let none = decided("capacity", &some[1..]).unwrap();
        assert_eq!(none.0, Decision::Inconclusive);
    }
}

#[test]
fn a_figure_of_the_trials_of_a_search_is_refused_in_one_line() {
    let error = decided("total success", &[search(50.0, true, "found")]).unwrap_err();
    assert!(
        error.contains("`capacity` alone") && error.contains("`total success`"),
        "{error}"
    );
    assert!(!error.contains('\n'));
}

#[test]
fn a_share_of_requests_comes_with_its_counts() {
    let mut run = quiet();
    run.trials[0].total.success = 0.999;
    let success: RunMetric = "total success".parse().unwrap();
    let group = RunGroup::of(&success, &[&run]);
    let failed: Vec<(u64, u64)> = group
        .counts
        .iter()
        .map(|one| (one.failed, one.of))
        .collect();
    assert_eq!(failed, [(2, 2_000), (0, 2_000), (0, 2_000)]);
    assert_eq!(group.figures.len(), 3);
    let none = RunGroup::of(&"total p95".parse().unwrap(), &[&run]);
    assert!(none.counts.is_empty() && none.figures.len() == 3);
    assert!(least_error(&none, &none).abs() < 1e-12);
    // Two failures in all: (2 + 1) / (12,000 + 2).
    let other = RunGroup::of(&success, &[&quiet()]);
    let share: f64 = 3.0 / 12_002.0;
    let expected = 100.0 * (share * (1.0 - share) * 2.0 / 6_000.0).sqrt();
    assert!((least_error(&group, &other) - expected).abs() < 1e-9);
}

#[test]
fn a_block_beyond_the_timeout_leaves_the_ratios_of_the_others_undecided() {
    // The pairs of its first block in turn: whether a figure lies beyond the timeout.
    let experiment = |pairs: &[bool]| {
        let mut summary = Summary {
            kind: RunKind::Experiment,
            ..quiet()
        };
        let ratios = [0.5, 0.51, 0.49, 0.5, 0.505];
        let effect = json!({
            "metric": "total p95", "primary": true, "unit": "ms", "kind": "latency",
            "before": 10.0, "after": 5.0, "ratio": 0.5, "interval": null, "level": null,
            "bound": null, "difference": null, "p": null, "block_ratios": ratios,
            "decision": "IMPROVED", "sentence": "", "smallest": null,
        });
        summary.effects = vec![serde_json::from_value(effect).unwrap()];
        let pattern = summary.trials[0].clone();
        summary.trials.clear();
        for beyond in pairs {
            for arm in ["before", "after"] {
                let mut trial = pattern.clone();
                trial.arm = arm.into();
                if *beyond {
                    trial.total.response.p95 = Percentile::BeyondTimeout;
                }
                summary.trials.push(trial);
            }
        }
        summary
    };
    let decided = |now: &Summary| {
        let metrics = ["total p95".parse::<RunMetric>().unwrap()];
        let changes = against_baseline(&metrics, &[&experiment(&[false])], &[now]).unwrap();
        (changes[0].decision, changes[0].why.clone())
    };
    assert_eq!(decided(&experiment(&[false])).0, Decision::NoChange);
    // What was repeated is not among the ratios.
    assert_eq!(decided(&experiment(&[true, false])).0, Decision::NoChange);
    let (decision, why) = decided(&experiment(&[true]));
    assert_eq!(decision, Decision::Inconclusive);
    assert!(why.contains("beyond the timeout"), "{why}");
}

#[test]
fn runs_before_the_baseline_at_another_level_do_not_stand_for_it() {
    let run = |level: f64| {
        let mut summary = quiet();
        for (trial, part) in summary.trials.iter_mut().zip([0.99, 1.0, 1.01]) {
            trial.total.response.p95 = Percentile::Known(level * part);
        }
        summary
    };
    let decided = |earlier: f64| {
        let baseline = run(100.0);
        let all: Vec<Summary> = (0..6).map(|_| run(earlier)).collect();
        let old: Vec<&Summary> = [&baseline].into_iter().chain(&all).collect();
        let changes =
            against_baseline(&["total p95".parse().unwrap()], &old, &[&run(130.0)]).unwrap();
        (changes[0].decision, changes[0].why.clone())
    };
    assert_eq!(decided(102.0).0, Decision::Regressed);
    // It was 200 ms until the baseline: 130 ms is no improvement on 100.
    let (decision, why) = decided(200.0);
    assert_eq!(decision, Decision::Inconclusive);
    assert!(why.contains("another level"), "{why}");
}
