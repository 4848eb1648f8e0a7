//! Errors of `tokio-postgres` as those of sqlx, so that one place says what a failed statement means.

use std::{borrow::Cow, error::Error, fmt, io};

use sqlx::error::{DatabaseError, ErrorKind};

/// What the server said, or that it said nothing any more.
pub(super) fn as_sqlx(error: tokio_postgres::Error) -> sqlx::Error {
    if error.as_db_error().is_some() {
        return sqlx::Error::Database(Box::new(ServerError(error)));
    }
    let is_lost = error.is_closed() || error.source().is_some_and(<dyn Error>::is::<io::Error>);
    if is_lost {
        sqlx::Error::Io(io::Error::other(error))
    } else {
        sqlx::Error::Decode(Box::new(error))
    }
}

/// An error that the server sent.
#[derive(Debug)]
pub(super) struct ServerError(tokio_postgres::Error);

impl ServerError {
    fn said(&self) -> &tokio_postgres::error::DbError {
        self.0.as_db_error().expect("it is made of nothing else")
    }

    /// The routine of PostgreSQL that reports it.
    pub(super) fn routine(&self) -> Option<&str> {
        self.said().routine()
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said().message())
    }
}

impl Error for ServerError {}

impl DatabaseError for ServerError {
    fn message(&self) -> &str {
        self.said().message()
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.said().code().code().into())
    }

    fn constraint(&self) -> Option<&str> {
        self.said().constraint()
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

    /// Only reads come here, and no constraint refuses them.
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
