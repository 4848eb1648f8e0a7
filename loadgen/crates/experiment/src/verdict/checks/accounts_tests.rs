//! A window without an arrival, and Little's law on simulated queues: it holds in every one of them, whatever
//! the number of requests, and does not where the sums differ.

use std::time::SystemTime;

use super::*;
use loadgen_engine::{
    aggregator::TrialData,
    recorder::{Shard, Window},
    sample::{OpId, Sample},
    units::Nanos,
};
use loadgen_stats::seed::rng;
use rand::RngExt as _;

/// A queue with one server: exponential gaps and service times of the given means, seen from
/// `window.from` on, with changes recorded up to 200 us after they happened.
fn queue(seed: u64, gap_ms: f64, service_ms: f64, window: Window) -> TrialData {
    let mut dice = rng(seed);
    let mut draw = |mean_ms: f64| {
        let share: f64 = dice.random();
        Nanos((-(1.0 - share).ln() * mean_ms * 1e6) as u64)
    };
    let mut requests: Vec<(Nanos, Nanos)> = Vec::new();
    let (mut at, mut free) = (Nanos(0), Nanos(0));
    while at < window.to {
        free = at.max(free) + draw(service_ms);
        requests.push((at, free));
        at = at + draw(gap_ms);
    }
    let late = Nanos(200_000);
    let mut changes: Vec<(Nanos, Nanos, Option<Nanos>)> = Vec::new();
    for (number, (intended, done)) in requests.iter().enumerate() {
        let delay = if number % 3 == 0 { late } else { Nanos(0) };
        changes.push((*intended + delay, *intended, None));
        changes.push((*done + delay, *intended, Some(*done)));
    }
    changes.sort_by_key(|(recorded, ..)| *recorded);
    let mut shard = Shard::new(window, &[OpId(0)], window.to);
    for (recorded, intended, done) in changes {
        let Some(done) = done else {
            shard.due(intended, recorded);
            shard.begin(OpId(0), intended);
            continue;
        };
        shard.finished(done.max(intended));
        shard.settle(&Sample::answered(intended, done), None);
    }
    shard.finish();
    TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard])
}

fn holds(data: &TrialData) -> ValidityCheck {
    little(&TrialEvidence::of(data))
}

#[test]
fn a_window_in_which_nothing_was_to_start_is_no_fault_of_the_generator() {
    let window = Window {
        from: Nanos::from_secs(1),
        to: Nanos::from_secs(2),
    };
    let advice = |data: &TrialData| {
        let check = offered(&TrialEvidence::of(data));
        assert!(!check.ok);
        check.advice
    };
    let mut data = TrialData::empty(SystemTime::UNIX_EPOCH, window);
    assert!(advice(&data).contains("shorten the warm-up"));
    (data.planned_arrivals, data.emitted) = (100, 50);
    assert!(advice(&data).contains("cannot keep this schedule"));
}

#[test]
fn littles_law_holds_in_every_simulated_queue_of_few_or_many_requests() {
    let window = Window {
        from: Nanos::from_millis(500),
        to: Nanos::from_millis(2_500),
    };
    // The fewer requests there are, the more one of them is of the sum: queues of few are tried most often.
    for (gap_ms, service_ms, queues) in [
        (400.0, 5.0, 200),
        (34.0, 2.0, 200),
        (34.0, 30.0, 200),
        (4.0, 3.6, 80),
        (1.0, 0.1, 40),
    ] {
        for seed in 0..queues {
            let data = queue(seed, gap_ms, service_ms, window);
            let check = holds(&data);
            assert!(
                check.ok,
                "seed {seed}, {} requests: {check:?}",
                data.total.planned
            );
        }
    }
}

#[test]
fn sums_that_differ_by_a_tenth_break_it_where_there_are_enough_requests() {
    let window = Window {
        from: Nanos::from_millis(500),
        to: Nanos::from_millis(2_500),
    };
    for seed in 0..50 {
        let mut data = queue(seed, 1.0, 0.1, window);
        data.response_sum += data.response_sum / 10;
        assert!(!holds(&data).ok, "seed {seed}");
    }
}
