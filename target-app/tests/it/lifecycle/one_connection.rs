//! Every operation is done with the one connection of its request: with a pool of one it never
//! waits for a second while it holds the first. What is sent is in `operations.rs` in the folder of each
//! feature's tests.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::{
    paths,
    profile::{Checkout, Profile, SWITCHES, Store, SwitchValue as _},
};

use crate::access::operations::{self, SentOperations};
use crate::support::{ReplicaTurn, TestApp, together};

/// Switches that change neither which statements an operation sends nor on which connection. All
/// others are varied, those that will be added too.
const UNRELATED: [&str; 4] = [
    "auth.hash",
    "db.synchronous_commit",
    "http.admission",
    "http.compression",
];

/// Whether a switch is not varied by itself: `pool.checkout` is, with each of the others.
fn is_left_out(path: &str) -> bool {
    UNRELATED.contains(&path) || path.starts_with("index.") || path == "pool.checkout"
}

/// Changes of the profile: each form of each switch. A change stays in force until another one
/// changes the same switch, so that later ones meet different neighbours.
fn variants() -> Vec<Map<String, Value>> {
    let forms = |path: &str| Profile::forms(path).unwrap();
    let related = SWITCHES.iter().map(|switch| switch.path);
    let related = related.filter(|path| !is_left_out(path));
    // The stores of all kinds of values change together.
    let (stores, others): (Vec<&str>, Vec<&str>) =
        related.partition(|path| forms(path) == Store::forms());
    let one = |paths: &[&str], value: &str| -> Map<String, Value> {
        let changes = paths.iter().map(|path| ((*path).to_owned(), json!(value)));
        let mut changes: Map<String, Value> = changes.collect();
        // PgBouncer before 1.21 keeps no prepared statements in transaction mode.
        match (paths, value) {
            (["db.via"], "pgbouncer") => changes.insert("db.statement_cache".into(), "off".into()),
            (["db.driver"], "pipelined(2)") | (["db.statement_cache"], "on") => {
                changes.insert("db.via".into(), "direct".into())
            }
            _ => None,
        };
        changes
    };
    let mut all = Vec::new();
    for path in others {
        all.extend(forms(path).iter().map(|value| one(&[path], value)));
    }
    all.extend(Store::forms().iter().map(|store| one(&stores, store)));
    all
}

/// Sends every operation, one after another; returns the operations that were sent.
async fn every_operation(app: &TestApp, variant: String, round: u32) -> BTreeSet<&'static str> {
    let mut sent = SentOperations::under(variant, round);
    for (_, feature) in operations::features() {
        (feature.send_all)(app, &mut sent).await;
    }
    sent.names()
}

/// Sends every operation under every variant, with that `pool.checkout`.
async fn under_every_variant(checkout: &str, turn: &ReplicaTurn) {
    let app = TestApp::with(&[
        "pool.max=1",
        "pool.acquire_timeout=30s",
        "bookings.payment=required",
        // Or `db.rls=on_unindexed` would be refused.
        "index.bookings_student=off",
        "index.bookings_mentor=off",
    ])
    .with_pooler()
    .with_replica()
    .in_turn(turn)
    .start()
    .await;
    let document: Value = app.anonymous().get(paths::OPENAPI).await.ok();
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, _)| path.starts_with(paths::API))
        .flat_map(|(_, item)| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    for (round, variant) in (1..).zip(variants()) {
        let mut changes = variant.clone();
        changes.insert("pool.checkout".to_owned(), checkout.into());
        let changed = app.lab().put_profile(Value::Object(changes)).await;
        assert_eq!(changed.status, 200, "{variant:?}: {}", changed.text());
        let sent = every_operation(&app, format!("{checkout} {variant:?}"), round).await;
        // Without holds nothing is to be paid.
        let unpaid = variant.get("bookings.payment") == Some(&json!("off"));
        let expected = described.iter().copied();
        let expected: BTreeSet<&str> = expected
            .filter(|operation| !(unpaid && operation.starts_with("payments.")))
            .collect();
        let wrong = operations::differences("operations.rs", &expected, &sent);
        assert!(
            wrong.is_empty(),
            "sent under {checkout} {variant:?}:\n{}",
            wrong.join("\n")
        );
    }
    assert_eq!(app.lab().telemetry().await.pool.timeouts, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_needs_one_connection_under_every_variant() {
    // Side by side: each sends one request at a time, and would leave a processor idle.
    let turn = ReplicaTurn::take().await;
    let checkouts = Checkout::forms().into_iter();
    together(checkouts.map(|checkout| under_every_variant(checkout, &turn))).await;
}

#[test]
fn the_variants_hold_every_form_of_every_switch_and_leave_out_only_known_ones() {
    for path in UNRELATED {
        assert!(SWITCHES.iter().any(|switch| switch.path == path), "{path}");
    }
    let all = variants();
    for switch in SWITCHES {
        let tried: BTreeSet<&str> = all
            .iter()
            .filter_map(|changes| changes.get(switch.path)?.as_str())
            .collect();
        let forms = Profile::forms(switch.path).unwrap();
        let wanted = if is_left_out(switch.path) {
            BTreeSet::new()
        } else {
            forms.into_iter().collect()
        };
        assert_eq!(tried, wanted, "{}", switch.path);
    }
    for (path, values) in [
        ("bookings.strategy", 7),
        ("cache.bookings", 4),
        ("chat.persistence", 2),
        ("mentors.query", 2),
    ] {
        let tried = all.iter().filter(|changes| changes.contains_key(path));
        assert!(tried.count() >= values, "{path}");
    }
}
