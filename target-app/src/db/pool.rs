//! The pool, and the two ways in which a request can hold a connection.

use std::{
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use shared::{
    profile::{Checkout, Profile},
    snapshot::PoolSnapshot,
};
use sqlx::{
    ConnectOptions as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::DbError;
use crate::timing;

/// Longest statement of a request; a runaway query must not hold a connection for good.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest pause inside a transaction before the server ends it.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(1);

/// Figures of all pools since the process started; an exchange of the engine keeps them.
#[derive(Debug, Default)]
pub struct PoolCounters {
    waiters: AtomicU32,
    acquires: AtomicU64,
    wait_us: AtomicU64,
    timeouts: AtomicU64,
}

/// The database as a request sees it; clones share the pool.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    checkout: Checkout,
    counters: Arc<PoolCounters>,
}

/// Opens a pool as the profile wants it and warms `pool.min` connections.
pub async fn open(
    url: &str,
    profile: &Profile,
    counters: Arc<PoolCounters>,
) -> Result<Db, DbError> {
    let settings = [
        ("statement_timeout", STATEMENT_TIMEOUT),
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION_TIMEOUT,
        ),
    ]
    .map(|(name, limit)| (name, limit.as_millis().to_string()));
    // The driver logs no statement: at a thousand a second the log would be the load.
    let options = PgConnectOptions::from_str(url)?
        .application_name("target-app")
        .options(settings)
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(profile.pool_max.get())
        // Above the maximum it is kept as asked for; the pool stops at the maximum by itself.
        .min_connections(profile.pool_min.get())
        .acquire_timeout(profile.pool_acquire_timeout.duration())
        .idle_timeout(profile.pool_idle_timeout.duration())
        .max_lifetime(None)
        .test_before_acquire(profile.pool_ping.is_on())
        .connect_lazy_with(options);
    let db = Db {
        pool,
        checkout: profile.pool_checkout,
        counters,
    };
    db.warm(profile.pool_min.get().clamp(1, profile.pool_max.get()))
        .await?;
    Ok(db)
}

impl Db {
    /// A request's way to the database; takes no connection yet.
    pub fn session(&self) -> Session {
        Session {
            db: self.clone(),
            kept: None,
        }
    }

    /// The pool itself, for work that is no request.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What the pool says of itself.
    pub fn snapshot(&self) -> PoolSnapshot {
        PoolSnapshot {
            max: self.pool.options().get_max_connections(),
            size: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
            waiters: self.counters.waiters.load(Relaxed),
            acquires: self.counters.acquires.load(Relaxed),
            wait_us: self.counters.wait_us.load(Relaxed),
            timeouts: self.counters.timeouts.load(Relaxed),
        }
    }

    /// Takes a connection out of the pool, and counts what that cost.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Postgres>, DbError> {
        let begin = Instant::now();
        let waiting = Waiting::enter(&self.counters.waiters);
        let outcome = self.pool.acquire().await;
        drop(waiting);
        let elapsed = begin.elapsed();
        timing::pool_wait(elapsed);
        self.counters.acquires.fetch_add(1, Relaxed);
        let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.counters.wait_us.fetch_add(us, Relaxed);
        outcome.map_err(|error| {
            if matches!(error, sqlx::Error::PoolTimedOut) {
                self.counters.timeouts.fetch_add(1, Relaxed);
            }
            error.into()
        })
    }

    /// Opens `count` connections, so that the first requests find them.
    async fn warm(&self, count: u32) -> Result<(), DbError> {
        let all = (0..count).map(|_| self.pool.acquire());
        for opened in futures_util::future::join_all(all).await {
            opened?;
        }
        Ok(())
    }
}

/// Counts a caller as waiting, also one that gives up.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn enter(waiters: &'a AtomicU32) -> Self {
        waiters.fetch_add(1, Relaxed);
        Self(waiters)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// One request's use of the database.
///
/// `pool.checkout` decides what [`conn`](Self::conn) does: `per_query` takes a connection
/// for each statement, `per_request` keeps the first one until the session ends.
pub struct Session {
    db: Db,
    kept: Option<PoolConnection<Postgres>>,
}

impl Session {
    /// A connection for the next statement.
    pub async fn conn(&mut self) -> Result<Lease<'_>, DbError> {
        match self.db.checkout {
            Checkout::PerQuery => Ok(Lease(Held::Own(self.db.acquire().await?))),
            Checkout::PerRequest => {
                if self.kept.is_none() {
                    self.kept = Some(self.db.acquire().await?);
                }
                let kept = self.kept.as_mut().expect("it was put there above");
                Ok(Lease(Held::Kept(kept)))
            }
        }
    }
}

/// A connection on loan.
pub struct Lease<'a>(Held<'a>);

enum Held<'a> {
    Own(PoolConnection<Postgres>),
    Kept(&'a mut PoolConnection<Postgres>),
}

impl Deref for Lease<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match &self.0 {
            Held::Own(conn) => conn,
            Held::Kept(conn) => conn,
        }
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut self.0 {
            Held::Own(conn) => conn,
            Held::Kept(conn) => conn,
        }
    }
}
