//! Decisions on made-up pairs whose answer is known.

use crate::schema::Decision;
use std::collections::BTreeMap;

use super::*;
use crate::schema::{Cost, Operation, Percentile, Percentiles, Server, Validity};

fn trial(p50: Option<f64>, queries: f64) -> Trial {
    let operation = |name: &str| Operation {
        name: name.to_owned(),
        planned: 100,
        outcomes: BTreeMap::new(),
        statuses: BTreeMap::new(),
        rate_per_s: 10.0,
        success: 1.0,
        response: Percentiles {
            p50: p50.map_or(Percentile::BeyondTimeout, Percentile::Known),
            ..Percentiles::default()
        },
        service: Percentiles::default(),
        bytes_in: 0,
        cost: Cost::default(),
        spectrum: Vec::new(),
        anatomy: Vec::new(),
    };
    Trial {
        folder: "b01_1_before".into(),
        arm: "before".into(),
        block: 1,
        seed: 1,
        validity: Validity::default(),
        total: operation("total"),
        operations: vec![operation("orders.list")],
        series: Vec::new(),
        server: Server {
            requests: Some(100),
            queries: (queries * 100.0) as u64,
            ..Server::default()
        },
        violations: None,
        audits: crate::schema::AuditCount::default(),
        promised: crate::schema::Promised::default(),
        failures: Vec::new(),
    }
}

fn scope() -> super::super::MetricScope<'static> {
    super::super::MetricScope {
        operations: vec!["orders.list"],
        caches: vec!["orders"],
        processes: Vec::new(),
    }
}

fn decided(
    name: &str,
    figures: &[(Option<f64>, Option<f64>)],
    queries: (f64, f64),
) -> Option<Effect> {
    let trials: Vec<(Trial, Trial)> = figures
        .iter()
        .map(|(before, after)| (trial(*before, queries.0), trial(*after, queries.1)))
        .collect();
    let pairs: Vec<(&Trial, &Trial)> = trials.iter().map(|(a, b)| (a, b)).collect();
    let metrics = super::super::metrics(&scope(), 10_000.0);
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
    decide(metric, true, &pairs)
}

fn pairs(before: f64, after: &[f64]) -> Vec<(Option<f64>, Option<f64>)> {
    after
        .iter()
        .map(|after| (Some(before), Some(*after)))
        .collect()
}

#[test]
fn eight_pairs_that_all_halved_have_improved_by_more_than_the_margin() {
    let figures = pairs(100.0, &[50.0, 51.0, 49.0, 50.5, 48.0, 52.0, 50.0, 49.5]);
    let effect = decided("orders.list p50", &figures, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Improved);
    assert!((effect.ratio.unwrap() - 0.5).abs() < 0.01);
    let (low, high) = effect.interval.unwrap();
    assert!(low < 0.5 && 0.5 < high && high < 0.55);
    assert!(effect.level.unwrap() >= 0.95);
    assert!(
        effect.sentence.contains("by more than the margin"),
        "{}",
        effect.sentence
    );
}

#[test]
fn the_same_the_other_way_round_got_worse() {
    let figures = pairs(100.0, &[200.0, 205.0, 195.0, 201.0, 199.0, 202.0]);
    let effect = decided("orders.list p50", &figures, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Regressed);
}

#[test]
fn pairs_that_hardly_differ_are_no_change_and_noisy_ones_undecided() {
    let close = pairs(100.0, &[100.5, 99.5, 100.2, 99.8, 100.1, 99.9, 100.3, 99.7]);
    let effect = decided("orders.list p50", &close, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::NoChange);
    let noisy = pairs(100.0, &[60.0, 160.0, 90.0, 120.0, 70.0, 150.0]);
    let effect = decided("orders.list p50", &noisy, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Inconclusive);
    assert!(
        effect.sentence.contains("blocks would tell"),
        "{}",
        effect.sentence
    );
}

#[test]
fn two_pairs_have_a_ratio_and_a_range_but_no_interval_and_no_decision() {
    let effect = decided("orders.list p50", &pairs(100.0, &[10.0, 12.0]), (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Inconclusive);
    assert!(effect.ratio.is_some() && effect.interval.is_none());
    assert!(
        effect.sentence.contains("0.100 to 0.120"),
        "{}",
        effect.sentence
    );
    assert!(
        effect.sentence.contains("at least 6"),
        "{}",
        effect.sentence
    );
}

#[test]
fn a_percentile_beyond_the_timeout_counts_as_the_timeout_and_says_so() {
    let figures: Vec<_> = (0..6).map(|_| (None, Some(100.0))).collect();
    let effect = decided("orders.list p50", &figures, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Improved);
    assert_eq!(effect.before, None);
    assert!((effect.ratio.unwrap() - 0.01).abs() < 1e-9);
    assert!(
        effect.sentence.contains("beyond the timeout"),
        "{}",
        effect.sentence
    );
}

#[test]
fn blocks_in_which_an_arm_never_came_to_the_operation_are_not_compared() {
    let mut trials: Vec<(Trial, Trial)> = (0..3)
        .map(|_| (trial(Some(100.0), 1.0), trial(Some(50.0), 1.0)))
        .collect();
    trials[1].0.operations.clear();
    let pairs: Vec<(&Trial, &Trial)> = trials.iter().map(|(a, b)| (a, b)).collect();
    let metrics = super::super::metrics(&scope(), 10_000.0);
    let effect = decide(&metrics[0], false, &pairs).unwrap();
    assert_eq!(effect.block_ratios, [0.5, 0.5]);
    let none: Vec<(&Trial, &Trial)> = vec![pairs[1]];
    assert!(decide(&metrics[0], false, &none).is_none());
}

#[test]
fn what_no_arm_has_is_left_out_and_what_one_has_gets_no_ratio() {
    let figures = pairs(100.0, &[100.0; 6]);
    assert!(decided("cache hit ratio orders", &figures, (1.0, 1.0)).is_none());
    let effect = decided("queries per request", &figures, (20.0, 0.0)).unwrap();
    assert_eq!(
        (effect.ratio, effect.decision),
        (None, Decision::Inconclusive)
    );
    assert!(effect.sentence.contains("no ratio"), "{}", effect.sentence);
}

#[test]
fn shares_that_are_nothing_in_one_arm_are_compared_in_percentage_points() {
    let stale = |reads: u64| {
        let mut one = trial(Some(1.0), 1.0);
        one.promised.reads = 1_000;
        one.promised.stale_reads = reads;
        one
    };
    let decision = |after: [u64; 8]| {
        let trials: Vec<(Trial, Trial)> = after
            .iter()
            .map(|after| (stale(0), stale(*after)))
            .collect();
        let pairs: Vec<(&Trial, &Trial)> = trials.iter().map(|(a, b)| (a, b)).collect();
        let metrics = super::super::metrics(&scope(), 10_000.0);
        let metric = metrics.iter().find(|one| one.name == "stale reads");
        decide(metric.unwrap(), true, &pairs).unwrap()
    };
    let worse = decision([40, 50, 45, 60, 42, 55, 48, 51]);
    assert_eq!(worse.decision, Decision::Regressed, "{}", worse.sentence);
    assert!(
        worse.sentence.contains("percentage points"),
        "{}",
        worse.sentence
    );
    assert_eq!(decision([0; 8]).decision, Decision::NoChange);
    assert_eq!(
        decision([0, 1, 0, 0, 0, 0, 0, 0]).decision,
        Decision::NoChange
    );
    assert_eq!(
        decision([0, 9, 0, 30, 0, 0, 8, 0]).decision,
        Decision::Inconclusive
    );
}
