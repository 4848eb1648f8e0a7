//! The pool of connections to the replica, and the choice between it and the primary.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::profile::{Profile, ReadSource, SwitchReading};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Replica, standing::ReadRoute};
use crate::{
    db::{
        DbError, connection_pool::ConnectionPool, idle_connections::PooledConnection,
        round_trip::DelayedRoute, settings,
    },
    timing,
};

/// Longest wait for the replica where only its state is asked for.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// Where the reads of one engine go that may be a little old.
#[derive(Debug, Clone)]
pub(in crate::db) struct ReplicaReads {
    replica: Replica,
    source: ReadSource,
    pool: ConnectionPool,
    /// The way to the replica is as long as that to the primary; it ends with the last clone.
    _route: Option<Arc<DelayedRoute>>,
}

impl ReplicaReads {
    /// Opens a pool with the options of the profile, once the replica has what is committed by now.
    pub(in crate::db) async fn open(replica: Replica, profile: &Profile) -> Result<Self, DbError> {
        let server = replica.options();
        let route = DelayedRoute::open(&server, profile.db_round_trip.get().duration()).await?;
        let server = match &route {
            Some(route) => route.instead_of(server),
            None => server,
        };
        replica.catch_up().await?;
        let drops_statements = !profile.db_statement_cache.is_on();
        let server = settings::own_connection(server, profile);
        let pool = ConnectionPool::new(server, profile, drops_statements);
        let reads = Self {
            replica,
            source: profile.db_reads,
            pool,
            _route: route.map(Arc::new),
        };
        // Without the replica, none.
        if reads.replica.standing().is_usable() {
            let count = profile.pool_min.get().min(profile.pool_max.get());
            if let Err(error) = reads.pool.warm(count).await {
                tracing::warn!(%error, "a connection to the replica was not opened");
            }
        }
        Ok(reads)
    }

    /// Whether it matters who has just written.
    pub(in crate::db) fn distinguishes_writers(&self) -> bool {
        self.source == ReadSource::ReplicaOwnWrites
    }

    /// A connection to the replica; `None` where this read has to go to the primary. A replica that is
    /// away costs no time, and one that is lost only until that is seen.
    pub(in crate::db) async fn acquire(&self) -> Option<PooledConnection> {
        let standing = self.replica.standing();
        if self.distinguishes_writers() && !standing.has_writes_of(timing::person()) {
            standing.count(ReadRoute::OwnWrites);
            return None;
        }
        let conn = if standing.is_usable() && !timing::insists_on_primary() {
            let begin = Instant::now();
            let conn = tokio::select! {
                conn = self.pool.acquire() => conn.ok(),
                () = standing.lost() => None,
            };
            timing::pool_wait(begin.elapsed());
            conn
        } else {
            None
        };
        standing.count(match conn {
            Some(_) => ReadRoute::Replica,
            None => ReadRoute::Fallback,
        });
        conn
    }

    /// Where reads go now: to the primary while the replica is away, or where the pool leads to a
    /// server that follows no other.
    pub(in crate::db) async fn in_force(&self) -> ReadSource {
        if !self.replica.standing().is_usable() {
            return ReadSource::Primary;
        }
        let options = self.pool.sqlx().connect_options();
        let asked = async {
            let mut conn = options.connect().await?;
            let follows: bool = sqlx::query_scalar("select pg_is_in_recovery()")
                .fetch_one(&mut conn)
                .await?;
            conn.close().await?;
            Ok::<_, sqlx::Error>(follows)
        };
        match tokio::time::timeout(ANSWER_LIMIT, asked).await {
            Ok(Ok(true)) => self.source,
            Ok(Ok(false)) => ReadSource::Primary,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the replica does not answer");
                ReadSource::Primary
            }
            Err(_) => {
                tracing::warn!("the replica does not answer in time");
                ReadSource::Primary
            }
        }
    }

    /// The `pool.` switches as its pool has them.
    pub(in crate::db) fn readings(&self) -> Vec<SwitchReading> {
        self.pool.readings()
    }

    /// Closes the pool, once its connections are back.
    pub(in crate::db) async fn close(&self) {
        self.pool.close().await;
    }
}
