//! An application that is made up (a shop), and a summary of it in which nothing is wrong, for the
//! tests of the rules to spoil.

use std::collections::BTreeMap;

use chrono::{TimeZone as _, Utc};
use enum_map::enum_map;
use shared::timing::{ServerCount, ServerPart};

use super::{
    catalog::{CacheSwitch, HintCatalog, SwitchHint, SymptomNote, TableIndex},
    symptom::Symptom,
};
use crate::{
    schema::{
        Arm, Band, Operation, Percentile, RunKind, SCHEMA_VERSION, Server, Summary, Trial, Verdict,
    },
    trial::operation,
};
use loadgen_engine::{
    aggregator::OpData,
    sample::{ResponsePart, ResponseParts},
};

const fn hint<'a>(symptom: Symptom, switch: &'a str, value: &'a str) -> SwitchHint<'a> {
    SwitchHint {
        symptom,
        found_in: &[],
        load_sends: &[],
        switch,
        value,
        helps_from: &[],
        sentence: "it costs something",
    }
}

/// The shop's catalogue.
pub(super) const SHOP: HintCatalog<'static> = HintCatalog {
    switches: &[
        hint(Symptom::PoolTooSmall, "pool.size", "{}"),
        SwitchHint {
            helps_from: &["shared"],
            ..hint(Symptom::Hashing, "hash.threads", "own({})")
        },
        hint(Symptom::HashThreads, "hash.threads", "own({})"),
        SwitchHint {
            found_in: &["items.list"],
            ..hint(Symptom::QueryLoop, "items.query", "joined")
        },
        SwitchHint {
            found_in: &["Lock:tuple"],
            load_sends: &["orders.create"],
            ..hint(Symptom::LockWaits, "orders.guard", "constraint")
        },
        SwitchHint {
            sentence: "the second order is refused",
            ..hint(Symptom::WrongData, "orders.guard", "constraint")
        },
    ],
    indexes: &[TableIndex {
        table: "orders",
        operation_prefix: "orders.",
        switch: "index.orders_customer",
        value: "on",
        sentence: "one index entry an order",
    }],
    caches: &[CacheSwitch {
        kind: "items",
        operation: "items.list",
        switch: "cache.items",
        off: "off",
        on: "redis",
        sentence: "a read may be as old as the cached value",
    }],
    notes: &[SymptomNote {
        symptom: Symptom::WrongData,
        sentence: "usually an item that was sold twice",
    }],
    processes: &["shop"],
    socket_operations: &["events.send"],
    large_by_design: &["items.download"],
};

/// Switches of the shop with the values that leave nothing to improve.
fn in_force() -> BTreeMap<String, String> {
    [
        ("pool.size", "32"),
        ("hash.threads", "own(2)"),
        ("items.query", "joined"),
        ("orders.guard", "constraint"),
        ("index.orders_customer", "on"),
        ("cache.items", "redis"),
    ]
    .map(|(switch, value)| (switch.to_owned(), value.to_owned()))
    .into()
}

/// Puts another value of a switch in force.
pub(super) fn set(summary: &mut Summary, switch: &str, value: &str) {
    let in_force = &mut summary.arms[0].profile;
    in_force.insert(switch.to_owned(), value.to_owned());
}

/// An operation that went well 2,000 times.
fn good(name: &str) -> Operation {
    let mut one = operation(name, &OpData::default(), 30.0);
    one.planned = 2_000;
    one.statuses = [(200, 2_000)].into();
    one.outcomes = [("ok".to_owned(), 2_000)].into();
    one.success = 1.0;
    one.bytes_in = 2_000 * 900;
    one.response.p50 = Percentile::Known(4.0);
    one.response.p95 = Percentile::Known(20.0);
    one.response.p99 = Percentile::Known(30.0);
    one.cost.parts_ms[ServerPart::Db] = 1.0;
    one.cost.total_ms = 2.0;
    one.cost.counts[ServerCount::Queries] = 1.0;
    one.anatomy = vec![band(enum_map! {
        ResponsePart::Server(ServerPart::Db) => 1.0,
        ResponsePart::Rest => 1.0,
        ResponsePart::Outside => 1.0,
        ResponsePart::Server(ServerPart::Redis) => 1.0,
        _ => 0.0,
    })];
    one
}

/// One arm without a fault: every rule is silent.
pub(crate) fn quiet() -> Summary {
    let names = ["session.open", "items.list", "orders.create", "events.send"];
    let trial = |number: u32| Trial {
        folder: format!("b{number:02}_1_run"),
        arm: "run".into(),
        block: number,
        seed: 1,
        total: good("total"),
        violations: Some(0),
        ..Trial::default()
    };
    Summary {
        schema_version: SCHEMA_VERSION,
        kind: RunKind::Run,
        name: "quiet".into(),
        started_at: Utc.with_ymd_and_hms(2026, 8, 30, 14, 5, 11).unwrap(),
        took_s: 30.0,
        verdict: Verdict::new(crate::schema::VerdictWord::Passed, Vec::new()),
        arms: vec![Arm {
            name: "run".into(),
            profile: in_force(),
            trials: 3,
            total: good("total"),
            operations: names.map(good).into(),
            server: Server {
                window_s: 30.0,
                requests: Some(6_000),
                database: Some(crate::schema::Database::default()),
                pool_max: 32,
                ..Server::default()
            },
            ..Arm::default()
        }],
        trials: (1..=3).map(trial).collect(),
        environment: vec![
            ("cores".into(), "2".into()),
            ("PostgreSQL max_connections".into(), "200".into()),
        ],
        ..Summary::default()
    }
}

/// The same with this fault.
pub(super) fn with(fault: fn(&mut Summary)) -> Summary {
    let mut summary = quiet();
    fault(&mut summary);
    summary
}

/// The slowest requests, made of these parts.
pub(super) fn band(parts: ResponseParts) -> Band {
    Band {
        name: "above p99".into(),
        requests: 60.0,
        mean_ms: parts.values().sum(),
        parts_ms: parts,
    }
}
