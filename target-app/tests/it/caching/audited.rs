//! The audit compares cached values with the database, and knows which differences are allowed.

use serde_json::{Value, json};
use shared::{
    dataset::{RowKind, id},
    invariant::{AuditReport, InvariantResult},
};

use crate::support::{Proxy, TestApp};

const NAME: &str = "cached_equals_database";

fn invariant(report: &AuditReport) -> &InvariantResult {
    let found = report.invariants.iter().find(|one| one.name == NAME);
    found.expect("the audit has it")
}

#[tokio::test]
async fn cached_values_of_every_kind_and_store_are_compared_and_equal() {
    for store in ["memory", "redis", "tiered"] {
        let app = TestApp::with(&[
            &format!("cache.mentors={store}"),
            &format!("cache.bookings={store}"),
            &format!("cache.users={store}"),
        ])
        .start()
        .await;
        let student = app.student(4);
        for query in ["", "skill=rust&sort=price_asc", "min_rating=4.5&per_page=3"] {
            student.mentors(query).await.ok::<Value>();
        }
        student.bookings("per_page=5").await.ok::<Value>();
        let report = app.lab().audit().await;
        assert_eq!(invariant(&report).violations, 0, "{report:?}");
        let copies = if store == "tiered" { 2 } else { 1 };
        for (kind, wanted) in [("mentors", 3), ("bookings", 1), ("users", 1)] {
            // A copy of a tiered cache may be gone by now.
            let compared = report.cached[kind].compared;
            assert!((wanted..=wanted * copies).contains(&compared), "{kind}");
            assert_eq!(report.cached[kind].stale, 0);
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_difference_is_stale_where_only_time_ends_values_and_a_violation_elsewhere() {
    for store in ["memory", "redis"] {
        for (rule, wrong) in [("ttl_only", 0), ("delete", 1), ("versioned", 1)] {
            let app = TestApp::with(&[
                &format!("cache.mentors={store}"),
                &format!("cache.invalidation={rule}"),
            ])
            .start()
            .await;
            app.anonymous().mentors("").await.ok::<Value>();
            // Past the application, which can tell its caches nothing of it.
            app.db.execute("update mentor set headline = 'Else'").await;
            let report = app.lab().audit().await;
            let broken = invariant(&report);
            assert_eq!(broken.violations, wrong, "{store} {rule}");
            assert_eq!(broken.rows.len() as u64, wrong);
            assert_eq!(report.cached["mentors"].stale, 1 - wrong);
            app.finish().await;
        }
    }
}

/// Old value loaded, change committed and caches told, then the fill arrives.
#[tokio::test]
async fn a_stale_set_is_refused_by_its_version_and_the_audit_names_it_after_a_plain_delete() {
    for store in ["memory", "redis", "tiered"] {
        for (rule, wrong) in [("versioned", false), ("delete", true)] {
            let app = TestApp::with(&[
                &format!("cache.mentors={store}"),
                &format!("cache.invalidation={rule}"),
                "mentors.query=n_plus_one",
            ])
            .start()
            .await;
            let anyone = app.anonymous();
            // The reader has the cards, and waits for the reviews of one of them.
            let mut gate = app.db.pool().begin().await.unwrap();
            sqlx::query("lock table review in access exclusive mode")
                .execute(&mut *gate)
                .await
                .unwrap();
            let reader = tokio::spawn({
                let anyone = anyone.clone();
                async move { anyone.mentors("per_page=1").await }
            });
            app.db.wait_for_blocked(1).await;
            let first: uuid::Uuid = sqlx::query_scalar(
                "select id from mentor where is_active
                 order by rating_hundredths desc, id limit 1",
            )
            .fetch_one(app.db.pool())
            .await
            .unwrap();
            let owner = (0..100_000)
                .find(|n| id(RowKind::Mentor, *n) == first)
                .unwrap();
            let owner = app.mentor(owner);
            let writer =
                tokio::spawn(
                    async move { owner.update_own(json!({"headline": "New words"})).await },
                );
            // It has told the caches, and waits for the reviews only to show itself.
            app.db.wait_for_blocked(2).await;
            gate.commit().await.unwrap();
            assert_eq!(writer.await.unwrap().status, 200);
            let read = reader.await.unwrap();
            assert!(!read.text().contains("New words"), "it was read before");
            let after = anyone.mentors("per_page=1").await;
            assert_eq!(after.text().contains("New words"), !wrong, "{store} {rule}");
            let report = app.lab().audit().await;
            assert_eq!(invariant(&report).violations > 0, wrong, "{store} {rule}");
            let mentors = app.lab().telemetry().await.caches["mentors"].clone();
            assert_eq!(mentors.refused_fills, u64::from(!wrong), "{store} {rule}");
            app.finish().await;
        }
    }
}

#[tokio::test]
async fn what_the_database_says_survives_caches_that_cannot_be_read_and_the_report_names_them() {
    let proxy = Proxy::to_redis().await;
    let app = TestApp::with(&["cache.mentors=redis"])
        .with_redis_at(proxy.address())
        .start()
        .await;
    app.anonymous().mentors("").await.ok::<Value>();
    let whole = app.lab().audit().await;
    assert_eq!(whole.failed, []);
    proxy.cut();
    let report = app.lab().audit().await;
    assert_eq!(report.failed.len(), 1, "{report:?}");
    assert_eq!(report.failed[0].part, "caches");
    assert!(
        report.failed[0].reason.contains("could not be read"),
        "{report:?}"
    );
    // Those of the database are all there; the one of the caches is not called clean.
    assert_eq!(report.invariants.len() + 1, whole.invariants.len());
    assert!(report.invariants.iter().all(|one| one.name != NAME));
    app.finish().await;
}
