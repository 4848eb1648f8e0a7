//! A trial that is right in everything, and one that is wrong in one thing at a time.

use crate::schema::ValidityWord;
use std::time::SystemTime;

use super::*;
use crate::observer::{GeneratorUse, Hiccups};
use loadgen_engine::{
    aggregator::{SecondData, TrialData},
    recorder::{OpData, Window},
    sample::{OpId, Outcome},
    units::Nanos,
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
    // Gaps of 3, 7, 12 and 18 ms by turns: no two alike next to each other.
    let mut at = Nanos::from_secs(2);
    for gap in [3, 7, 12, 18].into_iter().cycle().take(1_000) {
        data.taken.push((at, at + Nanos(50_000)));
        at = at + Nanos::from_millis(gap);
    }
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

/// Everything on the machine is quiet but what the data says.
fn quiet(data: &TrialData) -> TrialEvidence<'_> {
    TrialEvidence {
        generator: Some(GeneratorUse {
            busiest: 0.1,
            wait_s: 0.05,
            longest_wait_s: 0.05,
            seconds: 10.0,
        }),
        steal: Some(0.001),
        cpu_pressure: Some(0.2),
        hiccups: Some(Hiccups {
            count: 9_800,
            p99_9: Nanos(300_000),
            longest: Nanos::from_millis(3),
            first: true,
        }),
        cpu: Some((12.0, 10.0, 2)),
        ..TrialEvidence::of(data)
    }
}

fn judged(data: &TrialData) -> Validity {
    validity(&quiet(data))
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
    let validity = judged(&good());
    assert_eq!(validity.word, ValidityWord::Valid, "{:?}", validity.checks);
    assert_eq!(broken(&validity), Vec::<&str>::new());
}

#[test]
fn another_configuration_at_the_end_makes_it_invalid() {
    let data = good();
    let mut changed = quiet(&data);
    changed.changed = Some("http://127.0.0.1:8082 has another profile in force".to_owned());
    let validity = validity(&changed);
    assert_eq!(validity.word, ValidityWord::Invalid);
    assert_eq!(broken(&validity), ["PROFILE"]);
}

#[test]
fn each_fault_of_the_generator_makes_it_invalid_under_its_own_code() {
    type Spoil = fn(&mut TrialData);
    let spoiled: [(&str, Spoil); 7] = [
        ("HARNESS_BUG", |data| data.total.planned += 1),
        ("HIST_OVERFLOW", |data| data.overflow = 1),
        ("ARRIVALS", |data| {
            // Let go in bursts, four every 40 ms.
            for four in data.taken.chunks_mut(4) {
                let last = four[3].1;
                for one in four {
                    one.1 = last;
                }
            }
        }),
        ("OFFERED", |data| data.emitted = 990),
        ("LAG", |data| {
            for _ in 0..100 {
                data.lag.record(5_000_000).unwrap();
            }
        }),
        ("GEN_LIMIT", |data| {
            data.total.outcomes[Outcome::Ok.index()] -= 1;
            data.total.outcomes[Outcome::Generator.index()] += 1;
        }),
        ("LITTLE", |data| data.response_sum += data.response_sum / 10),
    ];
    for (code, spoil) in spoiled {
        let mut data = good();
        spoil(&mut data);
        let validity = judged(&data);
        assert_eq!(validity.word, ValidityWord::Invalid, "{code}");
        assert!(
            broken(&validity).contains(&code),
            "{code}: {:?}",
            broken(&validity)
        );
    }
    let data = good();
    let mut busy = quiet(&data);
    busy.generator = Some(GeneratorUse {
        busiest: 0.8,
        wait_s: 60.0,
        longest_wait_s: 6.0,
        seconds: 10.0,
    });
    let busy = validity(&busy);
    assert_eq!(broken(&busy), ["GEN_CPU", "GEN_WAIT"]);
    assert_eq!(busy.word, ValidityWord::Invalid);
    assert_eq!(reasons(&busy).count(), 2);
    // Waits that are most of what is measured leave nothing of the target.
    let mut starved = quiet(&data);
    starved.generator = Some(GeneratorUse {
        busiest: 0.1,
        wait_s: 60.0,
        longest_wait_s: 6.0,
        seconds: 10.0,
    });
    assert_eq!(validity(&starved).word, ValidityWord::Invalid);
    // Little a request, and yet most requests come while it waits.
    for (longest_wait_s, word) in [
        (2.0, ValidityWord::Valid),
        (3.0, ValidityWord::Noisy),
        (6.0, ValidityWord::Invalid),
    ] {
        let mut waits = quiet(&data);
        waits.generator = Some(GeneratorUse {
            busiest: 0.1,
            wait_s: 0.05,
            longest_wait_s,
            seconds: 10.0,
        });
        assert_eq!(validity(&waits).word, word, "{longest_wait_s} s");
    }
}

#[test]
fn a_fault_of_the_machine_makes_a_trial_noisy_and_not_invalid() {
    let data = good();
    let mut stolen = quiet(&data);
    stolen.steal = Some(0.03);
    let stolen = validity(&stolen);
    let mut waited = quiet(&data);
    waited.generator = Some(GeneratorUse {
        busiest: 0.1,
        wait_s: 3.0,
        longest_wait_s: 2.0,
        seconds: 10.0,
    });
    let waited = validity(&waited);
    assert_eq!(
        (waited.word, broken(&waited)),
        (ValidityWord::Noisy, vec!["GEN_WAIT"])
    );
    assert_eq!(
        (stolen.word, broken(&stolen)),
        (ValidityWord::Noisy, vec!["STEAL"])
    );
    let mut stood_still = quiet(&data);
    stood_still.hiccups = Some(Hiccups {
        count: 9_000,
        p99_9: Nanos::from_millis(9),
        longest: Nanos::from_millis(20),
        first: true,
    });
    assert_eq!(broken(&validity(&stood_still)), ["HICCUP"]);
    // The same, seen by a thread that had to wait for its turn, is nothing special.
    if let Some(hiccups) = &mut stood_still.hiccups {
        hiccups.first = false;
    }
    assert_eq!(validity(&stood_still).word, ValidityWord::Valid);
}

#[test]
fn a_generator_that_was_late_by_stolen_time_is_noisy_and_by_itself_invalid() {
    let mut data = good();
    data.lag.clear();
    for _ in 0..1_000 {
        data.lag.record(20_000_000).unwrap();
    }
    let own = validity(&quiet(&data));
    assert_eq!(own.word, ValidityWord::Invalid);
    let stolen = validity(&TrialEvidence {
        steal: Some(0.2),
        ..quiet(&data)
    });
    assert_eq!(stolen.word, ValidityWord::Noisy);
}

#[test]
fn a_short_quiet_trial_of_few_requests_is_valid_and_says_what_it_cannot_judge() {
    let mut data = good();
    data.window.1 = Nanos::from_secs(4);
    data.total = OpData {
        planned: 22,
        ..OpData::default()
    };
    data.total.outcomes[0] = 22;
    for _ in 0..22 {
        data.total.ok.record(10_000_000).unwrap();
    }
    data.ops.insert(OpId(0), data.total.clone());
    (data.planned_arrivals, data.emitted) = (22, 22);
    (data.outstanding_area, data.response_sum) = (220_000_000, 220_000_000);
    data.taken.truncate(22);
    data.lag.reset();
    for _ in 0..22 {
        data.lag.record(4_000_000).unwrap();
    }
    for second in &mut data.seconds {
        (second.planned, second.completed) = (11, 11);
    }
    let validity = validity(&TrialEvidence::of(&data));
    assert_eq!(validity.word, ValidityWord::Valid, "{:?}", validity.checks);
    assert_eq!(broken(&validity), ["COUNT"]);
    let unjudged: Vec<&str> = validity
        .checks
        .iter()
        .filter(|check| check.figure.starts_with("not judged"))
        .map(|check| check.code.as_str())
        .collect();
    assert_eq!(
        unjudged,
        [
            "LAG",
            "ARRIVALS",
            "GEN_CPU",
            "GEN_WAIT",
            "STEAL",
            "UTIL",
            "STATIONARY"
        ]
    );
}

#[test]
fn ninety_random_arrivals_that_came_as_planned_are_as_planned() {
    // Compared with the formula of the exponential, so few would be far off by chance alone.
    let mut data = good();
    data.taken.clear();
    let mut at = 2.0_f64;
    for k in 0..90_u32 {
        at += -(1.0 - (f64::from(k * 37 % 90) + 0.5) / 90.0).ln() * 0.09;
        let planned = Nanos((at * 1e9) as u64);
        let jitter = Nanos(u64::from(k % 7) * 100_000);
        data.taken.push((planned, planned + jitter));
    }
    assert_eq!(judged(&data).word, ValidityWord::Valid);
}

#[test]
fn even_arrivals_are_judged_by_the_variation_of_their_gaps() {
    let mut data = good();
    data.taken = (0..1_000_u64)
        .map(|k| (Nanos::from_millis(k * 10), Nanos::from_millis(k * 10)))
        .collect();
    let even = |data: &TrialData| {
        let mut evidence = quiet(data);
        evidence.even = true;
        validity(&evidence)
    };
    assert_eq!(even(&data).word, ValidityWord::Valid);
    for (k, one) in data.taken.iter_mut().enumerate() {
        one.1 = one.1 + Nanos::from_millis((k % 2) as u64 * 6);
    }
    assert_eq!(broken(&even(&data)), ["ARRIVALS"]);
}

#[test]
fn a_drift_over_a_long_window_is_told_and_noise_is_not() {
    let course = |p50: fn(i64) -> f64| {
        let mut data = good();
        data.window.1 = Nanos::from_secs(62);
        data.seconds = (-2..60)
            .map(|second| SecondData {
                second,
                planned: 100,
                completed: 100,
                p50_ns: Some((p50(second) * 1e6) as u64),
                ..SecondData::default()
            })
            .collect();
        let validity = judged(&data);
        assert_eq!(validity.word, ValidityWord::Valid);
        broken(&validity).contains(&"STATIONARY")
    };
    assert!(!course(|second| 10.0 + (second * 7 % 5) as f64));
    assert!(course(|second| 10.0 + second as f64 * 0.2));
}

#[test]
fn wrong_and_failed_answers_are_told_of_the_target_and_leave_the_trial_valid() {
    let mut data = good();
    for total in data.ops.values_mut().chain([&mut data.total]) {
        total.outcomes = [0; Outcome::ALL.len()];
        total.outcomes[Outcome::Ok.index()] = 970;
        total.outcomes[Outcome::BodyMismatch.index()] = 30;
    }
    let validity = judged(&data);
    assert_eq!(broken(&validity), ["ERRORS", "CORRECT"]);
    assert_eq!(validity.word, ValidityWord::Valid);
}

#[test]
fn one_late_arrival_among_few_is_no_lag_and_a_very_late_one_makes_the_trial_noisy() {
    let mut data = good();
    data.lag.reset();
    for _ in 0..90 {
        data.lag.record(50_000).unwrap();
    }
    data.lag.record(4_000_000).unwrap();
    assert_eq!(judged(&data).word, ValidityWord::Valid);
    data.lag.record(80_000_000).unwrap();
    let late = judged(&data);
    assert_eq!(
        (late.word, broken(&late)),
        (ValidityWord::Noisy, vec!["HICCUP"])
    );
    // The figure tells the two apart, and the machine is not blamed for what it did not do.
    let hiccup = |validity: &Validity| {
        let check = reasons(validity).next().unwrap();
        (check.figure.clone(), check.advice.clone())
    };
    let (figure, advice) = hiccup(&late);
    assert!(
        figure.contains("longest 3.0 ms, latest arrival 80"),
        "{figure}"
    );
    assert!(advice.contains("did not stand still"), "{advice}");
    let mut stood_still = quiet(&data);
    if let Some(hiccups) = &mut stood_still.hiccups {
        hiccups.longest = Nanos::from_millis(81);
    }
    let (figure, advice) = hiccup(&validity(&stood_still));
    assert!(
        figure.contains("longest 81.0 ms, latest arrival 80"),
        "{figure}"
    );
    assert!(advice.contains("stood still for a moment"), "{advice}");
}

#[test]
fn a_slow_request_of_the_warm_up_that_reaches_into_the_window_is_no_contradiction() {
    let mut data = good();
    data.outstanding_at_window_start = 2;
    data.outstanding_area += 1_500_000_000;
    assert_eq!(judged(&data).word, ValidityWord::Invalid);
    data.seconds[0].p99_ns = Some(1_000_000_000);
    assert_eq!(judged(&data).word, ValidityWord::Valid);
}

#[test]
fn a_backlog_is_the_target_s_fault_and_leaves_the_trial_valid() {
    let mut data = good();
    for second in &mut data.seconds {
        second.completed = 70;
    }
    let validity = judged(&data);
    assert_eq!(broken(&validity), ["BACKLOG"]);
    assert_eq!(validity.word, ValidityWord::Valid);
}

#[test]
fn what_is_under_way_follows_a_load_that_changes() {
    let mut data = good();
    let judged = |data: &TrialData, level: bool| {
        validity(&TrialEvidence {
            level,
            ..quiet(data)
        })
    };
    for second in &mut data.seconds {
        second.completed = 99;
    }
    assert_eq!(broken(&judged(&data, true)), ["BACKLOG"]);
    assert_eq!(broken(&judged(&data, false)), Vec::<&str>::new());
    for second in &mut data.seconds {
        second.completed = 70;
    }
    assert_eq!(broken(&judged(&data, false)), ["BACKLOG"]);
}

#[test]
fn too_few_requests_are_told_and_leave_the_trial_valid() {
    let mut data = good();
    data.total.planned = 100;
    data.total.outcomes[0] = 100;
    let validity = judged(&data);
    assert_eq!(broken(&validity), ["COUNT"]);
    assert_eq!(validity.word, ValidityWord::Valid);
}

#[test]
fn a_backlog_from_the_warm_up_describes_the_target_and_leaves_the_trial_valid() {
    let mut data = good();
    data.outstanding_at_window_start = 40;
    let validity = judged(&data);
    assert_eq!(broken(&validity), ["NOT_WARM"]);
    assert_eq!(validity.word, ValidityWord::Valid);
}

#[test]
fn an_overload_is_the_target_s_where_the_generator_was_in_time() {
    type Spoil = fn(&mut TrialData, &mut Option<f64>);
    let late: Spoil = |data, _| {
        for _ in 0..100 {
            data.lag.record(5_000_000).unwrap();
        }
    };
    let cases: [(&str, Spoil, ValidityWord, bool); 4] = [
        ("in time", |_, _| (), ValidityWord::Valid, true),
        (
            "not all was offered",
            |data, _| data.emitted = 990,
            ValidityWord::Valid,
            true,
        ),
        ("late", late, ValidityWord::Invalid, false),
        (
            "late by stolen time",
            |data, steal| {
                for _ in 0..100 {
                    data.lag.record(5_000_000).unwrap();
                }
                *steal = Some(0.2);
            },
            ValidityWord::Invalid,
            false,
        ),
    ];
    for (name, spoil, word, is_target) in cases {
        let (mut data, mut steal) = (good(), Some(0.001));
        spoil(&mut data, &mut steal);
        let validity = validity(&TrialEvidence {
            overloaded: true,
            steal,
            ..quiet(&data)
        });
        assert_eq!(validity.word, word, "{name}: {:?}", validity.checks);
        assert_eq!(validity.overload().is_some(), is_target, "{name}");
    }
}
