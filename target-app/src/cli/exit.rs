//! From a failure to one clear line and an exit code.

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use shared::text;

use crate::{
    app::StartError,
    config::ConfigError,
    db::{DbError, database::DatabaseError},
    engine::EngineError,
    seed::SeedError,
};

/// Something is wrong in here.
const INTERNAL: u8 = 1;
/// Something is wrong with what was asked, or with what it needs.
const USAGE: u8 = 2;
/// The audit found a violation.
const VIOLATION: u8 = 98;

/// Why a command ended early.
#[derive(Debug)]
pub struct Exit {
    /// The process's exit code.
    pub code: u8,
    /// One line: what, where, what would be right.
    pub message: String,
}

impl Exit {
    /// A fault of ours.
    pub fn internal(error: &dyn Error) -> Self {
        Self::new(INTERNAL, one_line(error))
    }

    /// Something wrong with what was asked.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message.into())
    }

    /// Prints it on standard error.
    pub fn print(&self) -> ExitCode {
        let _closed = writeln!(io::stderr(), "error: {}", text::escaped(&self.message));
        ExitCode::from(self.code)
    }

    /// The audit found so many violations.
    pub fn violations(count: u64) -> Self {
        Self::new(VIOLATION, format!("the audit found {count} violations"))
    }

    /// A database that cannot be worked on: which, why, and what would be right.
    pub fn database(place: &str, error: &dyn Error) -> Self {
        Self::usage(format!(
            "the database at {place} cannot be used: {}; check --database-url or DATABASE_URL",
            one_line(error)
        ))
    }

    /// What the start of the server said.
    pub fn start(place: &str, error: &StartError) -> Self {
        match error {
            StartError::Engine(EngineError::Db(reason)) => Self::db(place, reason),
            StartError::Engine(EngineError::Hash(_)) => Self::internal(error),
            StartError::Engine(EngineError::Schema(why)) => {
                Self::usage(format!("the database at {place} is not ready: {why}"))
            }
            StartError::Engine(EngineError::Refused(_) | EngineError::Redis(_))
            | StartError::Bind { .. }
            | StartError::Feature(_) => Self::usage(one_line(error)),
        }
    }

    /// What seeding said.
    pub fn seed(place: &str, error: &SeedError) -> Self {
        match error {
            SeedError::Db(reason) | SeedError::Database(DatabaseError::Db(reason)) => {
                Self::db(place, reason)
            }
            SeedError::Hash(_) => Self::internal(error),
            _ => Self::usage(one_line(error)),
        }
    }

    fn db(place: &str, reason: &DbError) -> Self {
        match reason {
            DbError::Constraint { .. } | DbError::Serialization(_) => Self::internal(reason),
            DbError::PoolTimeout
            | DbError::RecoveryConflict(_)
            | DbError::StatementTimeout(_)
            | DbError::Unavailable(_)
            | DbError::NoSpace(_)
            | DbError::ReadOnly(_)
            | DbError::StaleStatement(_)
            | DbError::Other(_) => Self::database(place, reason),
        }
    }

    fn new(code: u8, message: String) -> Self {
        Self { code, message }
    }
}

impl From<ConfigError> for Exit {
    fn from(error: ConfigError) -> Self {
        Self::usage(one_line(&error))
    }
}

/// An error and its causes on one line.
fn one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some libraries repeat their cause in their own message.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_does_not_answer_is_named_in_one_line_with_its_place() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = DbError::from(sqlx::Error::Io(refused));
        let exit = Exit::start("127.0.0.1:1/x", &StartError::Engine(error.into()));
        assert_eq!(exit.code, 2);
        for part in ["127.0.0.1:1/x", "refused", "--database-url"] {
            assert!(exit.message.contains(part), "{}", exit.message);
        }
        assert!(!exit.message.contains('\n'));
    }
}
