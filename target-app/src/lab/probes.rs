//! Statistics of PostgreSQL and Redis.
//!
//! The probes of telemetry have one connection each, outside of every pool, which stays open: a
//! sample neither waits for an exhausted pool nor appears in what it measures. PostgreSQL is
//! asked from its maintenance database, because commits, rows and blocks are counted by database,
//! those of the asking session included.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection, cmd,
};
use secrecy::{ExposeSecret as _, SecretString};
use shared::snapshot::{PostgresSnapshot, RedisSnapshot};
use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};

use crate::db::database;

/// Longest wait for an answer of Redis; callers bound the whole as well.
const REDIS_LIMIT: Duration = Duration::from_secs(1);

/// Name of these connections in `pg_stat_activity`.
const APPLICATION_NAME: &str = "target-app probe";

/// A connection to PostgreSQL for samples of one database.
pub(super) struct PostgresProbe {
    conn: PgConnection,
    database: String,
}

/// Whether the application may write to its database: not where the server is a standby or the
/// role is read-only, by a setting or by its privileges. An error where it cannot connect.
pub(super) async fn postgres_is_writable(url: &SecretString) -> Result<bool, sqlx::Error> {
    let mut conn = connect(PgConnectOptions::from_str(url.expose_secret())?).await?;
    sqlx::query_scalar(
        "select not current_setting('transaction_read_only')::boolean
             and not pg_is_in_recovery()
             and not exists (
                 select
                 from pg_class
                 where relkind = 'r'
                   and relnamespace = any (current_schemas(false)::regnamespace[])
                   and not has_table_privilege(oid, 'insert')
             )",
    )
    .fetch_one(&mut conn)
    .await
}

async fn connect(options: PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    options
        .application_name(APPLICATION_NAME)
        .disable_statement_logging()
        .connect()
        .await
}

#[derive(sqlx::FromRow)]
struct Activity {
    state: Option<String>,
    wait_event_type: Option<String>,
    wait_event: Option<String>,
    backends: i64,
}

#[derive(sqlx::FromRow)]
struct Totals {
    started_ms: i64,
    commits: i64,
    rollbacks: i64,
    deadlocks: i64,
    rows_returned: i64,
    rows_fetched: i64,
    blocks_hit: i64,
    blocks_read: i64,
    wal_bytes: i64,
}

impl PostgresProbe {
    /// Connects to the maintenance database of the server at `url`.
    pub(super) async fn connect(url: &SecretString) -> Result<Self, sqlx::Error> {
        let url = url.expose_secret();
        let database =
            database::name(url).map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let options = PgConnectOptions::from_str(url)?.database(database::MAINTENANCE);
        Ok(Self {
            conn: connect(options).await?,
            database,
        })
    }

    /// One sample. Counters start again when the database is replaced by a reset.
    pub(super) async fn sample(&mut self) -> Result<PostgresSnapshot, sqlx::Error> {
        let activity = sqlx::query_as::<_, Activity>(
            "select state, wait_event_type, wait_event, count(*) as backends
             from pg_stat_activity
             where datname = $1
             and backend_type = 'client backend'
             and application_name <> $2
             group by state, wait_event_type, wait_event",
        )
        .bind(&self.database)
        .bind(APPLICATION_NAME)
        .fetch_all(&mut self.conn)
        .await?;
        let totals = sqlx::query_as::<_, Totals>(
            "select
                 (extract(epoch from pg_postmaster_start_time()) * 1000)::bigint as started_ms,
                 xact_commit as commits,
                 xact_rollback as rollbacks,
                 deadlocks,
                 tup_returned as rows_returned,
                 tup_fetched as rows_fetched,
                 blks_hit as blocks_hit,
                 blks_read as blocks_read,
                 pg_stat_wal.wal_bytes::bigint as wal_bytes
             from pg_stat_database, pg_stat_wal
             where datname = $1",
        )
        .bind(&self.database)
        .fetch_one(&mut self.conn)
        .await?;
        Ok(snapshot(activity, &totals))
    }
}

fn snapshot(activity: Vec<Activity>, totals: &Totals) -> PostgresSnapshot {
    let mut snapshot = PostgresSnapshot {
        started_ms: totals.started_ms,
        commits: totals.commits as u64,
        rollbacks: totals.rollbacks as u64,
        deadlocks: totals.deadlocks as u64,
        rows_returned: totals.rows_returned as u64,
        rows_fetched: totals.rows_fetched as u64,
        blocks_hit: totals.blocks_hit as u64,
        blocks_read: totals.blocks_read as u64,
        wal_bytes: totals.wal_bytes as u64,
        ..PostgresSnapshot::default()
    };
    for group in activity {
        let backends = group.backends as u32;
        match group.state.as_deref() {
            Some("active") => {
                snapshot.active += backends;
                let wait = match (group.wait_event_type, group.wait_event) {
                    (Some(kind), Some(event)) => format!("{kind}:{event}"),
                    _ => "CPU".to_owned(),
                };
                *snapshot.waits.entry(wait).or_default() += backends;
            }
            Some(state) if state.starts_with("idle in transaction") => {
                snapshot.idle_in_transaction += backends;
            }
            Some("idle") => snapshot.idle += backends,
            _ => {}
        }
    }
    snapshot
}

/// A connection to Redis for samples.
pub(super) struct RedisProbe(MultiplexedConnection);

impl RedisProbe {
    /// Opens a connection of its own, outside of the cache's.
    pub(super) async fn connect(url: &SecretString) -> Result<Self, RedisError> {
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_LIMIT))
            .set_response_timeout(Some(REDIS_LIMIT));
        let client = Client::open(url.expose_secret())?;
        Ok(Self(
            client
                .get_multiplexed_async_connection_with_config(&limits)
                .await?,
        ))
    }

    /// Connects and asks whether it answers.
    pub(super) async fn ping(url: &SecretString) -> Result<(), RedisError> {
        let mut probe = Self::connect(url).await?;
        cmd("PING").query_async(&mut probe.0).await
    }

    /// Connects and deletes everything in the database of the URL.
    pub(super) async fn flush(url: &SecretString) -> Result<(), RedisError> {
        let mut probe = Self::connect(url).await?;
        cmd("FLUSHDB").query_async(&mut probe.0).await
    }

    /// Connects and asks for the server's version.
    pub(super) async fn version(url: &SecretString) -> Result<Option<String>, RedisError> {
        let mut probe = Self::connect(url).await?;
        let info: String = cmd("INFO").arg("server").query_async(&mut probe.0).await?;
        Ok(read_version(&info))
    }

    /// One sample.
    pub(super) async fn sample(&mut self) -> Result<RedisSnapshot, RedisError> {
        let info: String = cmd("INFO").query_async(&mut self.0).await?;
        Ok(read_info(&info))
    }
}

/// The line with the version.
fn read_version(info: &str) -> Option<String> {
    let mut lines = info.lines();
    let version = lines.find_map(|line| line.trim_end().strip_prefix("redis_version:"))?;
    Some(version.to_owned())
}

/// Reads `key:value` lines; what is missing counts as zero.
fn read_info(info: &str) -> RedisSnapshot {
    let values: BTreeMap<&str, &str> = info
        .lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .collect();
    let number = |key: &str| {
        values
            .get(key)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    };
    RedisSnapshot {
        keyspace_hits: number("keyspace_hits"),
        keyspace_misses: number("keyspace_misses"),
        clients: number("connected_clients").saturating_sub(1) as u32,
        used_memory: number("used_memory"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_redis_is_found_among_other_lines() {
        let info = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n";
        assert_eq!(read_version(info).as_deref(), Some("7.0.15"));
        assert_eq!(read_version("# Server\r\n"), None);
    }

    #[test]
    fn the_figures_of_redis_are_found_among_the_others() {
        let info = "# Clients\r\nconnected_clients:3\r\n# Memory\r\nused_memory:1000\r\n\
                    # Stats\r\nkeyspace_hits:7\r\nkeyspace_misses:2\r\n";
        assert_eq!(
            read_info(info),
            RedisSnapshot {
                keyspace_hits: 7,
                keyspace_misses: 2,
                clients: 2,
                used_memory: 1_000,
            }
        );
        assert_eq!(read_info("nothing known"), RedisSnapshot::default());
    }

    #[test]
    fn backends_are_counted_by_state() {
        let group = |state: &str, wait: Option<(&str, &str)>, backends| Activity {
            state: Some(state.to_owned()),
            wait_event_type: wait.map(|(kind, _)| kind.to_owned()),
            wait_event: wait.map(|(_, event)| event.to_owned()),
            backends,
        };
        let totals = Totals {
            started_ms: 9,
            commits: 1,
            rollbacks: 2,
            deadlocks: 3,
            rows_returned: 4,
            rows_fetched: 5,
            blocks_hit: 6,
            blocks_read: 7,
            wal_bytes: 8,
        };
        let activity = vec![
            group("active", Some(("Lock", "tuple")), 2),
            group("active", None, 3),
            group("idle", Some(("Client", "ClientRead")), 4),
            group("idle in transaction", None, 1),
            group("idle in transaction (aborted)", None, 1),
        ];
        let snapshot = snapshot(activity, &totals);
        assert_eq!(
            (snapshot.active, snapshot.idle, snapshot.idle_in_transaction),
            (5, 4, 2)
        );
        assert_eq!(snapshot.waits["Lock:tuple"], 2);
        assert_eq!(snapshot.waits["CPU"], 3);
        assert_eq!(snapshot.wal_bytes, 8);
    }
}
