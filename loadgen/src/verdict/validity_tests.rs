//! A trial that is right in everything, and one that is wrong in one thing at a time.

use std::time::SystemTime;

use super::*;
use crate::{
    aggregator::SecondData,
    recorder::{OpData, Window},
    sample::{OpId, Outcome},
};

/// Ten seconds of a hundred requests a second, each 10 ms.
fn good() -> TrialData {
    let window = Window {
        from: Nanos::from_secs(2),
        to: Nanos::from_secs(12),
    };
    let mut data = TrialData::empty(SystemTime::UNIX_EPOCH, window);
    let mut op = OpData {
        planned: 1_000,
        ..OpData::default()
    };
    op.outcomes[Outcome::Ok.index()] = 1_000;
    for _ in 0..1_000 {
        op.ok.record(10_000_000).unwrap();
        op.service_ok.record(10_000_000).unwrap();
        data.lag.record(50_000).unwrap();
    }
    data.total = op.clone();
    data.ops.insert(OpId(0), op);
    data.planned_arrivals = 1_000;
    data.emitted = 1_000;
    data.outstanding_area = 1_000 * 10_000_000;
    data.response_sum = 1_000 * 10_000_000;
    data.seconds = (-2..10)
        .map(|second| SecondData {
            second,
            planned: 100,
            completed: 100,
            ..SecondData::default()
        })
        .collect();
    data
}

fn judged(data: &TrialData, cpu: f64) -> Validity {
    validity(&Evidence {
        data,
        generator_cpu: Some((cpu, 10.0)),
        workers: 1,
        at_once: 1,
    })
}

fn broken(validity: &Validity) -> Vec<&str> {
    validity
        .checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| check.code.as_str())
        .collect()
}

#[test]
fn a_clean_trial_is_valid() {
    let validity = judged(&good(), 1.0);
    assert_eq!(validity.word, VALID, "{:?}", validity.checks);
    assert_eq!(broken(&validity), Vec::<&str>::new());
}

#[test]
fn each_fault_of_the_generator_makes_it_invalid_under_its_own_code() {
    type Spoil = fn(&mut TrialData);
    let spoiled: [(&str, Spoil); 6] = [
        ("HARNESS_BUG", |data| data.total.planned += 1),
        ("HARNESS_BUG", |data| data.overflow = 1),
        ("OFFERED", |data| data.emitted = 990),
        ("LAG", |data| {
            for _ in 0..100 {
                data.lag.record(5_000_000).unwrap();
            }
        }),
        ("NOT_WARM", |data| data.outstanding_at_window_start = 40),
        ("LITTLE", |data| data.response_sum += data.response_sum / 10),
    ];
    for (code, spoil) in spoiled {
        let mut data = good();
        spoil(&mut data);
        let validity = judged(&data, 1.0);
        assert_eq!(validity.word, INVALID, "{code}");
        assert!(
            broken(&validity).contains(&code),
            "{code}: {:?}",
            broken(&validity)
        );
    }
    let busy = judged(&good(), 9.0);
    assert_eq!(broken(&busy), ["GEN_CPU"]);
    assert_eq!(busy.word, INVALID);
}

#[test]
fn one_hiccup_among_few_arrivals_is_no_lag_and_a_long_one_is() {
    let mut data = good();
    data.lag.reset();
    for _ in 0..90 {
        data.lag.record(50_000).unwrap();
    }
    data.lag.record(4_000_000).unwrap();
    assert_eq!(judged(&data, 1.0).word, VALID);
    data.lag.record(80_000_000).unwrap();
    assert_eq!(judged(&data, 1.0).word, INVALID);
}

#[test]
fn a_slow_request_of_the_warm_up_that_reaches_into_the_window_is_no_contradiction() {
    let mut data = good();
    data.outstanding_at_window_start = 2;
    data.outstanding_area += 1_500_000_000;
    assert_eq!(judged(&data, 1.0).word, INVALID);
    data.seconds[0].p99_ns = Some(1_000_000_000);
    assert_eq!(judged(&data, 1.0).word, VALID);
}

#[test]
fn a_backlog_is_the_target_s_fault_and_leaves_the_trial_valid() {
    let mut data = good();
    for second in &mut data.seconds {
        second.completed = 70;
    }
    let validity = judged(&data, 1.0);
    assert_eq!(broken(&validity), ["BACKLOG"]);
    assert_eq!(validity.word, VALID);
}

#[test]
fn too_few_requests_are_told_and_leave_the_trial_valid() {
    let mut data = good();
    data.total.planned = 100;
    data.total.outcomes[0] = 100;
    let validity = judged(&data, 1.0);
    assert_eq!(broken(&validity), ["COUNT"]);
    assert_eq!(validity.word, VALID);
}
