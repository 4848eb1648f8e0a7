//! What the driver and PgBouncer make of each other: statements with a name and without, and what
//! a session leaves behind.

use std::{str::FromStr, sync::Arc};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use target_app::{
    db::{self, Db, DbAddresses, DbError, PoolCounters, Pooler, pooler::PoolerSettings},
    timing::{self, Timing},
};

use crate::support::{TestApp, TestDb, services};
use shared::profile::Profile;

/// More clients than the pooler has server connections.
const CLIENTS: i32 = 40;

/// The pooler of the tests before a database, and what it says of itself.
async fn pooler(of: &TestDb) -> (Pooler, PoolerSettings) {
    let url = PgConnectOptions::from_str(&services().pgbouncer_url)
        .unwrap()
        .database(of.name());
    let pooler = Pooler::before(of.url(), url.to_url_lossy().as_str()).unwrap();
    let known = pooler.console().await.unwrap().settings().await.unwrap();
    (pooler, known)
}

/// A pool through the pooler.
async fn open(db: &TestDb, pooler: (Pooler, PoolerSettings), profile: &Profile) -> Db {
    let addresses = DbAddresses {
        direct: db.url(),
        pooler: Some(pooler),
        replica: None,
    };
    let opened = db::open(addresses, profile, Arc::<PoolCounters>::default());
    opened.await.unwrap()
}

fn profile(settings: &[&str]) -> Profile {
    let mut profile = Profile::after();
    for setting in settings {
        profile.apply(setting).unwrap();
    }
    profile
}

#[tokio::test]
async fn statements_without_a_name_go_through_in_transactions_whatever_server_each_gets() {
    let db = TestDb::seeded().await;
    let (pooler, known) = pooler(&db).await;
    for cache in ["off", "on"] {
        let profile = profile(&[
            "db.via=pgbouncer",
            &format!("db.statement_cache={cache}"),
            &format!("pool.max={CLIENTS}"),
            // Nothing here is about waiting, and a busy machine makes clients wait for a connection.
            "pool.acquire_timeout=30s",
        ]);
        if known.refuses(&profile).is_some() {
            // Named statements need a pooler that keeps them.
            assert_eq!((cache, known.max_prepared_statements), ("on", 0));
            continue;
        }
        let pool = open(&db, (pooler.clone(), known.clone()), &profile).await;
        let clients = (0..CLIENTS).map(|client| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for round in 0..20 {
                    let mut session = pool.session();
                    let mut conn = session.conn().await.unwrap();
                    // A text of its own for each client, so that no two prepare the same.
                    let sql = format!("select $1::int + {client}");
                    let sum: i32 = sqlx::query_scalar(AssertSqlSafe(sql))
                        .bind(round)
                        .fetch_one(&mut *conn)
                        .await
                        .unwrap();
                    assert_eq!(sum, round + client);
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        pool.pool().close().await;
    }
    db.finish().await;
}

#[tokio::test]
async fn a_write_over_a_lease_for_reading_is_a_fault_and_no_outage() {
    let db = TestDb::seeded().await;
    let profile = profile(&["db.via=pgbouncer", "db.statement_cache=off", "pool.max=2"]);
    let pool = open(&db, pooler(&db).await, &profile).await;
    let write = "delete from notification";
    timing::scope(Timing::default(), async {
        let mut session = pool.session();
        let mut reading = session.conn().await.unwrap();
        let refused = sqlx::raw_sql(write).execute(&mut *reading).await;
        let fault = DbError::from(refused.unwrap_err());
        assert_eq!(fault.sqlstate().as_deref(), Some("25006"));
        assert!(matches!(fault, DbError::Other(_)), "{fault:?}");
        drop(reading);
        // As where the server takes none.
        let mut writing = session.write().await.unwrap();
        let read_only = sqlx::raw_sql("set transaction read only");
        read_only.execute(&mut *writing).await.unwrap();
        let refused = sqlx::raw_sql(write).execute(&mut *writing).await;
        let outage = DbError::from(refused.unwrap_err());
        assert!(matches!(outage, DbError::ReadOnly(_)), "{outage:?}");
    })
    .await;
    pool.pool().close().await;
    db.finish().await;
}

#[tokio::test]
async fn a_named_statement_without_a_transaction_is_what_the_pooler_of_debian_cannot_do() {
    let db = TestDb::seeded().await;
    let (_, known) = pooler(&db).await;
    let url = PgConnectOptions::from_str(&services().pgbouncer_url)
        .unwrap()
        .database(db.name())
        .extra_float_digits(None);
    // The first client occupies one server connection while the second prepares on another.
    let mut first = url.clone().connect().await.unwrap();
    let mut second = url.connect().await.unwrap();
    let ask = "select $1::int";
    let answer: i32 = sqlx::query_scalar(ask)
        .bind(1)
        .fetch_one(&mut second)
        .await
        .unwrap();
    assert_eq!(answer, 1);
    let mut open = first.begin().await.unwrap();
    sqlx::raw_sql("select 1").execute(&mut *open).await.unwrap();
    let again = sqlx::query_scalar::<_, i32>(ask)
        .bind(2)
        .fetch_one(&mut second)
        .await;
    assert_eq!(
        again.is_ok(),
        known.max_prepared_statements > 0,
        "{again:?}"
    );
    drop(open);
    first.close().await.unwrap();
    drop(second);
    db.finish().await;
}

#[tokio::test]
async fn a_transaction_leaves_no_setting_and_no_statement_on_the_server_connection() {
    let settings = ["db.via=pgbouncer", "db.statement_cache=off", "pool.max=1"];
    let setup = TestApp::with(&settings).with_pooler();
    let app = setup.start().await;
    app.anonymous()
        .mentors("sort=newest")
        .await
        .ok::<serde_json::Value>();
    let url = services().pgbouncer_url;
    let mut other = PgConnectOptions::from_str(&url)
        .unwrap()
        .database(app.db.name())
        .extra_float_digits(None)
        .connect()
        .await
        .unwrap();
    let settings = sqlx::raw_sql(
        "select name from pg_settings where source = 'session'
         and name in ('statement_timeout', 'synchronous_commit', 'idle_in_transaction_session_timeout')",
    );
    let left = sqlx::Executor::fetch_all(&mut other, settings)
        .await
        .unwrap();
    assert!(left.is_empty(), "{} settings are left", left.len());
    other.close().await.unwrap();
    app.finish().await;
}
