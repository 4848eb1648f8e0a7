//! The pool of connections, and its figures.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use shared::{
    profile::{Checkout, Driver, OnOff, Profile, RowSecurity, SwitchReading, Via},
    snapshot::PoolSnapshot,
    time::Millis,
};
use sqlx::{Connection as _, PgPool, postgres::PgConnectOptions};

use super::{
    DbError, Isolation, LostRace,
    idle_connections::{IdleConnections, PooledConnection},
    lost_connections,
    pipeline::Pipeline,
    pooler::{Pooler, PoolerSettings, TransactionStart},
    replica::{Replica, ReplicaReads},
    round_trip::DelayedRoute,
    settings,
};
use crate::timing;

/// Figures of all pools since the process started; they outlive the engine.
#[derive(Debug, Default)]
pub struct PoolCounters {
    waiters: AtomicU32,
    acquires: AtomicU64,
    wait_us: AtomicU64,
    timeouts: AtomicU64,
    serialization_failures: AtomicU64,
    deadlocks: AtomicU64,
}

impl PoolCounters {
    const fn retries(&self, race: LostRace) -> &AtomicU64 {
        match race {
            LostRace::Serialization => &self.serialization_failures,
            LostRace::Deadlock => &self.deadlocks,
        }
    }
}

/// The database as a request sees it; clones share the pool.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    /// What is kept beside it; `None` where each connection is checked when it comes back.
    idle_connections: Option<Arc<IdleConnections>>,
    /// Whether a connection without a statement cache drops its statements now and then.
    drops_statements: bool,
    checkout: Checkout,
    secured: RowSecurity,
    /// The way to the server, where it is longer than it has to be.
    route: Option<Arc<DelayedRoute>>,
    counters: Arc<PoolCounters>,
    /// Shared, because each session clones all of this, and its address is a dozen strings.
    pooler: Option<Arc<Pooler>>,
    start: Arc<TransactionStart>,
    /// The replica that is configured, whether or not reads go to it.
    replica: Option<Replica>,
    reads: Option<ReplicaReads>,
    /// Connections for reads by key; `None` where they go over the pool.
    pipeline: Option<Arc<Pipeline>>,
}

/// Where the database is.
#[derive(Debug, Clone)]
pub struct DbAddresses<'a> {
    /// URL of PostgreSQL.
    pub direct: &'a str,
    /// PgBouncer, and what it says of itself; `None` where none is configured.
    pub pooler: Option<(Pooler, PoolerSettings)>,
    /// A replica of it; `None` where none is configured.
    pub replica: Option<Replica>,
}

/// Opens a pool with the options of the profile and `pool.min` connections; through PgBouncer where
/// the profile says so and there is one.
pub async fn open(
    addresses: DbAddresses<'_>,
    profile: &Profile,
    counters: Arc<PoolCounters>,
) -> Result<Db, DbError> {
    let (server, start) = match (&addresses.pooler, profile.db_via) {
        (Some((pooler, known)), Via::Pgbouncer) => {
            (pooler.options(), TransactionStart::pooled(profile, known))
        }
        _ => (
            PgConnectOptions::from_str(addresses.direct)?,
            TransactionStart::direct(),
        ),
    };
    let route = DelayedRoute::open(&server, profile.db_round_trip.get().duration()).await?;
    let server = match &route {
        Some(route) => route.instead_of(server),
        None => server,
    };
    let options = settings::connection(server, profile);
    let pipeline = Pipeline::open(&options, profile).await?;
    // Through a pooler without prepared statements, each transaction drops what it finds.
    let cached = profile.db_statement_cache.is_on() || start.drops_statements();
    let pool = settings::pool(profile, !cached).connect_lazy_with(options);
    let reads = match &addresses.replica {
        Some(replica) if profile.db_reads.uses_replica() => {
            Some(ReplicaReads::open(replica.clone(), profile).await?)
        }
        _ => None,
    };
    let db = Db {
        pool,
        idle_connections: (!profile.pool_ping_on_release.is_on()).then(IdleConnections::new),
        drops_statements: !cached,
        checkout: profile.pool_checkout,
        secured: profile.db_rls,
        route: route.map(Arc::new),
        counters,
        pooler: addresses.pooler.map(|(pooler, _)| Arc::new(pooler)),
        start: Arc::new(start),
        replica: addresses.replica,
        reads,
        pipeline: pipeline.map(Arc::new),
    };
    db.warm(profile.pool_min.get().clamp(1, profile.pool_max.get()))
        .await?;
    Ok(db)
}

impl Db {
    /// The pool itself, for looking at it: statements of requests go through a session or a
    /// transaction, which begin as the way to the server needs it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How long a session keeps a connection.
    pub(super) const fn checkout(&self) -> Checkout {
        self.checkout
    }

    /// The pooler that is configured, whether or not the pool goes through it.
    pub fn pooler(&self) -> Option<&Pooler> {
        self.pooler.as_deref()
    }

    /// The replica that is configured, whether or not reads go to it.
    pub fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// Where reads go that may be a little old; `None` where that is the primary.
    pub(super) const fn reads(&self) -> Option<&ReplicaReads> {
        self.reads.as_ref()
    }

    /// Connections for reads by key; `None` where they go over the pool.
    pub(super) fn pipeline(&self) -> Option<&Arc<Pipeline>> {
        self.pipeline.as_ref()
    }

    /// Whether it matters to reads who has just written.
    pub fn distinguishes_writers(&self) -> bool {
        let reads = self.reads.as_ref();
        reads.is_some_and(ReplicaReads::distinguishes_writers)
    }

    /// Remembers that the person of the current request has just written, or may have. Commits do so by
    /// themselves; this is for a write that somebody else has committed.
    pub fn note_write(&self) {
        if let Some(replica) = &self.replica {
            replica.note_write();
        }
    }

    /// Closes its pools, once their connections are back.
    pub async fn close(&self) {
        let reads = async {
            if let Some(reads) = &self.reads {
                reads.close().await;
            }
        };
        // It is closed from here on, and ends when all connections are back.
        let pool = self.pool.close();
        if let Some(idle_connections) = &self.idle_connections {
            idle_connections.close();
        }
        let pipeline = async {
            if let Some(pipeline) = &self.pipeline {
                pipeline.close().await;
            }
        };
        tokio::join!(pool, reads, pipeline);
    }

    /// The statements with which a transaction begins.
    pub(super) fn begin(&self, isolation: Isolation) -> String {
        self.start.begin(isolation)
    }

    /// How leases begin.
    pub(super) fn start(&self) -> &TransactionStart {
        &self.start
    }

    /// The `pool.` switches as the pool itself has them, `db.driver`, and `db.round_trip` as its route has it.
    pub fn readings(&self) -> Vec<SwitchReading> {
        let options = self.pool.options();
        let idle_timeout = options
            .get_idle_timeout()
            .map_or_else(|| "none".to_owned(), |idle| Millis::from(idle).to_string());
        vec![
            SwitchReading::new("pool.max", options.get_max_connections()),
            SwitchReading::new("pool.min", options.get_min_connections()),
            SwitchReading::new(
                "pool.acquire_timeout",
                Millis::from(options.get_acquire_timeout()),
            ),
            SwitchReading::new("pool.idle_timeout", idle_timeout),
            SwitchReading::new(
                "pool.ping_on_acquire",
                OnOff::from(options.get_test_before_acquire()),
            ),
            SwitchReading::new(
                "pool.ping_on_release",
                OnOff::from(self.idle_connections.is_none()),
            ),
            SwitchReading::new("pool.checkout", self.checkout),
            SwitchReading::new(
                "db.driver",
                self.pipeline
                    .as_ref()
                    .map_or(Driver::Pooled, |pipeline| pipeline.driver()),
            ),
            SwitchReading::new(
                "db.round_trip",
                format!("{}ms", self.round_trip().as_millis()),
            ),
        ]
    }

    /// How much later than it could every message reaches the server.
    fn round_trip(&self) -> Duration {
        let route = self.route.as_ref();
        route.map_or(Duration::ZERO, |route| route.latency())
    }

    /// Whether statements of a person run under row-level security.
    pub(super) const fn is_secured(&self) -> bool {
        self.secured.is_on()
    }

    /// Figures of the pool.
    pub fn snapshot(&self) -> PoolSnapshot {
        PoolSnapshot {
            max: self.pool.options().get_max_connections(),
            size: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle())
                .unwrap_or(u32::MAX)
                .saturating_add(
                    self.idle_connections
                        .as_ref()
                        .map_or(0, |idle_connections| idle_connections.count()),
                ),
            waiters: self.counters.waiters.load(Relaxed),
            acquires: self.counters.acquires.load(Relaxed),
            wait_us: self.counters.wait_us.load(Relaxed),
            timeouts: self.counters.timeouts.load(Relaxed),
        }
    }

    /// Transactions that were run again, by the SQLSTATE they had lost with.
    pub fn retries(&self) -> BTreeMap<String, u64> {
        LostRace::ALL
            .into_iter()
            .map(|race| {
                let times = self.counters.retries(race).load(Relaxed);
                (race.sqlstate().to_owned(), times)
            })
            .collect()
    }

    /// Counts a transaction that is run again.
    pub(super) fn count_retry(&self, race: LostRace) {
        self.counters.retries(race).fetch_add(1, Relaxed);
    }

    /// Takes a connection out of the pool, and counts what that cost.
    pub(super) async fn acquire(&self) -> Result<PooledConnection, DbError> {
        let begin = Instant::now();
        let waiting = Waiting::enter(&self.counters.waiters);
        let outcome = self.take().await;
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

    /// A connection that was kept, or one of the pool.
    async fn take(&self) -> Result<PooledConnection, sqlx::Error> {
        let Some(idle_connections) = &self.idle_connections else {
            return Ok(PooledConnection::new(self.pool.acquire().await?, None));
        };
        if let Some(conn) = self.take_idle(idle_connections).await? {
            return Ok(conn);
        }
        let _wait = idle_connections.wait_for_pool();
        if let Some(conn) = self.take_idle(idle_connections).await? {
            return Ok(conn);
        }
        let conn = self.pool.acquire().await?;
        Ok(PooledConnection::new(conn, Some(idle_connections)))
    }

    /// The latest connection that was kept and still answers, as the switches want it.
    ///
    /// # Errors
    ///
    /// Where one gives no answer within `pool.acquire_timeout`, as when the pool itself asks.
    async fn take_idle(
        &self,
        idle_connections: &Arc<IdleConnections>,
    ) -> Result<Option<PooledConnection>, sqlx::Error> {
        let options = self.pool.options();
        let pings = options.get_test_before_acquire();
        let limit = options.get_acquire_timeout();
        while let Some((mut conn, idle)) = idle_connections.take() {
            let is_doubted = pings || lost_connections::may_have_taken(idle);
            if !is_doubted && !self.drops_statements {
                return Ok(Some(conn));
            }
            // Given back half-way, or without an answer, it is for the pool to judge.
            conn.set_keepable(false);
            match tokio::time::timeout(limit, self.checked(&mut conn, is_doubted)).await {
                Ok(Ok(())) => {
                    conn.set_keepable(true);
                    return Ok(Some(conn));
                }
                Ok(Err(error)) => {
                    // Notes the loss, too, so that the others are asked.
                    let error = DbError::from(error);
                    tracing::info!(%error, "a connection was lost since its last use");
                }
                Err(_late) => {
                    // The pool would ask it again, and wait as long as the system lets it.
                    conn.set_closing(true);
                    return Err(sqlx::Error::PoolTimedOut);
                }
            }
        }
        Ok(None)
    }

    /// Asks a connection that was kept whether it answers, where that is doubted, and drops its statements
    /// now and then where it is to keep none.
    async fn checked(
        &self,
        conn: &mut PooledConnection,
        is_doubted: bool,
    ) -> Result<(), sqlx::Error> {
        if is_doubted {
            conn.ping().await?;
        }
        if self.drops_statements {
            settings::deallocate_statements(conn).await?;
        }
        Ok(())
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

/// Counts a caller as waiting until dropped, also one that is cancelled.
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
