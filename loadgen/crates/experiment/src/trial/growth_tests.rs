//! Programmed courses: what is constant, grows, fills up, scatters, or is too short.

use std::{collections::BTreeMap, time::SystemTime};

use loadgen_engine::{
    flow::shop,
    recorder::{Shard, Window},
    sample::{OpId, Sample},
    suite::{DataService, FaultKind, PlannedFault, load::parse},
};
use loadgen_stats::seed::rng;
use rand::RngExt as _;
use shared::time::Millis;

use super::*;

const MB: f64 = 1e6;

/// Memory and descriptors of a process by second, after a warm-up in which they were different.
fn series(seconds: i64, memory: impl Fn(f64) -> f64, open: impl Fn(f64) -> f64) -> Vec<Second> {
    let of = |value: f64| BTreeMap::from([("target-app".to_owned(), value as u64)]);
    let one = |second: i64| Second {
        second,
        rss_bytes: of(if second < 0 {
            MB
        } else {
            memory(second as f64)
        }),
        descriptors: of(if second < 0 {
            9_999.0
        } else {
            open(second as f64)
        }),
        ..Second::default()
    };
    (-30..seconds).map(one).collect()
}

fn words(series: &[Second], window_s: f64) -> [GrowthWord; 2] {
    let found = of(series, window_s, &[]);
    [found[0].word, found[1].word]
}

/// Memory alone, over ten minutes.
fn memory(course: impl Fn(f64) -> f64) -> GrowthWord {
    words(&series(600, course, |_| 40.0), 600.0)[0]
}

#[test]
fn constants_are_flat_with_a_slope_of_zero() {
    let found = of(&series(600, |_| 84.0 * MB, |_| 40.0), 600.0, &[]);
    assert_eq!(found.len(), 2);
    for one in &found {
        assert_eq!((one.word, one.blocks), (GrowthWord::Flat, 30));
        assert_eq!((one.per_hour, one.interval), (Some(0.0), Some((0.0, 0.0))));
    }
    assert!(
        (found[0].mean - 84.0 * MB).abs() < 1.0,
        "the warm-up is not in it"
    );
    assert!((found[0].limit_per_hour - 4.2 * MB).abs() < 1.0);
    assert!((found[1].limit_per_hour - 2.0).abs() < 1e-9);
}

#[test]
fn a_leak_grows_with_its_slope_and_what_is_given_back_shrinks() {
    let leaks = series(600, |s| 84.0 * MB + s * 20_000.0, |s| 900.0 - s / 2.0);
    let found = of(&leaks, 600.0, &[]);
    assert_eq!(found[0].word, GrowthWord::Grows);
    assert!((found[0].per_hour.unwrap() - 72.0 * MB).abs() < MB);
    assert_eq!(found[1].word, GrowthWord::Shrinks);
}

#[test]
fn a_leak_that_the_noise_does_not_hide_grows_and_one_below_the_limit_is_flat() {
    // 20 MB an hour of 84, scattered by 1 MB from second to second; the limit is 4.2.
    let mut chance = rng(3);
    let noise: Vec<f64> = (0..600)
        .map(|_| chance.random::<f64>() * 2.0 - 1.0)
        .collect();
    let course = |an_hour: f64| {
        let noise = &noise;
        move |s: f64| (84.0 + s / HOUR_S * an_hour + noise[s as usize]) * MB
    };
    assert_eq!(memory(course(20.0)), GrowthWord::Grows);
    let quiet = |s: f64| 84.0 * MB + s / HOUR_S * 2.0 * MB;
    assert_eq!(memory(quiet), GrowthWord::Flat);
}

#[test]
fn what_fills_up_and_then_stays_does_not_grow() {
    let fills = |s: f64| (84.0 + 20.0 * (s / 300.0).min(1.0)) * MB;
    assert_eq!(memory(fills), GrowthWord::NotKnown);
    let decays = |s: f64| (84.0 - 20.0 * (s / 300.0).min(1.0)) * MB;
    assert_eq!(memory(decays), GrowthWord::NotKnown);
}

#[test]
fn a_step_at_an_end_that_leaves_the_slope_at_zero_is_not_flat() {
    // Of 30 blocks the last five, or the first five, are others: too few for the slope to see.
    for (early, late) in [(84.0, 252.0), (252.0, 84.0)] {
        for at in [100.0, 500.0] {
            let steps = |s: f64| if s < at { early * MB } else { late * MB };
            let found = of(&series(600, steps, |_| 40.0), 600.0, &[]);
            assert_eq!(
                found[0].interval,
                Some((0.0, 0.0)),
                "{early} to {late} at {at} s"
            );
            assert_eq!(
                found[0].word,
                GrowthWord::NotKnown,
                "{early} to {late} at {at} s"
            );
        }
    }
    // A megabyte at the end of ten minutes is within what the limit permits.
    assert_eq!(
        memory(|s| (84.0 + f64::from(s > 520.0)) * MB),
        GrowthWord::Flat
    );
}

#[test]
fn every_second_of_the_window_is_in_a_block() {
    for seconds in [120, 149, 601, 3_599] {
        let inside: Vec<i64> = (0..BLOCKS)
            .flat_map(|number| seconds_of(number, seconds as f64))
            .collect();
        assert_eq!(inside, (0..seconds).collect::<Vec<_>>());
    }
}

#[test]
fn one_more_descriptor_is_not_a_growth_that_is_known() {
    let step = |s: f64| 40.0 + f64::from(s > 60.0);
    let noise = |s: f64| 84.0 * MB + (s * 7.3).sin() * 40.0 * MB;
    assert_eq!(
        words(&series(120, noise, step), 120.0),
        [GrowthWord::NotKnown; 2]
    );
}

#[test]
fn short_windows_have_no_word_and_too_few_blocks_decide_nothing() {
    assert!(of(&series(119, |_| MB, |_| 1.0), 119.0, &[]).is_empty());
    let mut gaps = series(300, |_| 84.0 * MB, |_| 40.0);
    gaps.retain(|one| one.second < 190);
    assert_eq!(words(&gaps, 300.0), [GrowthWord::NotKnown; 2]);
}

#[test]
fn connections_that_are_not_given_back_grow() {
    let pool = |size: fn(i64) -> u32| -> GrowthWord {
        let one = |second: i64| Second {
            second,
            pool_size: Some(size(second)),
            ..Second::default()
        };
        let seconds: Vec<Second> = (0..600).map(one).collect();
        let found = of(&seconds, 600.0, &[]);
        assert_eq!(found[0].resource, Resource::Connections);
        found[0].word
    };
    assert_eq!(pool(|_| 20), GrowthWord::Flat);
    assert_eq!(pool(|second| 20 + (second / 60) as u32), GrowthWord::Grows);
}

/// A window of five minutes after a warm-up of ten seconds, with so many answers a second that take so
/// many milliseconds each; those of the warm-up take a second.
fn answered(rate: u64, ms: impl Fn(f64, u64) -> f64) -> TrialData {
    let window = Window {
        from: Nanos::from_secs(10),
        to: Nanos::from_secs(310),
    };
    let mut shard = Shard::new(window, &[OpId(0)], Nanos::from_secs(311));
    for number in 0..310 * rate {
        let at = Nanos(number * 1_000_000_000 / rate);
        let second = at.0 as f64 / 1e9 - 10.0;
        let took = if second < 0.0 {
            1_000.0
        } else {
            ms(second, number)
        };
        let done = Nanos(at.0 + (took * 1e6) as u64);
        shard.begin(OpId(0), at);
        shard.settle(&Sample::answered(at, done), None);
    }
    TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard])
}

/// The response time's growth; absent where no block has enough answers.
fn drift(rate: u64, ms: impl Fn(f64, u64) -> f64) -> Option<Growth> {
    let data = answered(rate, ms);
    let found = of(&[], data.window_s(), &response(&data));
    found.into_iter().next()
}

#[test]
fn a_response_time_that_drifts_grows_and_one_that_does_not_is_flat() {
    // One of ten takes ten times as long: it is the 95th percentile.
    let slow = |number: u64| if number.is_multiple_of(10) { 10.0 } else { 1.0 };
    let flat = drift(100, |_, number| 5.0 * slow(number)).unwrap();
    assert_eq!((flat.word, flat.blocks), (GrowthWord::Flat, 30));
    assert!((flat.mean - 50.0).abs() < 1.0, "{}", flat.mean);
    // From 50 to 60 ms in five minutes: 120 ms an hour.
    let grows = drift(100, |s, number| (5.0 + s / 300.0) * slow(number)).unwrap();
    assert_eq!(grows.word, GrowthWord::Grows);
    assert!((grows.per_hour.unwrap() - 120.0).abs() < 12.0, "{grows:?}");
}

#[test]
fn a_response_time_that_scatters_is_not_known_to_drift() {
    let mut chance = rng(5);
    let block: Vec<f64> = (0..31)
        .map(|_| 20.0 + 60.0 * chance.random::<f64>())
        .collect();
    let noisy = drift(100, |s, _| block[s as usize / 10]).unwrap();
    assert_eq!(noisy.word, GrowthWord::NotKnown, "{noisy:?}");
}

#[test]
fn blocks_with_too_few_answers_have_no_percentile() {
    // Ten seconds have 200 answers at 20 a second, and 190 at 19.
    assert_eq!(drift(20, |_, _| 5.0).unwrap().blocks, 30);
    assert!(drift(19, |_, _| 5.0).is_none());
}

#[test]
fn a_load_that_changes_and_faults_tell_nothing_of_a_growth() {
    let suite = |load: &str| {
        let text = format!(
            "name: x\nload:\n  model: open\n{load}\nflows:\n  - {{ flow: orders.browse, weight: 1 }}\n"
        );
        parse(&text, "x.yaml", &shop()).unwrap()
    };
    let window = Window {
        from: Nanos::from_secs(2),
        to: Nanos::from_secs(122),
    };
    let data = TrialData::empty(SystemTime::UNIX_EPOCH, window);
    let level = suite("  rate: 10/s\n  warmup: 2s\n  duration: 120s");
    assert!(can_be_told(&level, &data));
    let phases = suite(
        "  warmup: 2s\n  phases:\n    - { name: morning, duration: 62s, rate: 10/s }\n    - { name: noon, duration: 60s, rate: 40/s }",
    );
    assert!(!can_be_told(&phases, &data));
    let mut by_hand = TrialData::empty(SystemTime::UNIX_EPOCH, window);
    by_hand.changes = vec![(Nanos::from_secs(60), "20/s".to_owned())];
    assert!(!can_be_told(&level, &by_hand));
    let mut faulty = level;
    faulty.faults = vec![PlannedFault {
        kind: FaultKind::Down(DataService::Redis),
        at: Millis(1_000),
        lasts: Millis(1_000),
    }];
    assert!(!can_be_told(&faulty, &data));
}
