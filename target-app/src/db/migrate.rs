//! Migrations: applies them, and checks that all are applied.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::DbError;

/// How long a command waits for a connection. Authentication with SCRAM yields to the runtime
/// hundreds of times in sqlx, which takes seconds while a busy server replaces its engine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// A pool for commands rather than requests: two connections, no statement timeout.
pub async fn connect(url: &str) -> Result<PgPool, DbError> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("target-app maintenance")
        .disable_statement_logging();
    // A pool retries and then reports only a timeout; a single connection reports the cause.
    let first = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    let first = first.map_err(|_| {
        DbError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
    })??;
    first.close().await?;
    Ok(PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_lazy_with(options))
}

/// An address without the password: `127.0.0.1:5432/codeconnect`, `/run/postgresql/codeconnect`.
pub fn describe(url: &str) -> String {
    PgConnectOptions::from_str(url).map_or_else(
        |_| "an address that cannot be read".to_owned(),
        |options| {
            let database = options.get_database().unwrap_or("?");
            options.get_socket().map_or_else(
                || format!("{}:{}/{database}", options.get_host(), options.get_port()),
                |socket| format!("{}/{database}", socket.display()),
            )
        },
    )
}

/// Applies the migrations that are missing; run twice, the second does nothing.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}

/// Whether every migration of this build is applied; if not, a message with what to do.
pub async fn check_schema(pool: &PgPool) -> Result<Result<(), String>, DbError> {
    let migrations_table: Option<String> =
        sqlx::query_scalar("select to_regclass('_sqlx_migrations')::text")
            .fetch_one(pool)
            .await?;
    let applied: i64 = match migrations_table {
        None => 0,
        Some(_) => {
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success")
                .fetch_one(pool)
                .await?
        }
    };
    let wanted = MIGRATIONS.iter().count();
    Ok(match usize::try_from(applied).unwrap_or(0) {
        applied if applied >= wanted => Ok(()),
        applied => Err(format!(
            "the schema is behind: {applied} of {wanted} migrations are applied; run `target-app migrate`"
        )),
    })
}
