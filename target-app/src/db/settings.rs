//! What each connection of the pool asks of the server, and what the server made of it.

use std::{collections::BTreeMap, time::Duration};

use rand::RngExt as _;
use shared::{
    profile::{OnOff, Profile, TimeLimit},
    time::Millis,
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{Db, DbError};

/// Longest pause inside a transaction before the server ends it.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(1);
/// Prepared statements that a connection keeps; sqlx's own default.
const CACHED_STATEMENTS: usize = 100;
/// How often, of the times it comes back, a connection without a cache drops its statements.
const FORGET: f64 = 1.0 / 16.0;

/// How a connection is opened, as the profile wants it.
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

/// Drops the prepared statements of a connection that keeps no account of them, now and then.
///
/// Without its cache sqlx 0.9 still names each statement it prepares, and never closes it: the
/// server would keep every one. Drawn by lot, because a connection has no memory of its own.
pub(super) async fn forget_statements(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let due = rand::rng().random_bool(FORGET);
    if due {
        sqlx::raw_sql("deallocate all").execute(conn).await?;
    }
    Ok(())
}

/// The `db.` switches as the server and the driver have them, on a connection that is opened
/// like those of the pool but is none of them: a pool that is in use is not waited for.
pub async fn in_force(db: &Db) -> Result<BTreeMap<String, String>, DbError> {
    let mut conn = db.pool().connect_options().connect().await?;
    let asked = sqlx::query_as::<_, (String, String)>(
        "select name, setting
         from pg_settings
         where name in ('synchronous_commit', 'statement_timeout')",
    )
    .fetch_all(&mut conn)
    .await?;
    let mut values = BTreeMap::new();
    for (name, setting) in asked {
        let value = match (name.as_str(), setting.parse()) {
            ("statement_timeout", Ok(0)) => TimeLimit::Off.to_string(),
            ("statement_timeout", Ok(ms)) => TimeLimit::Within(Millis(ms)).to_string(),
            _ => setting,
        };
        values.insert(format!("db.{name}"), value);
    }
    // The statement above is the first that this connection could have kept.
    let cached = if conn.cached_statements_size() > 0 {
        OnOff::On
    } else {
        OnOff::Off
    };
    values.insert("db.statement_cache".to_owned(), cached.to_string());
    conn.close().await?;
    Ok(values)
}
