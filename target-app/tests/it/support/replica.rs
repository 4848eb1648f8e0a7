//! The replica of the tests: one test at a time uses it, and may make its replay stand still.

use std::{
    str::FromStr as _,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::services;

/// The sole use of the replica, whose replay is one for all databases; clones share it.
#[derive(Clone)]
pub(crate) struct ReplicaTurn(#[expect(dead_code, reason = "it is held")] Arc<OwnedMutexGuard<()>>);

impl ReplicaTurn {
    /// Waits for it. A test that failed may have left the replay standing still.
    pub(crate) async fn take() -> Self {
        static TURNS: SyncMutex<Option<Arc<Mutex<()>>>> = SyncMutex::new(None);
        let turns = Arc::clone(
            TURNS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(Arc::default),
        );
        let turn = Self(Arc::new(turns.lock_owned().await));
        ReplicaEnd::connect().await.resume().await;
        turn
    }
}

/// A connection to the replica past every application.
pub(crate) struct ReplicaEnd(PgConnection);

impl ReplicaEnd {
    /// Connects to its maintenance database.
    pub(crate) async fn connect() -> Self {
        let options = PgConnectOptions::from_str(services().replica_url())
            .expect("REPLICA_URL is an address of PostgreSQL");
        Self(options.database("postgres").connect().await.unwrap())
    }

    /// Makes the replay stand still.
    pub(crate) async fn pause(&mut self) {
        self.run("select pg_wal_replay_pause()").await;
        for _ in 0..6_000 {
            if self.text("select pg_get_wal_replay_pause_state()").await == "paused" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the replay should stand still by now");
    }

    /// Lets the replay go on.
    pub(crate) async fn resume(&mut self) {
        self.run("select pg_wal_replay_resume()").await;
    }

    /// One text that it answers.
    pub(crate) async fn text(&mut self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.0)
            .await
            .unwrap()
    }

    async fn run(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.0).await.unwrap();
    }
}
