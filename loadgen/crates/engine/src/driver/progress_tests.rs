//! Tests of the counters of a running load.

use super::*;

#[test]
fn every_time_falls_into_a_bucket_whose_middle_is_close_to_it() {
    for ns in [
        2_000,
        17_000,
        100_000,
        999_999,
        5_000_000,
        123_456_789,
        90_000_000_000,
        600_000_000_000,
        crate::recorder::HIGHEST.0,
    ] {
        let middle = middle_ms(bucket(Nanos(ns))) * 1e6;
        let error = (middle - ns as f64).abs() / ns as f64;
        assert!(
            error < 0.3 && (ns < 16_384 || error < 0.04),
            "{ns}: {middle}"
        );
    }
    assert!(bucket(Nanos(u64::MAX)) < BUCKETS);
}

#[test]
fn counters_of_two_processes_add_up_observation_by_observation() {
    let of = || Progress::new(crate::flow::shop().operations);
    let (one, other, all) = (of(), of(), of());
    let mut seen = [ProgressCounts::default(), ProgressCounts::default()];
    for round in 1..=3 {
        for (progress, seen) in [&one, &other].into_iter().zip(&mut seen) {
            for _ in 0..round {
                progress.offered();
                progress.due();
                progress.done(OpId(2), Outcome::Ok, Nanos::from_millis(20 * round));
            }
            let text = serde_json::to_string(&progress.counts()).unwrap();
            let now: ProgressCounts = serde_json::from_str(&text).unwrap();
            all.advance(seen, &now);
            *seen = now;
        }
    }
    let snapshot = all.snapshot();
    assert_eq!((snapshot.offered, snapshot.open), (12, 0));
    assert_eq!(snapshot.total.count(), 12);
    let both = one.snapshot().bucket_counts[0].sum_s() * 2.0;
    assert!((snapshot.bucket_counts[0].sum_s() - both).abs() < 1e-9);
    let slowest = snapshot.total.quantile_ms(1.0).unwrap();
    assert!((slowest - 60.0).abs() < 4.0, "{slowest}");
}

#[test]
fn rates_are_those_between_two_snapshots() {
    let progress = Progress::new(crate::flow::shop().operations);
    let before = progress.snapshot();
    for _ in 0..10 {
        progress.offered();
        progress.due();
    }
    for _ in 0..8 {
        progress.done(OpId(2), Outcome::Ok, Nanos::from_millis(20));
    }
    progress.done(OpId(1), Outcome::Timeout, Nanos::from_millis(900));
    let mut after = progress.snapshot();
    assert_eq!((after.open, after.total.failed()), (1, 1));
    after.at = before.at + Nanos::from_secs(2);
    let rates = after.since(&before);
    assert!((rates.offered - 5.0).abs() < 1e-9);
    let lately = after.total.since(&before.total);
    assert!((lately.quantile_ms(0.95).unwrap() - 20.0).abs() < 1.0);
    let bars = lately.bars();
    assert_eq!(bars.len(), 1);
    assert!(
        bars[0].0 < 20.0 && 20.0 < bars[0].1 && bars[0].2 == 8,
        "{bars:?}"
    );
    let names: Vec<&str> = after.operations.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["orders.create", "session.open"]);
    let errors: Vec<_> = after.operations[0].1.errors().collect();
    assert_eq!(errors, [(Outcome::Timeout, 1)]);
}

#[test]
fn a_quantile_is_the_time_at_its_rank_and_none_of_the_next_one() {
    // 14 / 43 * 43 and 0.28 * 25 are a little more than 14 and 7.
    for (fast, all, percent) in [(14, 43, "p32"), (7, 25, "p28")] {
        let progress = Progress::new(crate::flow::shop().operations);
        for number in 0..all {
            let ms = if number < fast { 10 } else { 1_000 };
            progress.due();
            progress.done(OpId(2), Outcome::Ok, Nanos::from_millis(ms));
        }
        let total = progress.snapshot().total;
        let quantile: Quantile = percent.parse().unwrap();
        for found in [
            total.response_ms(quantile),
            total.quantile_ms(quantile.share()).unwrap(),
        ] {
            assert!(found < 20.0, "{percent} of {all}: {found}");
        }
    }
    let nothing = OperationCounts::default();
    assert_eq!(nothing.quantile_ms(0.5), None);
    let median: Quantile = "p50".parse().unwrap();
    assert!(nothing.response_ms(median).is_infinite());
}
