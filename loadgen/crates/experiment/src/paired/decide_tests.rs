//! Decisions on made-up pairs whose answer is known.

use rand::{Rng, RngExt as _};

use super::*;
use crate::paired::decide_fixture::{effect_of, trial, with_failures, with_stale};
use crate::schema::{CacheLookUps, Decision};
use loadgen_stats::seed;

const CLAIM: &str = "orders.list p50";

fn decided(
    name: &str,
    figures: &[(Option<f64>, Option<f64>)],
    queries: (f64, f64),
) -> Option<Effect> {
    let trials: Vec<(Trial, Trial)> = figures
        .iter()
        .map(|(before, after)| (trial(*before, queries.0), trial(*after, queries.1)))
        .collect();
    effect_of(name, &trials)
}

fn pairs(before: f64, after: &[f64]) -> Vec<(Option<f64>, Option<f64>)> {
    after
        .iter()
        .map(|after| (Some(before), Some(*after)))
        .collect()
}

/// A draw from the standard normal distribution, nearly.
fn normal(chance: &mut impl Rng) -> f64 {
    (0..12).map(|_| chance.random::<f64>()).sum::<f64>() - 6.0
}

#[test]
fn eight_pairs_that_all_halved_have_improved_by_more_than_the_margin() {
    let figures = pairs(100.0, &[50.0, 51.0, 49.0, 50.5, 48.0, 52.0, 50.0, 49.5]);
    let effect = decided(CLAIM, &figures, (1.0, 1.0)).unwrap();
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
    let effect = decided(CLAIM, &figures, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Regressed);
}

#[test]
fn pairs_that_hardly_differ_are_no_change_and_noisy_ones_undecided() {
    let close = pairs(100.0, &[100.5, 99.5, 100.2, 99.8, 100.1, 99.9, 100.3, 99.7]);
    let effect = decided(CLAIM, &close, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::NoChange);
    let noisy = pairs(100.0, &[60.0, 160.0, 90.0, 120.0, 70.0, 150.0]);
    let effect = decided(CLAIM, &noisy, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Inconclusive);
    assert!(
        effect.sentence.contains("blocks would tell"),
        "{}",
        effect.sentence
    );
}

#[test]
fn two_pairs_have_a_ratio_and_a_range_but_no_interval_and_no_decision() {
    let effect = decided(CLAIM, &pairs(100.0, &[10.0, 12.0]), (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Inconclusive);
    assert!(effect.ratio.is_some() && effect.interval.is_none());
    assert!(
        effect.sentence.contains("from 0.10x to 0.12x"),
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
fn one_arm_beyond_the_timeout_gives_a_bound_and_no_ratio() {
    let figures: Vec<_> = (0..6).map(|_| (None, Some(100.0))).collect();
    let effect = decided(CLAIM, &figures, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Improved);
    assert_eq!(
        (effect.before, effect.ratio, effect.interval),
        (None, None, None)
    );
    let Some(RatioBound::AtMost(most)) = effect.bound else {
        panic!("{:?}", effect.bound);
    };
    assert!((most - 0.01).abs() < 1e-9);
    assert!(
        effect.sentence.contains("`before` in 6 of 6 trials")
            && effect.sentence.contains("after / before is <= 0.01"),
        "{}",
        effect.sentence
    );
    let worse: Vec<_> = (0..6).map(|_| (Some(100.0), None)).collect();
    let effect = decided(CLAIM, &worse, (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Regressed);
    assert!(matches!(effect.bound, Some(RatioBound::AtLeast(least)) if least > 99.9));
}

#[test]
fn both_arms_beyond_the_timeout_say_nothing() {
    let effect = decided(CLAIM, &[(None, None); 12], (1.0, 1.0)).unwrap();
    assert_eq!(effect.decision, Decision::Inconclusive);
    assert_eq!((effect.ratio, effect.bound), (None, None));
    assert!(
        effect.sentence.contains("lower rate"),
        "{}",
        effect.sentence
    );
    assert!(effect.block_ratios.is_empty());
}

/// `after` is truly twice as slow as `before`, whose medians scatter about 12 or 15 seconds.
#[test]
fn twice_as_slow_beyond_the_timeout_is_never_no_change() {
    let mut chance = seed::rng(5);
    for (before_ms, spread) in [(12_000.0, 0.15), (15_000.0, 0.15), (9_500.0, 0.1)] {
        for blocks in [6, 12] {
            for _ in 0..100 {
                let mut seen = |mean: f64| {
                    let figure = mean * (spread * normal(&mut chance)).exp();
                    (figure < 10_000.0).then_some(figure)
                };
                let figures: Vec<_> = (0..blocks)
                    .map(|_| (seen(before_ms), seen(2.0 * before_ms)))
                    .collect();
                let effect = decided(CLAIM, &figures, (1.0, 1.0)).unwrap();
                assert!(
                    matches!(
                        effect.decision,
                        Decision::Inconclusive | Decision::Regressed
                    ),
                    "{}",
                    effect.sentence
                );
                assert!(effect.ratio.is_none_or(|ratio| ratio > 1.0), "{effect:?}");
            }
        }
    }
}

#[test]
fn blocks_in_which_an_arm_never_came_to_the_operation_are_not_compared() {
    let mut trials: Vec<(Trial, Trial)> = (0..3)
        .map(|_| (trial(Some(100.0), 1.0), trial(Some(50.0), 1.0)))
        .collect();
    trials[1].0.operations.clear();
    let effect = effect_of(CLAIM, &trials).unwrap();
    assert_eq!(effect.block_ratios, [0.5, 0.5]);
    assert_eq!(effect_of(CLAIM, &trials[1..2]), None);
}

#[test]
fn what_no_arm_has_is_left_out_and_what_falls_to_0_is_decided_without_a_ratio() {
    let figures = pairs(100.0, &[100.0; 6]);
    assert_eq!(
        decided("cache hit ratio orders", &figures, (1.0, 1.0)),
        None
    );
    let effect = decided("queries per request", &figures, (20.0, 0.0)).unwrap();
    assert_eq!((effect.ratio, effect.decision), (None, Decision::Improved));
    assert!((effect.difference.unwrap().estimate + 20.0).abs() < 1e-9);
    let none = decided("queries per request", &figures, (0.0, 0.0)).unwrap();
    assert_eq!(none.decision, Decision::NoChange);
}

/// Eight blocks in which so many look-ups hit, in either arm.
fn hits(hits: u64, all: u64) -> Effect {
    let one = || {
        let mut one = trial(Some(1.0), 1.0);
        let look_ups = CacheLookUps { hits, all };
        one.server.cache_lookups = [("orders".to_owned(), look_ups)].into();
        one
    };
    let trials: Vec<(Trial, Trial)> = (0..8).map(|_| (one(), one())).collect();
    effect_of("cache hit ratio orders", &trials).unwrap()
}

#[test]
fn hit_ratios_that_are_alike_are_no_change_only_where_a_share_of_the_margin_would_have_shown() {
    // 10 % of all hits: 29 look-ups. 0.1 percentage points of none: 2,995 of them.
    for (hit, all, word) in [
        (3, 3, Decision::Inconclusive),
        (4, 4, Decision::NoChange),
        (0, 3, Decision::Inconclusive),
        (0, 374, Decision::Inconclusive),
        (0, 375, Decision::NoChange),
    ] {
        let effect = hits(hit, all);
        assert_eq!(effect.decision, word, "{hit} of {all}: {}", effect.sentence);
    }
    let few = hits(3, 3).sentence;
    assert!(
        few.contains("24 look-up(s) in an arm can hide 11.73 %"),
        "{few}"
    );
}

fn stale(after: impl IntoIterator<Item = u64>) -> Effect {
    let trials: Vec<(Trial, Trial)> = after
        .into_iter()
        .map(|after| {
            let one = |stale| with_stale(trial(Some(1.0), 1.0), stale);
            (one(0), one(after))
        })
        .collect();
    effect_of("stale reads", &trials).unwrap()
}

#[test]
fn stale_reads_are_compared_by_their_totals_and_those_in_one_arm_alone_are_told() {
    let worse = stale([40, 50, 45, 60, 42, 55, 48, 51]);
    assert_eq!(worse.decision, Decision::Regressed, "{}", worse.sentence);
    assert!((worse.after.unwrap() - 4.887_5).abs() < 1e-9);
    assert!(
        worse
            .sentence
            .contains("in `after` alone, in 8 of 8 block(s)"),
        "{}",
        worse.sentence
    );
    // The median of the differences is 0, their mean is not.
    for rare in [[0, 9, 0, 30, 0, 0, 8, 0], [0, 0, 0, 0, 0, 0, 0, 1]] {
        let effect = stale(rare);
        assert_eq!(effect.decision, Decision::Inconclusive);
        assert!(
            effect.sentence.contains("in `after` alone"),
            "{}",
            effect.sentence
        );
    }
}

#[test]
fn no_failure_at_all_is_no_change_only_where_a_burst_would_have_shown() {
    assert_eq!(stale([0; 8]).decision, Decision::Inconclusive);
    assert_eq!(stale([0; 28]).decision, Decision::Inconclusive);
    assert_eq!(stale([0; 29]).decision, Decision::NoChange);
}

#[test]
fn one_trial_of_twelve_that_failed_whole_is_not_no_change() {
    let trials: Vec<(Trial, Trial)> = (0..12)
        .map(|block| {
            let after = if block == 7 { 1_000 } else { 0 };
            (
                trial(Some(1.0), 1.0),
                with_failures(trial(Some(1.0), 1.0), after),
            )
        })
        .collect();
    let effect = effect_of("orders.list success", &trials).unwrap();
    assert_eq!(
        effect.decision,
        Decision::Inconclusive,
        "{}",
        effect.sentence
    );
    assert!((effect.after.unwrap() - 91.666_7).abs() < 1e-3);
    let all = super::super::metrics(&crate::paired::decide_fixture::scope(), 10_000.0);
    let pairs: Vec<(&Trial, &Trial)> = trials.iter().map(|(a, b)| (a, b)).collect();
    assert_eq!(
        totals::failures_in_one_arm(&all, &pairs),
        [
            "orders.list failures: only `after` has any: 1000 of 12000 in 1 of 12 block(s), against none of 12000"
        ]
    );
}

#[test]
fn a_share_changes_by_a_hundred_points_at_most_however_its_blocks_differ_in_size() {
    let trials: Vec<(Trial, Trial)> = (0..8)
        .map(|block| {
            let sized = |failed| {
                let mut one = with_failures(trial(Some(1.0), 1.0), failed);
                one.operations[0].planned = if block % 2 == 0 { 1_000 } else { 100 };
                one
            };
            (sized(1_000), sized(0))
        })
        .collect();
    let effect = effect_of("orders.list success", &trials).unwrap();
    let found = effect.difference.unwrap();
    let (low, high) = found.interval.unwrap();
    assert!((found.estimate - 100.0).abs() < 1e-9);
    assert!(low > 0.0 && high <= 100.0, "{low} to {high}");
}

/// Half a percent of the reads is stale, in bursts that hit one trial in ten.
#[test]
fn bursts_of_stale_reads_are_not_no_change_and_more_blocks_find_them() {
    let mut chance = seed::rng(9);
    let mut share = |blocks: u32, experiments: u32, wanted: Decision| {
        let hits = (0..experiments)
            .filter(|_| {
                let bursts: Vec<u64> = (0..blocks)
                    .map(|_| if chance.random_bool(0.1) { 50 } else { 0 })
                    .collect();
                stale(bursts).decision == wanted
            })
            .count();
        hits as f64 / f64::from(experiments)
    };
    assert!(share(24, 40, Decision::NoChange) < 1e-9);
    assert!(share(48, 20, Decision::NoChange) <= 0.05);
    assert!(share(120, 10, Decision::Regressed) >= 0.8);
}

#[test]
fn two_claims_need_one_block_more_and_the_sentence_says_so() {
    let claims = [CLAIM, "pool wait"].map(|one| one.parse::<crate::metric::MetricId>().unwrap());
    let trials: Vec<(Trial, Trial)> = (0..5)
        .map(|_| (trial(Some(100.0), 1.0), trial(Some(50.0), 1.0)))
        .collect();
    let effects = crate::paired::decide_fixture::pairs_of(&claims, &trials);
    assert!(
        effects[0].sentence.contains("at least 7 for 2 claims"),
        "{}",
        effects[0].sentence
    );
}
