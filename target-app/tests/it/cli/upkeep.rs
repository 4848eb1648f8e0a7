//! Commands that look after a database or tell of the API.

use crate::support::TestDb;
use crate::support::program::run;

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    let db = TestDb::empty().await;
    for _ in 0..2 {
        let ended = run(db.url(), &["migrate"]).await;
        assert!(ended.ok().contains("up to date"), "{ended:?}");
    }
    let guard = db
        .count(
            "select count(*) from pg_indexes where indexname = 'booking_slot_id_seat_active_key'",
        )
        .await;
    assert_eq!(guard, 1);
    db.finish().await;
}

#[tokio::test]
async fn an_audit_exits_with_98_when_an_invariant_is_broken() {
    let db = TestDb::seeded().await;
    let clean = run(db.url(), &["audit"]).await;
    assert!(clean.ok().lines().count() >= 12, "{clean:?}");
    assert!(clean.ok().lines().all(|line| line.ends_with("holds")));

    db.execute("update mentor set rating_hundredths = 1 where review_count > 0")
        .await;
    let broken = run(db.url(), &["audit"]).await;
    assert_eq!(broken.code, 98);
    assert!(broken.stdout.contains("rating_in_step"), "{broken:?}");
    assert!(broken.stdout.contains("BROKEN by"), "{broken:?}");
    assert!(
        broken.stderr.starts_with("error: the audit found"),
        "{broken:?}"
    );

    let json = run(db.url(), &["audit", "--json"]).await;
    assert_eq!(json.code, 98);
    let report: shared::invariant::AuditReport = serde_json::from_str(&json.stdout).unwrap();
    let names: Vec<_> = report.broken().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["rating_in_step"]);
    db.finish().await;
}

#[tokio::test]
async fn the_description_needs_no_database() {
    let ended = run("", &["openapi"]).await;
    let document: serde_json::Value = serde_json::from_str(ended.ok()).unwrap();
    assert_eq!(document["info"]["title"], "CodeConnect");
}
