//! Connections that were just used, kept beside sqlx's pool for their next use.
//!
//! sqlx asks the server whether a connection still answers each time that one comes back, which is
//! a round trip a request and as much work for the server as a small statement. With
//! `pool.ping_on_release=off` one whose statements were all answered is kept here instead, unless
//! somebody waits for the pool. It stays one of the pool's, and counts as idle. After a second without
//! a user, or a minute away from the pool, it goes back there and is asked.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{
            AtomicBool, AtomicU32,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::{Duration, Instant},
};

use sqlx::{PgConnection, Postgres, pool::PoolConnection};

use super::connection_failures;
use crate::timing;

/// Longest time that one is kept unused; from then on `pool.idle_timeout` counts.
const LONGEST_IDLE: Duration = Duration::from_secs(1);
/// Longest time that one is away from the pool.
const LONGEST_AWAY: Duration = Duration::from_mins(1);

/// The connections of one pool that are kept, the latest last.
#[derive(Debug, Default)]
pub(super) struct IdleConnections {
    idle: Mutex<Vec<IdleConnection>>,
    /// Callers that wait for the pool itself.
    queued: AtomicU32,
    closed: AtomicBool,
}

/// One that is kept.
#[derive(Debug)]
struct IdleConnection {
    conn: PoolConnection<Postgres>,
    /// When it was taken out of the pool.
    away_since: Instant,
    /// When its last user gave it back.
    idle_since: Instant,
}

impl IdleConnections {
    /// None yet. A task gives back what nobody uses, as long as anything holds this.
    pub(super) fn new() -> Arc<Self> {
        let idle_connections = Arc::new(Self::default());
        tokio::spawn(give_back_idle(Arc::downgrade(&idle_connections)));
        idle_connections
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.lock().len()).unwrap_or(u32::MAX)
    }

    /// The one that was used last, and for how long nobody has used it.
    pub(super) fn take(self: &Arc<Self>) -> Option<(PooledConnection, Duration)> {
        let one = loop {
            let one = self.lock().pop()?;
            // Else it goes back to the pool, which closes it.
            if !connection_failures::may_have_stale_statements(one.away_since.elapsed()) {
                break one;
            }
        };
        let conn = PooledConnection {
            conn: Some(one.conn),
            idle_connections: Some(Arc::clone(self)),
            away_since: one.away_since,
            is_keepable: true,
            is_closing: false,
        };
        Some((conn, one.idle_since.elapsed()))
    }

    /// Notes a caller that waits for the pool, until the note is dropped. It has to look here once more
    /// before it waits: what came back before the note is not given to the pool for it.
    pub(super) fn wait_for_pool(&self) -> WaitForPool<'_> {
        self.queued.fetch_add(1, SeqCst);
        WaitForPool(&self.queued)
    }

    /// Keeps none from now on: the pool is being closed.
    pub(super) fn close(&self) {
        self.closed.store(true, SeqCst);
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }

    fn keep(&self, one: IdleConnection) {
        self.lock().push(one);
        // Only now: whoever waits for the pool, or closes it, said so first and then looked here.
        if self.queued.load(SeqCst) > 0 || self.closed.load(SeqCst) {
            let one = self.lock().pop();
            drop(one);
        }
    }

    fn take_unused(&self, now: Instant) -> Vec<IdleConnection> {
        let mut idle_connections = self.lock();
        // The latest is the last one, so those that nobody uses are the first.
        let used = idle_connections.partition_point(|one| now - one.idle_since >= LONGEST_IDLE);
        idle_connections.drain(..used).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<IdleConnection>> {
        // No code that can panic runs under this lock, so the list is whole even then.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last holder may be dropped outside of the runtime, which sqlx needs to take a connection back.
impl Drop for IdleConnections {
    fn drop(&mut self) {
        for one in self.lock().drain(..) {
            drop(one.conn.leak());
        }
    }
}

async fn give_back_idle(idle_connections: Weak<IdleConnections>) {
    loop {
        tokio::time::sleep(LONGEST_IDLE / 2).await;
        let Some(idle_connections) = idle_connections.upgrade() else {
            return;
        };
        let idle = idle_connections.take_unused(Instant::now());
        drop(idle);
    }
}

/// The note of a caller that waits for the pool.
pub(super) struct WaitForPool<'a>(&'a AtomicU32);

impl Drop for WaitForPool<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A connection of the pool, until dropped.
#[derive(Debug)]
pub(super) struct PooledConnection {
    conn: Option<PoolConnection<Postgres>>,
    /// Where it may be kept; `None` where sqlx has to see each one that comes back.
    idle_connections: Option<Arc<IdleConnections>>,
    away_since: Instant,
    is_keepable: bool,
    is_closing: bool,
}

impl PooledConnection {
    /// One that sqlx's pool has just given, and where it may be kept afterwards.
    pub(super) fn new(
        conn: PoolConnection<Postgres>,
        idle_connections: Option<&Arc<IdleConnections>>,
    ) -> Self {
        Self {
            conn: Some(conn),
            idle_connections: idle_connections.cloned(),
            away_since: Instant::now(),
            is_keepable: true,
            is_closing: false,
        }
    }

    /// Says whether it may be kept when it comes back. While a transaction may be open on it, or a check
    /// of it has no answer yet, sqlx has to see it.
    pub(super) fn set_keepable(&mut self, may_be: bool) {
        self.is_keepable = may_be;
    }

    /// Says whether it is closed when it comes back: nobody knows what an unanswered or failed begin has
    /// left, and the next transaction would become part of it.
    pub(super) fn set_closing(&mut self, is: bool) {
        self.is_closing = is;
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else {
            return;
        };
        if self.is_closing {
            conn.close_on_drop();
            return;
        }
        let Some(idle_connections) = &self.idle_connections else {
            return;
        };
        // A statement that failed may have lost the connection, one that was not waited for has an answer to
        // come, a loss while it was away may have taken it along, and what it has prepared may be of no use any more.
        let away = self.away_since.elapsed();
        if self.is_keepable
            && timing::statements_answered()
            && away < LONGEST_AWAY
            && !connection_failures::may_have_taken(away)
            && !connection_failures::may_have_stale_statements(away)
        {
            idle_connections.keep(IdleConnection {
                conn,
                away_since: self.away_since,
                idle_since: Instant::now(),
            });
        }
    }
}

impl Deref for PooledConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.conn.as_ref().expect("it is there until the drop")
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn.as_mut().expect("it is there until the drop")
    }
}
