//! Transactions that a disconnecting client cannot leave half open.

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, PgConnection};

use super::{Db, DbError};
use crate::timing;

/// What to do when a transaction loses against another one (40001, 40P01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Tell the caller.
    Never,
    /// Run the work again, at most this many times.
    Serialization(u32),
}

/// An error that can tell whether the same work may succeed when it is run again.
pub trait Retryable {
    /// Whether the transaction lost against another one.
    fn lost_a_race(&self) -> bool;
}

impl Retryable for DbError {
    fn lost_a_race(&self) -> bool {
        matches!(self, Self::Serialization(_))
    }
}

/// Runs `work` in one transaction: committed when it returns `Ok`, rolled back when `Err`.
///
/// It runs in a task of its own. A begin that is dropped half-way puts a connection with an
/// open transaction back into the pool (sqlx 0.9.0), and the next borrower's writes vanish.
pub async fn transaction<T, E, F>(db: &Db, retry: Retry, work: F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Retryable + Send + 'static,
{
    let db = db.clone();
    timing::shielded(async move {
        let mut left = match retry {
            Retry::Never => 0,
            Retry::Serialization(times) => times,
        };
        loop {
            match attempt(&db, &work).await {
                Err(error) if left > 0 && error.lost_a_race() => left -= 1,
                outcome => return outcome,
            }
        }
    })
    .await
}

async fn attempt<T, E, F>(db: &Db, work: &F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<DbError> + Send,
{
    let mut conn = db.acquire().await?;
    let mut open = timing::db(conn.begin()).await.map_err(DbError::from)?;
    match work(&mut open).await {
        Ok(value) => {
            timing::db(open.commit()).await.map_err(DbError::from)?;
            Ok(value)
        }
        Err(error) => {
            // The work's own error says more than a rollback that fails on a dead connection.
            if let Err(failure) = timing::db(open.rollback()).await {
                tracing::warn!(error = %failure, "rollback failed");
            }
            Err(error)
        }
    }
}
