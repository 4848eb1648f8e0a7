//! Transactions that a disconnecting client cannot leave open, and that are run again after a
//! serialization failure or a deadlock.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use rand::RngExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Db, DbError, Isolation, LockName, LostRace};
use crate::chance;
use crate::timing;

/// Longest pause before the first repetition; each later one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// Longest pause before any repetition.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);
/// No repetition begins later than this after the first begin: the client waits.
const RETRY_TIME: Duration = Duration::from_secs(5);

/// What to do when a transaction loses against another one (40001, 40P01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The failure is returned.
    Never,
    /// Run the work again, at most this many times and for five seconds.
    Serialization(u32),
}

/// Whether a transaction is a write of the person whose request it is, which a replica may not have yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransactionEffect {
    /// It only reads.
    Reads,
    /// It may write.
    Writes,
}

/// An error after which the same work may succeed when it is run again.
pub trait Retryable {
    /// How the transaction lost against another one, if that is why it failed.
    fn lost_race(&self) -> Option<LostRace>;
}

impl Retryable for DbError {
    fn lost_race(&self) -> Option<LostRace> {
        match self {
            Self::Serialization(_) => {
                let code = self.sqlstate();
                let named = |race: &LostRace| Some(race.sqlstate()) == code.as_deref();
                Some(
                    LostRace::ALL
                        .into_iter()
                        .find(named)
                        .unwrap_or(LostRace::Serialization),
                )
            }
            _ => None,
        }
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
    transaction_under(db, Isolation::ReadCommitted, None, retry, work).await
}

/// [`transaction`] at another isolation, and under an advisory lock that is waited for with its begin: in one
/// message, so that the lock costs no round trip.
///
/// A loser is run again whole, as PostgreSQL asks for (13.5, "Serialization Failure Handling"),
/// after a random pause in which it holds no connection; the last failure is the caller's.
pub async fn transaction_under<T, E, F>(
    db: &Db,
    isolation: Isolation,
    lock: Option<LockName>,
    retry: Retry,
    work: F,
) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Retryable + Send + 'static,
{
    let start = AttemptStart {
        isolation,
        lock,
        effect: TransactionEffect::Writes,
    };
    transaction_of(db, start, retry, work).await
}

/// How each attempt of a transaction begins, and what it is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptStart {
    /// What it sees of others.
    pub(super) isolation: Isolation,
    /// The advisory lock under which it runs.
    pub(super) lock: Option<LockName>,
    /// Whether it writes.
    pub(super) effect: TransactionEffect,
}

impl AttemptStart {
    /// The statements with which it begins, as one message.
    fn statements(self, db: &Db) -> String {
        let mut begin = db.begin(self.isolation);
        if let Some(lock) = self.lock {
            begin.push_str("; ");
            begin.push_str(&lock.statement());
        }
        begin
    }
}

/// [`transaction_under`] that says what it does.
pub(super) async fn transaction_of<T, E, F>(
    db: &Db,
    start: AttemptStart,
    retry: Retry,
    work: F,
) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Retryable + Send + 'static,
{
    let db = db.clone();
    timing::shielded(async move {
        let begin = Instant::now();
        let most = match retry {
            Retry::Never => 0,
            Retry::Serialization(times) => times,
        };
        let mut lost = 0;
        loop {
            let failure = match attempt(&db, start, &work).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let Some(race) = failure.lost_race() else {
                return Err(failure);
            };
            let pause = pause(lost);
            if lost == most || begin.elapsed() + pause > RETRY_TIME {
                return Err(failure);
            }
            lost += 1;
            db.count_retry(race);
            tokio::time::sleep(pause).await;
        }
    })
    .await
}

/// A random pause after `lost` earlier losses: anything up to a limit that doubles, so that
/// those who met once do not meet again ("full jitter", AWS Architecture Blog, 2015).
fn pause(lost: u32) -> Duration {
    let limit = FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(lost))
        .min(LONGEST_PAUSE);
    limit.mul_f64(chance::rng().random())
}

async fn attempt<T, E, F>(db: &Db, start: AttemptStart, work: &F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<DbError> + Send,
{
    let mut conn = db.acquire().await?;
    timing::leased(false, false);
    // However it ends but by its commit.
    conn.set_keepable(false);
    // A lock that was not had in time leaves a transaction that has begun and failed.
    conn.set_closing(true);
    let begin = conn.begin_with(AssertSqlSafe(start.statements(db)));
    let mut open = timing::db(begin).await.map_err(DbError::from)?;
    match work(&mut open).await {
        Ok(value) => {
            let committed = timing::db(open.commit()).await;
            conn.set_closing(false);
            if start.effect == TransactionEffect::Writes {
                // Also where the answer was lost: it may have been carried out.
                db.note_write();
            }
            committed.map_err(DbError::from)?;
            conn.set_keepable(true);
            Ok(value)
        }
        Err(error) => {
            // The work's own error is returned: a rollback fails only on a dead connection.
            if let Err(failure) = timing::db(open.rollback()).await {
                tracing::warn!(error = %failure, "rollback failed");
            }
            conn.set_closing(false);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_never_beyond() {
        for lost in [0, 1, 5, 31, 32, u32::MAX] {
            let limit = FIRST_PAUSE
                .saturating_mul(2_u32.saturating_pow(lost))
                .min(LONGEST_PAUSE);
            for _ in 0..100 {
                assert!(pause(lost) <= limit, "{lost}");
            }
        }
        let longest = (0..1_000).map(|_| pause(9)).max().unwrap();
        assert!(longest > LONGEST_PAUSE / 2, "{longest:?}");
    }
}
