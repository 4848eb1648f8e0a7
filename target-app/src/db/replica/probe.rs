//! Questions to the primary and to its replica, each over one connection of its own to the maintenance
//! database: they wait for no pool, count among no request's statements, and a reset of the
//! application's database does not end them.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
};

use crate::db::{DbError, database};

/// Longest wait for an answer, the connection included.
const LIMIT: Duration = Duration::from_secs(1);
/// Name of these connections in `pg_stat_activity`.
const APPLICATION_NAME: &str = "target-app replica probe";

/// Where a server is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct LogPosition {
    /// Whether it follows another one.
    pub(super) follows: bool,
    /// Bytes of log since its beginning: what it has written, or where it follows, replayed.
    pub(super) bytes: i64,
}

/// Asks one server again and again.
pub(super) struct LogProbe {
    options: PgConnectOptions,
    kept: Option<PgConnection>,
}

impl LogProbe {
    /// A probe of the server of these options; connects when it is asked.
    pub(super) fn of(options: &PgConnectOptions) -> Self {
        Self {
            options: options
                .clone()
                .database(database::MAINTENANCE)
                .application_name(APPLICATION_NAME)
                .disable_statement_logging(),
            kept: None,
        }
    }

    /// Where the server is. After an error the next question connects anew.
    pub(super) async fn position(&mut self) -> Result<LogPosition, DbError> {
        let asked = async {
            let mut conn = self.connection().await?;
            let position = sqlx::query_as::<_, LogPosition>(
                "select pg_is_in_recovery() as follows, pg_wal_lsn_diff(
                     case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                          else pg_current_wal_insert_lsn() end,
                     '0/0'
                 )::bigint as bytes",
            )
            .fetch_one(&mut conn)
            .await?;
            self.kept = Some(conn);
            Ok::<_, sqlx::Error>(position)
        };
        within_limit(asked).await
    }

    /// What tells its data from that of any other server, and stays the same in a copy; `None` where
    /// the role may not ask.
    pub(super) async fn system(&mut self) -> Result<Option<String>, DbError> {
        let asked = async {
            let mut conn = self.connection().await?;
            let sql = "select system_identifier::text from pg_control_system()";
            let system: Result<String, sqlx::Error> =
                sqlx::query_scalar(sql).fetch_one(&mut conn).await;
            match system {
                Err(error) if is_forbidden(&error) => Ok::<_, sqlx::Error>(None),
                system => Ok(Some(system?)),
            }
        };
        within_limit(asked).await
    }

    async fn connection(&mut self) -> Result<PgConnection, sqlx::Error> {
        match self.kept.take() {
            Some(conn) => Ok(conn),
            None => self.options.connect().await,
        }
    }
}

async fn within_limit<T>(
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DbError> {
    match tokio::time::timeout(LIMIT, asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()),
    }
}

fn is_forbidden(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .is_some_and(|error| error.code() == "42501")
}
