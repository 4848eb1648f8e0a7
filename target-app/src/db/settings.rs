//! The settings of the pool's connections, as they are requested.

use std::time::Duration;

use futures_util::FutureExt as _;
use rand::RngExt as _;
use shared::profile::{OnOff, Profile, TimeLimit, Via};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::connection_failures;
use crate::chance;

/// Longest pause inside a transaction before the server ends it.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(1);
/// Prepared statements that a connection keeps; sqlx's own default.
const CACHED_STATEMENTS: usize = 100;
/// Probability that a connection without a cache drops its statements when it is released.
const DEALLOCATE_PROBABILITY: f64 = 1.0 / 16.0;

/// The settings that the profile asks PostgreSQL for, by name.
pub(super) fn requested(profile: &Profile) -> [(&'static str, String); 3] {
    let statement_timeout = match profile.db_statement_timeout {
        TimeLimit::Off => 0,
        TimeLimit::Within(limit) => limit.0,
    };
    [
        ("statement_timeout", statement_timeout.to_string()),
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION_TIMEOUT.as_millis().to_string(),
        ),
        (
            "synchronous_commit",
            profile.db_synchronous_commit.to_string(),
        ),
    ]
}

/// A pool as the profile wants it. With `drops_statements` a connection that is given back loses its
/// prepared statements now and then.
pub(super) fn pool(profile: &Profile, drops_statements: bool) -> PgPoolOptions {
    // Where each checkout pings, it finds what a loss took along by itself.
    let pings = profile.pool_ping_on_acquire.is_on();
    PgPoolOptions::new()
        .max_connections(profile.pool_max.get())
        // Above the maximum it is kept as asked for; the pool stops at the maximum by itself.
        .min_connections(profile.pool_min.get())
        .acquire_timeout(profile.pool_acquire_timeout.duration())
        .idle_timeout(profile.pool_idle_timeout.duration())
        .max_lifetime(None)
        .test_before_acquire(pings)
        .before_acquire(move |conn, known| {
            async move {
                if connection_failures::may_have_stale_statements(known.age) {
                    return Ok(false);
                }
                if !pings
                    && connection_failures::may_have_taken(known.idle_for)
                    && let Err(error) = conn.ping().await
                {
                    // It is closed, and another one is taken.
                    tracing::info!(%error, "an idle connection was lost with others");
                    return Ok(false);
                }
                Ok(true)
            }
            .boxed()
        })
        .after_release(move |conn, known| {
            async move {
                // Closed now rather than at its next checkout, where somebody would wait for another.
                if connection_failures::may_have_stale_statements(known.age) {
                    return Ok(false);
                }
                if drops_statements {
                    deallocate_statements(conn).await?;
                }
                Ok(true)
            }
            .boxed()
        })
}

/// Connect options with the settings of the profile, for a pool without PgBouncer before it.
pub(super) fn own_connection(options: PgConnectOptions, profile: &Profile) -> PgConnectOptions {
    basic(options, profile).options(requested(profile))
}

/// Connect options with the settings of the profile. Through PgBouncer they are made in each
/// transaction instead.
pub(super) fn connection(options: PgConnectOptions, profile: &Profile) -> PgConnectOptions {
    match profile.db_via {
        Via::Direct => own_connection(options, profile),
        Via::Pgbouncer => basic(options, profile),
    }
}

fn basic(options: PgConnectOptions, profile: &Profile) -> PgConnectOptions {
    let capacity = match profile.db_statement_cache {
        OnOff::On => CACHED_STATEMENTS,
        OnOff::Off => 0,
    };
    // The driver logs no statement: at a thousand a second the log would be the load.
    options
        .application_name("target-app")
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
