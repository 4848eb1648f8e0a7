//! The parts of the summaries that the tests of the reports use.

use std::collections::BTreeMap;

use serde_json::json;
use shared::invariant::InvariantResult;

use crate::schema::{
    Band, Cost, Database, Effect, Hashing, Operation, Parts, Percentiles, Server, Validity,
    ValidityCheck,
};

/// A small linear congruential generator.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number in 0 to 1.
    pub(super) fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A factor around 1.
    pub(super) fn jitter(&mut self, width: f64) -> f64 {
        1.0 + width * (self.roll() - 0.5)
    }
}

/// What an operation of the fixture is like in an arm: name, share of requests, p50 in ms,
/// tail factor, failing share, queries, cache hit ratio.
pub(super) type Shape = (&'static str, f64, f64, f64, f64, f64, Option<f64>);

pub(super) const BEFORE: [Shape; 7] = [
    ("auth.login", 0.15, 560.0, 3.1, 0.0145, 5.6, Some(0.0)),
    ("discovery.list", 0.30, 4_500.0, 1.5, 0.021, 21.0, Some(0.0)),
    ("discovery.detail", 0.15, 184.0, 4.2, 0.004, 4.0, Some(0.0)),
    ("bookings.create", 0.10, 96.0, 5.0, 0.006, 6.0, None),
    ("bookings.mine", 0.15, 840.0, 2.6, 0.009, 3.0, Some(0.0)),
    ("recordings.play", 0.05, 38.0, 3.0, 0.0, 1.0, None),
    ("chat.deliver", 0.10, 24.0, 6.0, 0.0, 2.0, None),
];

pub(super) const AFTER: [Shape; 7] = [
    ("auth.login", 0.15, 212.0, 2.2, 0.0004, 3.2, Some(0.91)),
    ("discovery.list", 0.30, 12.4, 7.5, 0.0, 0.4, Some(0.941)),
    ("discovery.detail", 0.15, 4.1, 6.0, 0.0, 0.5, Some(0.902)),
    ("bookings.create", 0.10, 41.0, 3.4, 0.0, 6.0, None),
    ("bookings.mine", 0.15, 3.2, 7.0, 0.0, 0.3, Some(0.934)),
    ("recordings.play", 0.05, 21.0, 3.1, 0.0, 1.0, None),
    ("chat.deliver", 0.10, 9.6, 4.0, 0.0, 2.0, None),
];

fn spectrum(p50: f64, tail: f64) -> Vec<(f64, f64)> {
    (0..=60)
        .map(|step| {
            let nines = f64::from(step) / 60.0 * 4.2;
            let quantile = 1.0 - 10_f64.powf(-nines);
            let value = p50
                * (0.35 + 0.65 * (nines / 0.301).powf(0.4))
                * tail.powf((nines - 0.301).max(0.0) / 1.3);
            (quantile, value)
        })
        .collect()
}

pub(super) fn operation(shape: &Shape, planned: u64, seconds: f64, jitter: f64) -> Operation {
    let (name, _, p50, tail, failing, queries, hits) = *shape;
    let p50 = p50 * jitter;
    let failed = (planned as f64 * failing).round() as u64;
    let ok = planned - failed;
    let success = ok as f64 / planned.max(1) as f64;
    let spectrum = spectrum(p50, tail);
    let at = |quantile: f64| {
        if quantile > success {
            return None;
        }
        let above = spectrum.iter().find(|(q, _)| *q >= quantile);
        above.map(|(_, value)| (value * 1_000.0).round() / 1_000.0)
    };
    let response = Percentiles {
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p97_5: at(0.975),
        p99: at(0.99),
        p99_9: at(0.999),
        max: (failed == 0).then_some(spectrum[60].1.round()),
        mean: Some(p50 * 1.2),
    };
    let service = |value: Option<f64>| value.map(|value| value * 0.93);
    let db = (queries * 1.4).min(p50 * 0.7);
    let hash = if name == "auth.login" {
        p50 * 0.35
    } else {
        0.0
    };
    let pool = if tail < 2.0 { p50 * 0.6 } else { p50 * 0.12 };
    let redis = hits.map_or(0.0, |hits| 0.4 * hits);
    Operation {
        name: name.into(),
        planned,
        outcomes: [("ok".to_owned(), ok), ("timeout".to_owned(), failed)].into(),
        statuses: [(200, ok)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .chain((failed > 0).then_some((503, failed / 3)))
            .collect(),
        rate_per_s: ok as f64 / seconds,
        success,
        response,
        service: Percentiles {
            p50: service(response.p50),
            p90: service(response.p90),
            p95: service(response.p95),
            p97_5: service(response.p97_5),
            p99: service(response.p99),
            p99_9: service(response.p99_9),
            max: service(response.max),
            mean: service(response.mean),
        },
        bytes_in: planned * 1_830,
        cost: Cost {
            admission_ms: 0.0,
            pool_ms: pool,
            db_ms: db,
            redis_ms: redis,
            hash_ms: hash,
            total_ms: pool + db + redis + hash + p50 * 0.08,
            queries,
            commands: hits.map_or(0.0, |hits| 1.0 + hits),
            cache_hit_ratio: hits,
        },
        anatomy: anatomy(p50, tail, [pool, db, redis, hash]),
        spectrum,
    }
}

/// Four bands, each slower than the one before, the wait for the pool growing the most.
fn anatomy(p50: f64, tail: f64, [pool, db, redis, hash]: [f64; 4]) -> Vec<Band> {
    [
        ("below p50", 0.6, 0.2),
        ("p50 to p90", 1.4, 1.0),
        ("p90 to p99", tail * 0.7, 3.0),
        ("above p99", tail, 6.0),
    ]
    .map(|(name, slower, waiting)| {
        let parts = Parts {
            before_send_ms: 0.05,
            pool_ms: pool * waiting,
            db_ms: db * slower,
            redis_ms: redis,
            hash_ms: hash,
            rest_ms: p50 * 0.08 * slower,
            outside_ms: 0.4,
        };
        Band {
            name: name.into(),
            requests: 100.0,
            mean_ms: parts.named().iter().map(|(_, ms)| ms).sum(),
            parts,
        }
    })
    .into()
}

pub(super) fn operations(
    shapes: &[Shape],
    requests: u64,
    seconds: f64,
    jitter: f64,
) -> (Operation, Vec<Operation>) {
    let all: Vec<Operation> = shapes
        .iter()
        .map(|shape| {
            operation(
                shape,
                (requests as f64 * shape.1).round() as u64,
                seconds,
                jitter,
            )
        })
        .collect();
    let planned: u64 = all.iter().map(|one| one.planned).sum();
    let failing = 1.0
        - all
            .iter()
            .map(|one| one.success * one.planned as f64)
            .sum::<f64>()
            / planned as f64;
    let slow = shapes[1].2 > 1_000.0;
    let mut total = operation(
        &(
            "total",
            1.0,
            if slow { 640.0 } else { 11.8 },
            if slow { 5.2 } else { 13.0 },
            failing,
            if slow { 9.4 } else { 1.35 },
            Some(if slow { 0.0 } else { 0.928 }),
        ),
        planned,
        seconds,
        jitter,
    );
    total.rate_per_s = all.iter().map(|one| one.rate_per_s).sum();
    (total, all)
}

pub(super) fn server(slow: bool, seconds: f64) -> Server {
    Server {
        cpu_s: [
            ("loadgen", 4.1),
            ("postgres", if slow { 151.0 } else { 21.4 }),
            ("redis", if slow { 0.6 } else { 6.2 }),
            ("target-app", if slow { 66.0 } else { 48.3 }),
        ]
        .map(|(name, cpu)| (name.to_owned(), cpu * seconds / 240.0))
        .into(),
        window_s: seconds,
        rss_bytes: [
            ("postgres", 412_000_000),
            ("redis", 11_400_000),
            ("target-app", if slow { 61_000_000 } else { 88_000_000 }),
        ]
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .into(),
        requests: (seconds * 200.0) as u64,
        queries_per_request: if slow { 9.4 } else { 1.35 },
        pool_wait_ms: if slow { 412.6 } else { 0.018 },
        pool_in_use_max: if slow { 5 } else { 31 },
        pool_max: if slow { 5 } else { 32 },
        pool_waiters_max: if slow { 187 } else { 0 },
        pool_timeouts: if slow { 795 } else { 0 },
        cache_attainable: std::collections::BTreeMap::new(),
        cache_hit_ratio: [
            ("mentor_list", 0.941),
            ("student_bookings", 0.934),
            ("user", 0.91),
        ]
        .map(|(name, hits)| (name.to_owned(), (!slow).then_some(hits)))
        .into(),
        redis_commands: if slow { 0 } else { 61_420 },
        redis_pings: 0,
        rows_returned: if slow { 91_400_000 } else { 810_000 },
        waits: [
            ("ClientRead".to_owned(), 0.42),
            ("IO/DataFileRead".to_owned(), 0.11),
        ]
        .into(),
        database: Database {
            rows_by_index: if slow { 120_000 } else { 700_000 },
            blocks_hit: if slow { 9_400_000 } else { 410_000 },
            blocks_read: if slow { 61_000 } else { 1_200 },
            wal_bytes: 31_000_000,
            commits: 52_000,
            active_mean: if slow { 4.8 } else { 1.3 },
            ..Database::default()
        },
        hashing: Hashing::default(),
        cache_errors: 0,
    }
}

fn check(code: &str, ok: bool, figure: &str, limit: &str, advice: &str) -> ValidityCheck {
    ValidityCheck {
        code: code.into(),
        ok,
        figure: figure.into(),
        limit: limit.into(),
        advice: advice.into(),
    }
}

pub(super) fn validity(noisy: bool) -> Validity {
    Validity {
        word: if noisy { "NOISY" } else { "VALID" }.into(),
        checks: vec![
            check(
                "CONSERVED",
                true,
                "6,000 of 6,000",
                "every request accounted for",
                "",
            ),
            check("OFFERED", true, "100% sent", ">= 99.9%", ""),
            check("LAG", true, "p99 0.21 ms", "<= 1 ms", ""),
            check("GEN_CPU", true, "18% of a core", "<= 70%", ""),
            check(
                "STEAL",
                !noisy,
                if noisy { "4.1%" } else { "0.2%" },
                "<= 2%",
                "close other programs, or use a machine of your own",
            ),
            check("LITTLE", true, "ratio 1.003", "within 2%", ""),
        ],
    }
}

pub(super) fn invariants(violated: bool) -> Vec<InvariantResult> {
    [
        (
            1,
            "slot_capacity",
            "No slot holds more active bookings than its capacity.",
        ),
        (
            2,
            "student_overlap",
            "No student has two active bookings that overlap.",
        ),
        (
            3,
            "payment_matches",
            "Every confirmed booking has one captured payment of its price.",
        ),
        (
            4,
            "idempotency_effect",
            "An idempotency key has one effect.",
        ),
        (
            5,
            "conversation_dense",
            "The sequence numbers of a conversation have no gap.",
        ),
        (
            6,
            "refresh_family",
            "A refresh family has at most one live token.",
        ),
    ]
    .map(|(number, name, statement)| {
        let broken = violated && number == 1;
        InvariantResult {
            number,
            name: name.into(),
            statement: statement.into(),
            violations: if broken { 7 } else { 0 },
            rows: if broken {
                vec![
                    json!({"slot_id": "0198c0de", "capacity": 1, "active": 3}),
                    json!({"slot_id": "0198c0ff", "capacity": 1, "active": 2}),
                ]
            } else {
                Vec::new()
            },
        }
    })
    .into()
}

pub(super) fn profile(after: bool) -> BTreeMap<String, String> {
    let pick = |before: &str, value: &str| if after { value } else { before }.to_owned();
    [
        ("pool.max", pick("5", "32")),
        ("pool.ping_on_acquire", pick("on", "off")),
        ("indexes.booking_student", pick("off", "on")),
        ("indexes.mentor_active_rating", pick("off", "on")),
        ("discovery.query", pick("n_plus_one", "joined")),
        ("cache.mentors", pick("off", "redis")),
        ("cache.bookings", pick("off", "redis")),
        ("auth.placement", pick("inline", "bounded")),
        ("auth.hash", "bcrypt(10)".into()),
        ("booking.strategy", "unique_index".into()),
        ("chat.fanout", "in_process".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

pub(super) fn effect(
    metric: &str,
    primary: bool,
    unit: &str,
    before: f64,
    after: f64,
    spread: f64,
    dice: &mut Dice,
) -> Effect {
    let ratio = after / before;
    let (decision, sentence) = if ratio < 0.9 {
        (
            "IMPROVED",
            format!(
                "{metric}: after is {:.1} % below before, by more than the margin of 10.0 %",
                (1.0 - ratio) * 100.0
            ),
        )
    } else {
        (
            "NO_CHANGE",
            format!("{metric} differs by less than the margin of 10%."),
        )
    };
    Effect {
        metric: metric.into(),
        primary,
        unit: unit.into(),
        before: Some(before),
        after: Some(after),
        ratio: Some(ratio),
        interval: Some((ratio * (1.0 - spread), ratio * (1.0 + spread))),
        level: Some(0.961),
        block_ratios: (0..8).map(|_| ratio * dice.jitter(3.0 * spread)).collect(),
        decision: decision.into(),
        sentence,
        smallest: None,
    }
}
