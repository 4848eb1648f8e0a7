//! Changes of what is cached: one transaction, and the invalidation after it.

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::Engine;
use crate::{
    cache::TouchedGroups,
    db::{self, DbError, Isolation, LockName, Retry, Retryable},
};

impl Engine {
    /// Runs `work` in one transaction, then invalidates the groups that it noted, however the
    /// transaction ended: where the answer to the commit was lost, it may have been carried out.
    ///
    /// `work` notes groups once it is about to return `Ok`, so that a refusal invalidates nothing.
    /// To be called inside of shielded work, or a client that goes away leaves stale values.
    pub async fn change<T, E, F>(&self, isolation: Isolation, retry: Retry, work: F) -> Result<T, E>
    where
        F: for<'c> Fn(&'c mut PgConnection, TouchedGroups) -> BoxFuture<'c, Result<T, E>>
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
        E: From<DbError> + Retryable + Send + 'static,
    {
        self.change_under(isolation, None, retry, work).await
    }

    /// [`change`](Self::change) under an advisory lock, which costs no round trip of its own.
    pub async fn change_under<T, E, F>(
        &self,
        isolation: Isolation,
        lock: Option<LockName>,
        retry: Retry,
        work: F,
    ) -> Result<T, E>
    where
        F: for<'c> Fn(&'c mut PgConnection, TouchedGroups) -> BoxFuture<'c, Result<T, E>>
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
        E: From<DbError> + Retryable + Send + 'static,
    {
        let touched = TouchedGroups::default();
        let noted = touched.clone();
        let outcome = db::transaction_under(&self.db, isolation, lock, retry, move |conn| {
            work(conn, noted.clone())
        })
        .await;
        touched.invalidate(&self.caches).await;
        outcome
    }
}
