//! The database as requests see it: the pool to the primary with its figures, and the other ways to the data.

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
    profile::{Checkout, Driver, Profile, RowSecurity, SwitchReading, Via},
    snapshot::PoolSnapshot,
};
use sqlx::{PgPool, postgres::PgConnectOptions};

use super::{
    DbError, Isolation, LostRace,
    connection_pool::ConnectionPool,
    counted::Counted,
    idle_connections::PooledConnection,
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
    pool: ConnectionPool,
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

/// Where the database is. Not to be printed: the address contains a password.
#[derive(Clone)]
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
    let pool = ConnectionPool::new(options, profile, !cached);
    let reads = match &addresses.replica {
        Some(replica) if profile.db_reads.uses_replica() => {
            Some(ReplicaReads::open(replica.clone(), profile).await?)
        }
        _ => None,
    };
    let db = Db {
        pool,
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
    db.pool
        .warm(profile.pool_min.get().clamp(1, profile.pool_max.get()))
        .await?;
    Ok(db)
}

impl Db {
    /// The pool itself, for looking at it: statements of requests go through a session or a
    /// transaction, which begin as the way to the server needs it.
    pub fn pool(&self) -> &PgPool {
        self.pool.sqlx()
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
    pub(super) fn pipeline(&self) -> Option<&Pipeline> {
        self.pipeline.as_deref()
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
        let pipeline = async {
            if let Some(pipeline) = &self.pipeline {
                pipeline.close().await;
            }
        };
        tokio::join!(self.pool.close(), reads, pipeline);
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
        let mut readings = self.pool.readings();
        if let Some(reads) = &self.reads {
            for (reading, of_replica) in readings.iter_mut().zip(reads.readings()) {
                if reading.value != of_replica.value {
                    reading.value =
                        format!("{}, to the replica {}", reading.value, of_replica.value);
                }
            }
        }
        readings.extend([
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
        ]);
        readings
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
        let pool = self.pool();
        PoolSnapshot {
            max: pool.options().get_max_connections(),
            size: pool.size(),
            idle: self.pool.idle(),
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
        let waiting = Counted::enter(&self.counters.waiters);
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
}
