//! Tables that requests only add to lose the rows whose time is over, and no others; the statements
//! that delete them read an index.

use std::{collections::BTreeSet, time::Duration};

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use target_app::{
    config::Retention,
    db::{Purge, purge_sql},
    features,
};

use crate::{
    access::operations,
    support::{TestApp, TestDb, student_id},
};

/// Tables of no feature whose rows stay.
const KEPT: [&str; 2] = ["_sqlx_migrations", "dataset"];

/// Statement that fills a table: one row of now, and `rows` that are older than any is kept by
/// default.
fn fill(table: &str, rows: u32) -> String {
    let student = student_id(1);
    let since = "case n when 0 then now() else now() - interval '91 days' end";
    let last = rows;
    let rows = format!("from generate_series(0, {rows}) n");
    match table {
        "refresh_token" => format!(
            "insert into refresh_token (digest, family, user_id, expires_at, used_at)
             select sha256(n::text::bytea), gen_random_uuid(), '{student}', {since}, now() {rows}"
        ),
        "sign_in_attempt" => format!(
            "insert into sign_in_attempt (address, attempts, tried_at)
             select sha256(n::text::bytea), 1, {since} {rows}"
        ),
        "idempotency_key" => format!(
            "insert into idempotency_key (user_id, key, digest, status, body, created_at)
             select '{student}', n::text, 'x', 201, 'null', {since} {rows}"
        ),
        "booking_conflict" => format!(
            "insert into booking_conflict (slot_id, student_id, reason, occurred_at)
             select gen_random_uuid(), '{student}', 'slot_full', {since} {rows}"
        ),
        "notification" => format!(
            "insert into notification (id, user_id, kind, booking_id, created_at, read_at)
             select gen_random_uuid(), '{student}', 'booking_moved', b.id,
                    now() - interval '92 days', {since}
             from (select id from booking limit 1) b, generate_series(0, {last}) n"
        ),
        other => panic!("{other} is purged and this test does not fill it"),
    }
}

fn purges() -> Vec<Purge> {
    features::registry().purges
}

/// Rows of each table once a purge has left as many as wanted, or after 30 seconds.
async fn left(db: &TestDb, wanted: i64) -> Vec<(&'static str, i64)> {
    let mut all = Vec::new();
    for Purge { table, .. } in purges() {
        let count = format!("select count(*) from {table}");
        let mut left = db.count(&count).await;
        for _ in 0..300 {
            if left == wanted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            left = db.count(&count).await;
        }
        all.push((table, left));
    }
    all
}

#[tokio::test]
async fn rows_whose_time_is_over_go_and_the_others_stay() {
    let mut setup = TestApp::with(&[]).with_purge_every(Duration::from_millis(100));
    for Purge { table, .. } in purges() {
        // More than one batch.
        setup = setup
            .after_sql(&format!("delete from {table}"))
            .after_sql(&fill(table, 2_500));
    }
    let app = setup.start().await;
    for _ in 0..2 {
        for (table, rows) in left(&app.db, 1).await {
            assert_eq!(rows, 1, "{table}");
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn every_table_is_purged_or_known_to_be_kept() {
    let db = TestDb::seeded().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = current_schema()",
    )
    .fetch_all(db.pool())
    .await
    .unwrap();
    let purged: BTreeSet<_> = purges().iter().map(|purge| purge.table).collect();
    for table in ["refresh_token", "idempotency_key", "booking_conflict"] {
        assert!(purged.contains(table), "{table} only grows");
    }
    let of_features = operations::features().flat_map(|(_, feature)| feature.kept_tables);
    let kept: BTreeSet<_> = of_features.copied().chain(KEPT).collect();
    assert!(purged.is_disjoint(&kept));
    let known: BTreeSet<String> = purged.union(&kept).map(|one| (*one).to_owned()).collect();
    let tables = BTreeSet::from_iter(tables);
    let unknown: Vec<_> = tables.symmetric_difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?}: purge it, or name it in `kept_tables` of its feature's operations.rs"
    );
    db.finish().await;
}

#[tokio::test]
async fn rows_are_kept_as_long_as_the_settings_say() {
    let year = Duration::from_hours(365 * 24);
    let longer = Retention {
        refresh_tokens: year,
        sign_in_attempts: year,
        idempotency_keys: year,
        booking_conflicts: year,
        read_notifications: year,
    };
    let mut setup = TestApp::with(&[])
        .with_purge_every(Duration::from_millis(100))
        .with_retention(longer);
    for Purge { table, .. } in purges() {
        setup = setup
            .after_sql(&format!("delete from {table}"))
            .after_sql(&fill(table, 1));
    }
    // One row that is over shows that there was a purge.
    let app = setup
        .after_sql(
            "insert into sign_in_attempt (address, attempts, tried_at)
             values ('\\x00', 1, now() - interval '366 days')",
        )
        .start()
        .await;
    for (table, rows) in left(&app.db, 2).await {
        assert_eq!(rows, 2, "{table}");
    }
    app.finish().await;
}

#[tokio::test]
async fn every_purge_reads_its_index_whether_few_rows_are_over_or_all() {
    let db = TestDb::seeded().await;
    for purge in purges() {
        let Purge { table, since, .. } = purge;
        let index = format!("{table}_{since}_purge_idx");
        db.execute(&format!("delete from {table}")).await;
        db.execute(&fill(table, 20_000)).await;
        db.execute(&format!("analyze {table}")).await;
        for age in [TimeDelta::days(92), TimeDelta::days(1)] {
            let text = AssertSqlSafe(format!("explain (format json) {}", purge_sql(&purge)));
            let plan: Value = sqlx::query_scalar(text)
                .bind(Utc::now() - age)
                .bind(1_000_i64)
                .fetch_one(db.pool())
                .await
                .unwrap();
            let plan = plan.to_string();
            assert!(plan.contains(&index), "{table}, {age}: {plan}");
            assert!(!plan.contains("Seq Scan"), "{table}, {age}: {plan}");
        }
    }
    db.finish().await;
}

#[tokio::test]
async fn there_is_an_index_for_each_purge_and_no_other_of_its_kind() {
    let db = TestDb::seeded().await;
    let present: Vec<String> = sqlx::query_scalar(
        "select indexname::text from pg_indexes
         where schemaname = current_schema() and indexname like '%\\_purge\\_idx'",
    )
    .fetch_all(db.pool())
    .await
    .unwrap();
    let wanted: BTreeSet<String> = purges()
        .iter()
        .map(|purge| format!("{}_{}_purge_idx", purge.table, purge.since))
        .collect();
    assert_eq!(BTreeSet::from_iter(present), wanted);
    db.finish().await;
}
