//! What a PostgreSQL server of a user's own says that statements and commits cost it, from
//! `pg_stat_statements` and `pg_stat_wal`.

use std::{fmt, time::Duration};

use sqlx::{ConnectOptions as _, PgConnection};

use super::target::DatabaseTarget;

/// Database that is connected to, so that looking adds nothing to the figures of the other one.
const MAINTENANCE: &str = "postgres";
/// Longest wait for one reading.
const READING_LIMIT: Duration = Duration::from_secs(10);

/// Statements of one database so far, and how many of them were commits. `total_exec_time` is in
/// milliseconds, without the time of planning, which prepared statements save.
const STATEMENTS: &str = "
    select coalesce(sum(s.calls), 0)::bigint,
           coalesce(sum(s.total_exec_time), 0)::float8,
           coalesce(sum(s.calls) filter (where s.query ilike 'commit%'), 0)::bigint
    from pg_stat_statements s
    join pg_database d on d.oid = s.dbid
    where d.datname = $1";
/// Log writes of the whole server so far. A commit waits for one write and one sync.
const LOG_WRITES: &str = "
    select wal_sync::bigint, (wal_write_time + wal_sync_time)::float8 from pg_stat_wal";

/// Why a server's costs cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL does not tell the time of its statements: {0}")]
pub struct ServerCostsError(String);

/// A connection over which a server is asked what it has spent.
pub struct ServerCosts {
    conn: PgConnection,
    database: String,
}

impl fmt::Debug for ServerCosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCosts")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// Counters of a server at one instant; they only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerCostReading {
    /// Statements carried out in the database, `begin` and `commit` among them.
    pub statements: i64,
    /// Milliseconds that they took inside of the server.
    pub statement_ms: f64,
    /// Of the statements, commits.
    pub commits: i64,
    /// Syncs of the log.
    pub log_syncs: i64,
    /// Milliseconds that writing and syncing the log took; 0 where the server does not time them.
    pub log_ms: f64,
}

impl ServerCostReading {
    /// What was spent since an earlier reading.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            statements: self.statements - earlier.statements,
            statement_ms: self.statement_ms - earlier.statement_ms,
            commits: self.commits - earlier.commits,
            log_syncs: self.log_syncs - earlier.log_syncs,
            log_ms: self.log_ms - earlier.log_ms,
        }
    }

    /// Mean milliseconds of one write and sync of the log; `None` where none was timed.
    pub fn log_write_ms(&self) -> Option<f64> {
        (self.log_syncs > 0 && self.log_ms > 0.0).then(|| self.log_ms / self.log_syncs as f64)
    }
}

impl ServerCosts {
    /// Connects to the server at `url`, whose database is looked at, and has it time its log from now
    /// on: only for a server that was started for a measurement, as its superuser.
    pub async fn open(url: &str) -> Result<Self, ServerCostsError> {
        let options = DatabaseTarget::options(url).map_err(failed)?;
        let database = options.get_database().unwrap_or(MAINTENANCE).to_owned();
        let opening = async {
            let mut conn = options.database(MAINTENANCE).connect().await?;
            sqlx::query("create extension if not exists pg_stat_statements")
                .execute(&mut conn)
                .await?;
            // The library must be loaded at the server's start, else the view refuses to be read.
            let _seen: (i64, f64, i64) = sqlx::query_as(STATEMENTS)
                .bind(&database)
                .fetch_one(&mut conn)
                .await?;
            // A server that does not know the setting has no times of its log.
            let timed = sqlx::query("alter system set track_wal_io_timing = on")
                .execute(&mut conn)
                .await;
            if timed.is_ok() {
                sqlx::query("select pg_reload_conf()")
                    .execute(&mut conn)
                    .await?;
            }
            Ok::<_, sqlx::Error>(Self { conn, database })
        };
        match tokio::time::timeout(READING_LIMIT, opening).await {
            Ok(opened) => opened.map_err(failed),
            Err(_elapsed) => Err(failed("no answer in 10 s")),
        }
    }

    /// The counters now. The server's backends report what they did to the log up to a second late.
    pub async fn read(&mut self) -> Result<ServerCostReading, ServerCostsError> {
        let reading = async {
            let (statements, statement_ms, commits) =
                sqlx::query_as::<_, (i64, f64, i64)>(STATEMENTS)
                    .bind(&self.database)
                    .fetch_one(&mut self.conn)
                    .await?;
            // Before version 14 there is no such view, after 17 it has no times.
            let log = sqlx::query_as::<_, (i64, f64)>(LOG_WRITES)
                .fetch_one(&mut self.conn)
                .await;
            let (log_syncs, log_ms) = log.unwrap_or_default();
            Ok::<_, sqlx::Error>(ServerCostReading {
                statements,
                statement_ms,
                commits,
                log_syncs,
                log_ms,
            })
        };
        match tokio::time::timeout(READING_LIMIT, reading).await {
            Ok(read) => read.map_err(failed),
            Err(_elapsed) => Err(failed("no answer in 10 s")),
        }
    }
}

/// The reason in one line.
fn failed(why: impl fmt::Display) -> ServerCostsError {
    let text = why.to_string();
    ServerCostsError(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_the_difference_of_two_readings() {
        let earlier = ServerCostReading {
            statements: 10,
            statement_ms: 2.0,
            commits: 1,
            log_syncs: 4,
            log_ms: 8.0,
        };
        let later = ServerCostReading {
            statements: 80,
            statement_ms: 5.5,
            commits: 11,
            log_syncs: 14,
            log_ms: 18.0,
        };
        let spent = later.since(&earlier);
        assert_eq!((spent.statements, spent.commits), (70, 10));
        assert_eq!((spent.statement_ms, spent.log_write_ms()), (3.5, Some(1.0)));
        // Without a sync, or without its time, there is no mean.
        assert_eq!(earlier.since(&earlier).log_write_ms(), None);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error_in_one_line_without_its_password() {
        let url = "postgres://me:hush@127.0.0.1:1/db";
        let text = ServerCosts::open(url).await.unwrap_err().to_string();
        assert!(
            text.contains("statements") && !text.contains("hush"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
