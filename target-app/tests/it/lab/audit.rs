//! The audit: clean on what was seeded, and each invariant noticed when it is broken.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use serde_json::Value;
use shared::invariant::AuditReport;
use sqlx::postgres::PgPoolOptions;
use target_app::db::{
    self,
    audit::{Invariant, run},
};

use crate::support::{Lesson, TestApp};

#[tokio::test]
async fn every_invariant_is_named_numbered_and_holds_on_seeded_data() {
    let app = TestApp::start().await;
    let report = app.lab().audit().await;
    assert_eq!(report.violations(), 0);
    assert!(report.invariants.len() >= 13);
    assert!(report.invariants.is_sorted_by(|a, b| a.number < b.number));
    for one in &report.invariants {
        assert!(
            one.statement.ends_with('.') && one.rows.is_empty(),
            "{one:?}"
        );
    }
    app.finish().await;
}

/// Each invariant with the statement that breaks it, `NN_name.break.sql` in the folder of the first.
/// `BOOKING` and `OTHER` are bookings of two students with one mentor, `SLOT` is the slot of the
/// first, `OTHER` in a place for a slot that of the second.
fn breakages() -> Vec<(String, String)> {
    let features = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/features");
    let files = fs::read_dir(features)
        .unwrap()
        .filter_map(|entry| fs::read_dir(entry.unwrap().path().join("audit")).ok())
        .flatten();
    let breaking = files.filter_map(|entry| {
        let path = entry.unwrap().path();
        let file = path.file_name()?.to_str()?.strip_suffix(".break.sql")?;
        let (_number, name) = file.split_once('_')?;
        Some((name.to_owned(), fs::read_to_string(&path).unwrap()))
    });
    breaking.collect()
}

#[tokio::test]
async fn each_invariant_is_reported_by_name_when_it_is_broken() {
    for (number, (name, breakage)) in breakages().into_iter().enumerate() {
        let app = TestApp::with(&["bookings.strategy=naive"]).start().await;
        let lesson = |student| Lesson { student, mentor: 3 };
        let booking = lesson(200).create(&app.db).await;
        let other = lesson(201).create(&app.db).await;
        let slot_of = async |booking| -> String {
            sqlx::query_scalar("select slot_id::text from booking where id = $1")
                .bind(booking)
                .fetch_one(app.db.pool())
                .await
                .unwrap()
        };
        let sql = breakage
            .replace("BOOKING", &booking.to_string())
            .replace("SLOT", &slot_of(booking.0).await)
            .replace("OTHER", &slot_of(other.0).await);
        // The lessons are alike in every round, and what they are found to be in the first.
        if number == 0 {
            app.lab().audits_clean().await;
        }
        app.db.execute(&sql).await;
        let report = app.lab().audit().await;
        let broken: Vec<_> = report.broken().collect();
        let found = broken.iter().find(|one| one.name == name);
        let found = found.unwrap_or_else(|| panic!("{name} was not noticed: {broken:?}"));
        assert!(found.violations > 0);
        assert!(!found.rows.is_empty() && found.rows.len() <= 100);
        app.finish().await;
    }
}

/// Statements that take a moment, and return what they see and over which connection.
fn witnesses() -> [Invariant; 6] {
    ["01_a", "02_b", "03_c", "04_d", "05_e", "06_f"].map(|file| Invariant {
        file,
        sql: "-- Nothing was seen.
select pg_current_snapshot()::text as seen, pg_backend_pid() as connection
from pg_sleep(0.2)",
    })
}

/// What all witnesses have in one column.
fn column(report: &AuditReport, name: &str) -> BTreeSet<String> {
    let numbers: Vec<u16> = report.invariants.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let rows = report.invariants.iter().flat_map(|one| &one.rows);
    rows.map(|row: &Value| row[name].to_string()).collect()
}

#[tokio::test]
async fn an_audit_over_two_connections_sees_one_instant_while_others_commit() {
    let app = TestApp::start().await;
    let pool = db::connect(app.db.url()).await.unwrap();
    // Both are open beforehand: a machine that is slow with the second one must not look like a server
    // that has none.
    let (first, second) = tokio::join!(pool.acquire(), pool.acquire());
    drop((first.unwrap(), second.unwrap()));
    let witnesses = witnesses();
    let (report, ()) = tokio::join!(run(&pool, &witnesses, None), async {
        for _ in 0..30 {
            app.db.execute("select pg_current_xact_id()").await;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    });
    let report = report.unwrap();
    assert_eq!(column(&report, "seen").len(), 1, "{report:?}");
    assert_eq!(column(&report, "connection").len(), 2, "{report:?}");
    pool.close().await;
    app.finish().await;
}

#[tokio::test]
async fn an_audit_without_a_second_connection_checks_everything_over_the_first() {
    let app = TestApp::start().await;
    let one = PgPoolOptions::new().max_connections(1);
    let pool = one.connect(app.db.url()).await.unwrap();
    let report = run(&pool, &witnesses(), None).await.unwrap();
    assert_eq!(column(&report, "connection").len(), 1, "{report:?}");
    pool.close().await;
    app.finish().await;
}
