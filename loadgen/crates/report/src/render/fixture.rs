//! Summaries that look like real ones, for the tests of the reports. Every figure follows from
//! a small deterministic generator, so that snapshots stay still.

mod application;
mod parts;
mod past_capacity;
mod said;
mod series;

pub(crate) use application::application;
pub(super) use said::{assert_said, text_of};

use chrono::{TimeZone, Utc};
use loadgen_experiment::schema::ThresholdWord;

use crate::render::fixture::parts::{
    AFTER, BEFORE, Dice, Shape, effect, failures, invariants, operation, operations, profile,
    provenance, server, validity,
};
use crate::render::fixture::series::series;
use loadgen_experiment::schema::{
    Arm, ArmCapacities, ArmCapacity, AuditCount, Capacity, CapacityFactor, Confidence, Consistency,
    Effect, FittedFigure, KneePoint, LoadResult, LoadTrial, LoadUnit, LoadVote, MetricKind,
    MetricUnit, Operation, PastCapacity, Percentile, RunKind, SCHEMA_VERSION, SaturationSign,
    ScalingPoint, ScalingResult, SearchEnding, Summary, ThresholdResult, Trial, TrialPurpose,
    ValidityWord, Verdict, VerdictWord,
};

/// The effects of the experiment, near the figures of its arms.
fn effects(dice: &mut Dice) -> Vec<Effect> {
    let of = |shapes: &[Shape], index: usize| operation(&shapes[index], 10_000, 1.0, 1.0).response;
    let mut effects = Vec::new();
    for (index, shape) in BEFORE.iter().enumerate() {
        let (before, after) = (of(&BEFORE, index), of(&AFTER, index));
        for (suffix, pair, spread) in [
            ("p50", before.p50.ms().zip(after.p50.ms()), 0.05),
            ("p97.5", before.p97_5.ms().zip(after.p97_5.ms()), 0.09),
        ] {
            if let Some((before, after)) = pair {
                let metric = format!("{} {suffix}", shape.0);
                effects.push(effect(
                    &metric,
                    metric == "mentors.list p97.5",
                    (MetricUnit::Milliseconds, MetricKind::Latency),
                    before,
                    after,
                    spread,
                    dice,
                ));
            }
        }
    }
    effects.push(effect(
        "chat.ping p50",
        false,
        (MetricUnit::Milliseconds, MetricKind::Latency),
        1.02,
        1.01,
        0.05,
        dice,
    ));
    effects.push(effect(
        "queries per request",
        false,
        (MetricUnit::Number, MetricKind::Count),
        9.4,
        1.35,
        0.01,
        dice,
    ));
    effects
}

/// A paired experiment that went well; `violated` breaks an invariant in its after arm.
pub(super) fn experiment(violated: bool) -> Summary {
    let mut dice = Dice(7);
    let blocks = 8_u32;
    let seconds = 30.0;
    let mut trials = Vec::new();
    for block in 1..=blocks {
        let order = if dice.roll() < 0.5 {
            ["before", "after"]
        } else {
            ["after", "before"]
        };
        for (place, arm) in (1..).zip(order) {
            let slow = arm == "before";
            let (total, operations) = operations(
                if slow { &BEFORE } else { &AFTER },
                6_000,
                seconds,
                dice.jitter(0.1),
            );
            trials.push(Trial {
                folder: format!("b{block:02}_{place}_{arm}"),
                arm: arm.into(),
                block,
                seed: 0x00C0_FFEE + u64::from(block),
                validity: validity(block == 5 && slow),
                total,
                operations,
                series: series(slow, 30, 200.0, &mut dice),
                server: server(slow, seconds),
                violations: Some(if violated && !slow { 7 } else { 0 }),
                audits: AuditCount {
                    expected: 1,
                    made: 1,
                },
                failures: failures(slow),
                ..Trial::default()
            });
        }
    }
    let arm = |name: &str| {
        let slow = name == "before";
        let measured = seconds * f64::from(blocks);
        let (total, operations) =
            operations(if slow { &BEFORE } else { &AFTER }, 48_000, measured, 1.0);
        Arm {
            name: name.into(),
            profile: profile(!slow),
            fingerprint: if slow { "9f3a61c2d0b4" } else { "41e7cc08aa12" }.into(),
            trials: blocks,
            total,
            operations,
            server: server(slow, measured),
            audit: invariants(violated && !slow),
            audits: AuditCount {
                expected: blocks,
                made: blocks,
            },
            consistency: Consistency {
                acknowledged: 420,
                in_doubt: 2,
                reads: 300,
                ..Consistency::default()
            },
            ..Arm::default()
        }
    };
    let thresholds = [
        ("p95 < 1000ms", "before", "4,212 ms", ThresholdWord::Fail),
        ("p95 < 1000ms", "after", "98.4 ms", ThresholdWord::Pass),
        ("success > 99%", "after", "99.99%", ThresholdWord::Pass),
        ("warn: p99 < 200ms", "after", "231 ms", ThresholdWord::Warn),
    ];
    Summary {
        schema_version: SCHEMA_VERSION,
        kind: RunKind::Experiment,
        name: "mentor-cache".into(),
        question:
            "Do the caches, the indexes and a wider pool make discovery fast enough for 3000 users?"
                .into(),
        started_at: Utc.with_ymd_and_hms(2026, 8, 30, 14, 5, 11).unwrap(),
        took_s: 764.0,
        application: application(),
        verdict: if violated {
            verdict(
                VerdictWord::Violated,
                &[
                    "slot_capacity is broken 7 times in the after arm",
                    "mentors.list p97.5 IMPROVED, but a faster wrong answer is no answer",
                ],
            )
        } else {
            verdict(
                VerdictWord::Improved,
                &[
                    "mentors.list p97.5 IMPROVED: lower in all 8 blocks",
                    "every threshold on the after arm holds; 1 warning",
                    "no invariant is broken",
                ],
            )
        },
        load: "open, poisson arrivals at 200/s; 10 s warm-up, 30 s measured".into(),
        arms: vec![arm("before"), arm("after")],
        trials,
        effects: effects(&mut dice),
        thresholds: thresholds
            .map(|(text, arm, figure, word)| ThresholdResult {
                text: text.into(),
                arm: arm.into(),
                figure: figure.into(),
                word,
                only_warns: text.starts_with("warn:"),
                by_default: false,
            })
            .into(),
        provenance: Some(provenance()),
        environment: [
            ("machine", "2 cores, 8.2 GB, Linux 6.1.0"),
            ("PostgreSQL", "15.13, fsync on, shared_buffers 256 MB"),
            ("Redis", "7.0.15, no persistence"),
            ("dataset", "small, seed 42, digest 5d41402a"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        warnings: vec!["load generator and target share two processors".into()],
        not_tested: vec![
            "network latency: all runs over loopback".into(),
            "PgBouncer and read replicas".into(),
        ],
        ..Summary::default()
    }
}

/// One suite against one profile, with a failing threshold.
pub(super) fn run() -> Summary {
    let mut summary = experiment(false);
    summary.kind = RunKind::Run;
    summary.name = "codeconnect".into();
    summary.question = "Does the application carry 3000 users?".into();
    summary.arms.remove(0);
    summary.arms[0].name = "run".into();
    summary.arms[0].trials = 1;
    summary.trials.retain(|trial| trial.arm == "after");
    summary.trials.truncate(1);
    summary.trials[0].arm = "run".into();
    summary.trials[0].folder = "run".into();
    summary.effects.clear();
    summary.thresholds.remove(0);
    for threshold in &mut summary.thresholds {
        threshold.arm = "run".into();
    }
    summary.thresholds[0].word = ThresholdWord::Fail;
    summary.verdict = Verdict {
        headline: "p95 137 ms, 200.0/s, 0.01 % errors".into(),
        ..Verdict::new(
            VerdictWord::Failed,
            vec!["p95 < 1000ms: found 98.4 ms".into()],
        )
    };
    summary
}

/// The outcome of the experiment: its answer is the same whatever the word.
fn verdict(word: VerdictWord, reasons: &[&str]) -> Verdict {
    let audits = AuditCount {
        expected: 16,
        made: 16,
    };
    Verdict {
        word,
        headline: "mentors.list p97.5 IMPROVED 0.014x [0.012x, 0.016x]".into(),
        confidence: Confidence {
            valid: 15,
            noisy: 1,
            audits,
            ..Confidence::default()
        },
        as_expected: Some(true),
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
    }
}

/// 30 operations over an hour of seconds.
pub(super) fn large() -> Summary {
    let mut summary = experiment(false);
    let mut dice = Dice(3);
    for arm in &mut summary.arms {
        let pattern = arm.operations[1].clone();
        arm.operations = (0..30)
            .map(|index| Operation {
                name: format!("area{}.operation_{index}", index % 6),
                ..pattern.clone()
            })
            .collect();
    }
    for trial in &mut summary.trials {
        trial.series = series(trial.arm == "before", 3_600, 200.0, &mut dice);
    }
    summary
}

/// A capacity search with its scaling levels.
pub(super) fn capacity() -> Summary {
    let mut summary = run();
    let arm = "196/s";
    summary.kind = RunKind::Capacity;
    summary.name = "core".into();
    summary.arms[0].name = arm.into();
    for trial in &mut summary.trials {
        trial.arm = arm.into();
    }
    for threshold in &mut summary.thresholds {
        threshold.arm = arm.into();
    }
    let load = |load: f64, met, missed, response: Option<f64>| LoadResult {
        load,
        met,
        missed,
        undecided: 0,
        invalid: 0,
        goodput_per_s: load.min(205.0),
        response_ms: response,
        response_range_ms: response.map(|ms| (ms * 0.9, ms * 1.2)),
    };
    let fitted = |name: &str, value: f64| FittedFigure {
        name: name.into(),
        value,
        standard_error: Some(value / 10.0),
        interval: Some((value * 0.8, Some(value * 1.2))),
    };
    summary.capacity = Some(Capacity {
        unit: LoadUnit::Rate,
        slo: vec!["p95 < 1000ms".into(), "errors < 1%".into()],
        percentile: 0.95,
        lower: Some(196.0),
        lower_confirmed: true,
        upper: Some(202.0),
        upper_confirmed: true,
        width: Some(0.031),
        asked_width: 0.03,
        ending: SearchEnding::Found,
        goodput_per_s: Some(195.4),
        loads: vec![
            load(50.0, 1, 0, Some(12.0)),
            load(100.0, 1, 0, Some(18.0)),
            load(196.0, 5, 0, Some(410.0)),
            load(202.0, 0, 5, Some(1_620.0)),
            load(400.0, 0, 1, None),
        ],
        trials: Vec::new(),
        saturated: vec![SaturationSign {
            resource: "connection pool".into(),
            load: 196.0,
            evidence: "all 5 connections in use".into(),
        }],
        saturation: "saturated first: connection pool, from 196/s on".into(),
        knees: vec![KneePoint {
            rule: "largest power".into(),
            load: 100.0,
        }],
        scaling: Some(ScalingResult {
            levels: 8,
            trials: 24,
            trusted: true,
            figures: vec![
                fitted("contention (alpha)", 0.03),
                fitted("speed of one (gamma)", 40.0),
            ],
            amdahl: vec![fitted("contention (alpha)", 0.05)],
            residuals: (3.0, 9.0),
            without_peak: 0.0,
            curve: (1..=8)
                .map(|n| ScalingPoint {
                    in_system: f64::from(n),
                    fitted: f64::from(n) * 20.0,
                    low: f64::from(n) * 18.0,
                    high: f64::from(n) * 22.0,
                })
                .collect(),
            points: (1..=8)
                .map(|n| (f64::from(n), f64::from(n) * 20.5))
                .collect(),
            doubts: Vec::new(),
        }),
        soak: None,
        breakdown: None,
    });
    summary
}

/// A search with what happens past the capacity: with one policy the goodput collapses, with the other it
/// stays.
pub(super) fn breakdown() -> Summary {
    let mut summary = capacity();
    let found = summary.capacity.as_mut().unwrap_or_else(|| unreachable!());
    found.breakdown = Some(past_capacity::breakdown());
    summary
}

/// An experiment with the capacity of both arms.
pub(super) fn capacities() -> Summary {
    let mut summary = experiment(false);
    let template = capacity().capacity.unwrap_or_else(|| unreachable!());
    let trial = |load: f64, goodput_per_s, success, response_ms, vote| LoadTrial {
        folder: "past_before".into(),
        load,
        purpose: TrialPurpose::PastCapacity,
        vote,
        why: Vec::new(),
        took_s: 20.0,
        goodput_per_s,
        in_system: 900.0,
        response_ms,
        success,
        validity: ValidityWord::Valid,
    };
    let before = Capacity {
        lower: Some(8.5),
        upper: Some(10.0),
        scaling: None,
        ..template.clone()
    };
    let after = Capacity {
        scaling: None,
        ..template
    };
    summary.arm_capacities = Some(ArmCapacities {
        factor: CapacityFactor::of(&before, &after),
        compared_at: Some(6.0),
        past: Some(PastCapacity {
            arm: "before".into(),
            trial: trial(
                196.0,
                9.0,
                0.05,
                Percentile::BeyondTimeout,
                LoadVote::Missed,
            ),
            violations: Some(0),
            other: trial(196.0, 195.0, 1.0, Percentile::Known(410.0), LoadVote::Met),
        }),
        arms: [("before", before), ("after", after)]
            .map(|(arm, found)| ArmCapacity {
                arm: arm.into(),
                found,
            })
            .into(),
    });
    summary
}
