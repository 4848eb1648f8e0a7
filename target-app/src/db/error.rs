//! What a failed statement means to its caller.

use sqlx::{
    error::{DatabaseError, ErrorKind},
    postgres::PgDatabaseError,
};

use super::{connection_failures, pipeline_error::ServerError};
use crate::timing;

/// How a transaction lost against another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostRace {
    /// No order of one after another would have this outcome.
    Serialization,
    /// Each waited for the other.
    Deadlock,
}

impl LostRace {
    /// Both ways to lose a race.
    pub const ALL: [Self; 2] = [Self::Serialization, Self::Deadlock];

    /// The server's error code for it.
    pub const fn sqlstate(self) -> &'static str {
        match self {
            Self::Serialization => "40001",
            Self::Deadlock => "40P01",
        }
    }
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A named constraint refused the rows.
    #[error("constraint `{name}` refused the rows")]
    Constraint {
        /// Name of the constraint or unique index.
        name: String,
        /// The server's error.
        #[source]
        source: sqlx::Error,
    },
    /// Two transactions met and this one lost; it may be run again.
    #[error("the transaction lost against another one")]
    Serialization(#[source] sqlx::Error),
    /// The replica cancelled a read, because what it replays takes away rows or locks that the read needs. The
    /// primary answers it.
    #[error("the replica cancelled the statement")]
    RecoveryConflict(#[source] sqlx::Error),
    /// No connection became free within `pool.acquire_timeout`.
    #[error("no connection became free in time")]
    PoolTimeout,
    /// The statement took longer than `db.statement_timeout`.
    #[error("the statement took too long")]
    StatementTimeout(#[source] sqlx::Error),
    /// The server does not answer.
    #[error("PostgreSQL does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The server's disk is full: what only reads may still succeed.
    #[error("PostgreSQL has no space left")]
    NoSpace(#[source] sqlx::Error),
    /// The server takes no writes now, as one that follows another since a failover: what only reads may succeed.
    #[error("PostgreSQL takes no writes")]
    ReadOnly(#[source] sqlx::Error),
    /// The connection had prepared the statement before a table changed, or has lost what it had prepared. It is closed
    /// with all others that are as old; the same work succeeds on a new one.
    #[error("PostgreSQL does not run the statement as it was prepared")]
    StaleStatement(#[source] sqlx::Error),
    /// A fault of the statement or of its decoding.
    #[error("the statement failed")]
    Other(#[source] sqlx::Error),
}

impl DbError {
    /// What was read is not there any more, because another transaction came between: the work may be run again.
    pub const fn stale_read() -> Self {
        Self::Serialization(sqlx::Error::RowNotFound)
    }

    /// Whether the constraint of that name refused the rows.
    pub fn is_constraint(&self, wanted: &str) -> bool {
        matches!(self, Self::Constraint { name, .. } if name == wanted)
    }

    /// The server's five-character error code, where the server sent one.
    pub fn sqlstate(&self) -> Option<String> {
        let (Self::Constraint { source, .. }
        | Self::Serialization(source)
        | Self::RecoveryConflict(source)
        | Self::StatementTimeout(source)
        | Self::Unavailable(source)
        | Self::NoSpace(source)
        | Self::ReadOnly(source)
        | Self::StaleStatement(source)
        | Self::Other(source)) = self
        else {
            return None;
        };
        Some(source.as_database_error()?.code()?.into_owned())
    }
}

/// Also notes where a connection was lost, so that those idle beside it are checked, and where one has stale
/// statements, so that those as old are closed.
impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::PoolTimeout,
            sqlx::Error::Io(_) => {
                connection_failures::note();
                Self::Unavailable(error)
            }
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Tls(_) => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(reason) if is_recovery_conflict(&**reason) => {
                Self::RecoveryConflict(error)
            }
            sqlx::Error::Database(reason) => {
                let code = reason.code().unwrap_or_default();
                match (&*code, reason.constraint(), reason.kind()) {
                    // serialization_failure, deadlock_detected
                    ("40001" | "40P01", _, _) => Self::Serialization(error),
                    // query_canceled: only the server's own timeout cancels statements
                    ("57014", _, _) => Self::StatementTimeout(error),
                    // admin_shutdown, crash_shutdown
                    ("57P01" | "57P02", _, _) => {
                        connection_failures::note();
                        Self::Unavailable(error)
                    }
                    // cannot_connect_now, too_many_connections
                    ("57P03" | "53300", _, _) => Self::Unavailable(error),
                    // disk_full
                    ("53100", _, _) => Self::NoSpace(error),
                    // read_only_sql_transaction; where the lease is for reading alone the write is the fault
                    ("25006", _, _) if !timing::lease_reads_only() => Self::ReadOnly(error),
                    ("0A000", _, _) if is_refusal_of_standby(&**reason) => Self::ReadOnly(error),
                    ("0A000" | "26000", _, _) if is_stale_statement(&**reason) => {
                        connection_failures::note_stale_statement();
                        Self::StaleStatement(error)
                    }
                    // connection_exception and its kin
                    (code, _, _) if code.starts_with("08") => {
                        connection_failures::note();
                        Self::Unavailable(error)
                    }
                    (_, Some(name), kind) if kind != ErrorKind::Other => Self::Constraint {
                        name: name.to_owned(),
                        source: error,
                    },
                    _ => Self::Other(error),
                }
            }
            _ => Self::Other(error),
        }
    }
}

/// Whether a replica cancelled a statement, or ended its connection, for what it replays. Its codes are those of
/// lost races (40001, 40P01), timeouts (57014) and lost databases (57P04), by version and cause; its words are
/// the same, and where they are in another language, the routine that says them.
fn is_recovery_conflict(reason: &(dyn DatabaseError + 'static)) -> bool {
    reason.message().ends_with("due to conflict with recovery")
        || matches!(
            routine(reason),
            Some(
                "ProcessRecoveryConflictInterrupt"
                    | "report_recovery_conflict"
                    | "CheckRecoveryConflictDeadlock"
            )
        )
}

/// Whether a server that follows another one refused a serializable transaction, by its words or by the routine that
/// says them.
fn is_refusal_of_standby(reason: &(dyn DatabaseError + 'static)) -> bool {
    reason.message().ends_with("in a hot standby")
        || routine(reason) == Some("call_enum_check_hook")
}

/// Whether a statement was refused for how or whether it is prepared, by the words or by the routine that says them. Its
/// codes are also those of features that PostgreSQL lacks (0A000) and of `execute` with a wrong name (26000).
fn is_stale_statement(reason: &(dyn DatabaseError + 'static)) -> bool {
    let message = reason.message();
    message == "cached plan must not change result type"
        || (message.starts_with("prepared statement") && message.ends_with("does not exist"))
        || matches!(
            routine(reason),
            Some("RevalidateCachedQuery" | "FetchPreparedStatement")
        )
}

/// The routine of PostgreSQL that reports the error.
fn routine<'a>(reason: &'a (dyn DatabaseError + 'static)) -> Option<&'a str> {
    let of_pipeline = || reason.try_downcast_ref::<ServerError>()?.routine();
    reason
        .try_downcast_ref::<PgDatabaseError>()
        .and_then(PgDatabaseError::routine)
        .or_else(of_pipeline)
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, error::Error, fmt};

    use super::*;

    /// What a server says.
    #[derive(Debug)]
    struct ServerMessage {
        code: &'static str,
        message: &'static str,
    }

    impl fmt::Display for ServerMessage {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.message)
        }
    }

    impl Error for ServerMessage {}

    impl DatabaseError for ServerMessage {
        fn message(&self) -> &str {
            self.message
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.code.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn said(code: &'static str, message: &'static str) -> DbError {
        DbError::from(sqlx::Error::from(ServerMessage { code, message }))
    }

    #[test]
    fn what_a_replica_cancels_is_no_lost_race_and_no_timeout() {
        let canceled = "canceling statement due to conflict with recovery";
        let ended = "terminating connection due to conflict with recovery";
        for (code, message) in [
            ("40001", canceled),
            ("40P01", canceled),
            ("57014", canceled),
            ("40001", ended),
            ("57P04", ended),
        ] {
            let error = said(code, message);
            assert!(matches!(error, DbError::RecoveryConflict(_)), "{code}");
        }
        let lost = "could not serialize access due to concurrent update";
        assert!(matches!(said("40001", lost), DbError::Serialization(_)));
        let late = "canceling statement due to statement timeout";
        assert!(matches!(said("57014", late), DbError::StatementTimeout(_)));
    }

    #[test]
    fn a_server_that_takes_no_writes_and_a_full_one_are_no_faults() {
        let refused = "cannot execute INSERT in a read-only transaction";
        assert!(matches!(said("25006", refused), DbError::ReadOnly(_)));
        let refused = "cannot use serializable mode in a hot standby";
        assert!(matches!(said("0A000", refused), DbError::ReadOnly(_)));
        let lacking = "cross-database references are not implemented";
        assert!(matches!(said("0A000", lacking), DbError::Other(_)));
        let full = "could not extend file: No space left on device";
        assert!(matches!(said("53100", full), DbError::NoSpace(_)));
    }

    #[test]
    fn a_statement_that_was_prepared_for_another_table_or_is_gone_is_stale() {
        for (code, message) in [
            ("0A000", "cached plan must not change result type"),
            ("26000", "prepared statement \"sqlx_s_1\" does not exist"),
        ] {
            let error = said(code, message);
            assert!(matches!(error, DbError::StaleStatement(_)), "{code}");
            assert_eq!(error.sqlstate().as_deref(), Some(code));
        }
    }

    #[test]
    fn an_exhausted_pool_and_a_lost_server_are_no_faults() {
        assert!(matches!(
            DbError::from(sqlx::Error::PoolTimedOut),
            DbError::PoolTimeout
        ));
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        for error in [sqlx::Error::Io(reset), sqlx::Error::PoolClosed] {
            assert!(matches!(DbError::from(error), DbError::Unavailable(_)));
        }
        let fault = DbError::from(sqlx::Error::RowNotFound);
        assert!(matches!(fault, DbError::Other(_)));
        assert!(!fault.is_constraint("app_user_email_key") && fault.sqlstate().is_none());
    }
}
