//! A made-up search of a capacity with its costs, for tests.

use serde_json::json;
use shared::timing::ServerPart;

use super::MeasuredRun;
use crate::{
    diagnose::fixture::quiet,
    schema::{ApplicationArea, ApplicationInfo, HostInfo, Percentile, Provenance},
    services::TARGET_PROCESS,
};

/// A machine with so many processors.
fn machine(cores: usize) -> Provenance {
    Provenance {
        host: HostInfo {
            cores,
            ..HostInfo::default()
        },
        ..Provenance::default()
    }
}

/// One instance gives 100 to 110 correct answers a second; a request costs 4 ms of the application's and
/// 3 ms of PostgreSQL's processor time, and 40 ms in statements.
pub(super) fn run() -> MeasuredRun {
    let mut summary = quiet();
    summary.application = ApplicationInfo {
        name: "shop".into(),
        areas: vec![ApplicationArea {
            label: "Orders".into(),
            operations: vec!["items.list".into(), "orders.create".into()],
            headline: vec!["items.list".into()],
        }],
        processes: vec![TARGET_PROCESS.into(), "postgres".into(), "loadgen".into()],
        ..ApplicationInfo::default()
    };
    let arm = &mut summary.arms[0];
    arm.total.rate_per_s = 100.0;
    // 7 ms on processors, which are nearly always free, and 7 elsewhere.
    for one in arm.operations.iter_mut().chain([&mut arm.total]) {
        one.response.mean = Some(14.0);
        one.response.p95 = Percentile::Known(30.0);
    }
    arm.total.cost.parts_ms[ServerPart::Db] = 40.0;
    arm.operations[1].rate_per_s = 45.0;
    let server = &mut arm.server;
    server.window_s = 10.0;
    server.requests = Some(1_000);
    server.queries = 2_000;
    server.pool_acquires = 1_000;
    server.cpu_s = [
        (TARGET_PROCESS.to_owned(), 4.0),
        ("postgres".to_owned(), 3.0),
    ]
    .into();
    server.rss_bytes = [("redis".to_owned(), 13_000_000)].into();
    for (trial, cost) in summary.trials.iter_mut().zip([2.5, 3.0, 3.5]) {
        trial.server.requests = Some(1_000);
        trial.server.pool_acquires = 1_000;
        trial.total.cost.parts_ms[ServerPart::Db] = 40.0;
        trial.server.cpu_s = [("postgres".to_owned(), cost)].into();
    }
    let found = json!({
        "unit": "rate", "slo": ["p95 < 1000ms"], "percentile": 0.95,
        "lower": 50.0, "lower_confirmed": true, "upper": 55.0, "upper_confirmed": true,
        "width": 0.1, "asked_width": 0.1, "ending": "found", "goodput_per_s": 100.0,
        "loads": [], "trials": [], "saturated": [], "saturation": "", "knees": [],
    });
    summary.capacity = serde_json::from_value(found).ok();
    summary.provenance = Some(machine(4));
    MeasuredRun {
        folder: "capacity_core".into(),
        summary,
    }
}
