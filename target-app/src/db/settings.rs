//! The settings of the pool's connections: requested when one is opened, and read back from the server.

use std::time::Duration;

use rand::RngExt as _;
use shared::{
    profile::{OnOff, Profile, SwitchReading, TimeLimit},
    time::Millis,
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, postgres::PgConnectOptions,
};

use super::DbError;

use crate::chance;

/// Longest pause inside a transaction before the server ends it.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(1);
/// Prepared statements that a connection keeps; sqlx's own default.
const CACHED_STATEMENTS: usize = 100;
/// Probability that a connection without a cache drops its statements when it is released.
const DEALLOCATE_PROBABILITY: f64 = 1.0 / 16.0;

/// Connect options with the settings of the profile.
pub(super) fn connection(options: PgConnectOptions, profile: &Profile) -> PgConnectOptions {
    let statement_timeout = match profile.db_statement_timeout {
        TimeLimit::Off => 0,
        TimeLimit::Within(limit) => limit.0,
    };
    let settings = [
        ("statement_timeout", statement_timeout.to_string()),
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION_TIMEOUT.as_millis().to_string(),
        ),
        (
            "synchronous_commit",
            profile.db_synchronous_commit.to_string(),
        ),
    ];
    let capacity = match profile.db_statement_cache {
        OnOff::On => CACHED_STATEMENTS,
        OnOff::Off => 0,
    };
    // The driver logs no statement: at a thousand a second the log would be the load.
    options
        .application_name("target-app")
        .options(settings)
        .statement_cache_capacity(capacity)
        .disable_statement_logging()
}

/// Drops the prepared statements of a connection without a statement cache, at random.
///
/// Without its cache sqlx 0.9 still names each statement it prepares, and never closes it: the
/// server would keep every one. At random, because a connection keeps no count of its releases.
pub(super) async fn deallocate_statements(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let due = chance::rng().random_bool(DEALLOCATE_PROBABILITY);
    if due {
        sqlx::raw_sql("deallocate all").execute(conn).await?;
    }
    Ok(())
}

/// The `db.` switches as the server and the driver have them on a connection of the pool.
///
/// An idle connection is read. Where there is none, or it is dead, one is opened with the pool's
/// connect options instead, so that a pool in use is not waited for.
pub async fn readings(pool: &PgPool) -> Result<Vec<SwitchReading>, DbError> {
    if let Some(mut idle) = pool.try_acquire()
        && let Ok(readings) = read(&mut idle).await
    {
        return Ok(readings);
    }
    let mut conn = pool.connect_options().connect().await?;
    let readings = read(&mut conn).await?;
    conn.close().await?;
    Ok(readings)
}

async fn read(conn: &mut PgConnection) -> Result<Vec<SwitchReading>, sqlx::Error> {
    let settings = sqlx::query_as::<_, (String, String)>(
        "select name, setting
         from pg_settings
         where name in ('synchronous_commit', 'statement_timeout')",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut readings: Vec<_> = settings
        .into_iter()
        .map(|(name, setting)| {
            let value = match (name.as_str(), setting.parse()) {
                ("statement_timeout", Ok(0)) => TimeLimit::Off.to_string(),
                ("statement_timeout", Ok(ms)) => TimeLimit::Within(Millis(ms)).to_string(),
                _ => setting,
            };
            SwitchReading::new(format!("db.{name}"), value)
        })
        .collect();
    // A connection with a statement cache keeps at least the statement above.
    let cached = OnOff::from(conn.cached_statements_size() > 0);
    readings.push(SwitchReading::new("db.statement_cache", cached));
    Ok(readings)
}
