//! Statements that were prepared before a table changed, as by a migration beside older instances.
//!
//! Here, because what one application finds closes old connections of every application in the process: tests that
//! measure how long a connection is waited for run in another one.

use serde_json::json;
use shared::{api::mentors::MentorDetail, problem::Code};
use sqlx::raw_sql;
use target_app::db::DbError;

use super::step::{headline, mentor_id};
use crate::support::{Answer, ReplicaEnd, TestApp, together};

/// Connections of each pool, all of which have prepared statements.
const CONNECTIONS: usize = 8;

/// Makes the result of a mentor's page another one to PostgreSQL and the same to the application.
const CHANGE: &str = "alter table mentor alter column headline type varchar";

#[tokio::test]
async fn after_a_change_of_a_table_at_most_one_request_is_refused_and_not_one_for_each_connection()
{
    for setting in [
        "pool.ping_on_release=on",
        "pool.ping_on_release=off",
        "db.reads=replica",
        "db.driver=pipelined(4)",
    ] {
        at_most_one_is_refused(setting).await;
    }
}

async fn at_most_one_is_refused(setting: &str) {
    let setup = TestApp::with(&[
        "pool.ping_on_acquire=off",
        setting,
        &format!("pool.min={CONNECTIONS}"),
        &format!("pool.max={CONNECTIONS}"),
    ]);
    let app = setup.with_every_cache("off").with_replica().start().await;
    let anyone = app.anonymous();
    for _ in 0..3 {
        together((0..CONNECTIONS).map(|_| headline(&anyone))).await;
    }
    let mut control = app.db.pool().acquire().await.unwrap();
    let prepared = "select headline from mentor limit 1";
    let ask = || sqlx::query_scalar::<sqlx::Postgres, String>(prepared);
    ask().fetch_one(&mut *control).await.unwrap();
    app.db.execute(CHANGE).await;
    until_replayed(&app).await;
    let mut refused = 0;
    // More requests than connections, so that each of these is used.
    for _ in 0..3 * CONNECTIONS {
        let answer = anyone.mentor(mentor_id()).await;
        if answer.status != 200 {
            should_repeat(&answer);
            refused += 1;
        }
    }
    assert!(refused <= 1, "{refused} were refused with {setting}");
    if refused == 1 {
        // Whatever else has prepared statements does not find out by itself.
        together((0..3 * CONNECTIONS).map(|_| headline(&anyone))).await;
    }
    // Not before: it gives the others away, as a request does.
    let stale = DbError::from(ask().fetch_one(&mut *control).await.unwrap_err());
    assert!(matches!(stale, DbError::StaleStatement(_)), "{stale:?}");
    drop(control);
    app.finish().await;
}

#[tokio::test]
async fn a_request_with_a_stale_statement_should_repeat_it_and_succeeds_then() {
    let setup = TestApp::with(&["pool.min=1", "pool.max=1"]).with_every_cache("off");
    let app = setup.with_replica().start().await;
    let (anyone, mentor) = (app.anonymous(), app.mentor(0));
    headline(&anyone).await;
    app.db.execute(CHANGE).await;
    let update = json!({"headline": "Changed"});
    should_repeat(&mentor.update_own(update.clone()).await);
    let detail: MentorDetail = mentor.update_own(update).await.ok();
    assert_eq!(detail.card.headline, "Changed");

    // The only connection loses what it has prepared.
    let engine = app.state.engine();
    let dropped = raw_sql("deallocate all").execute(engine.db.pool()).await;
    dropped.unwrap();
    drop(engine);
    should_repeat(&anyone.mentor(mentor_id()).await);
    assert_eq!(headline(&anyone).await, "Changed");
    app.finish().await;
}

/// Fails unless the answer is one after which the same request is to be sent again.
#[track_caller]
fn should_repeat(answer: &Answer) {
    answer.refused(Code::Unavailable);
    assert_eq!(answer.header("retry-after"), "1");
}

/// Waits until the replica has what is committed by now.
async fn until_replayed(app: &TestApp) {
    let at = app.db.text("select pg_current_wal_lsn()::text").await;
    let there = format!("select (pg_last_wal_replay_lsn() >= '{at}'::pg_lsn)::text");
    let mut replica = ReplicaEnd::connect().await;
    for _ in 0..6_000 {
        if replica.text(&there).await == "true" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the change should be replayed by now");
}
