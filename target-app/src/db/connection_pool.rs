//! A pool of connections to one server as the `pool.` switches want it: sqlx's, and what is kept beside it.

use std::sync::Arc;

use shared::{
    profile::{OnOff, Profile, SwitchReading},
    time::Millis,
};
use sqlx::{Connection as _, PgPool, postgres::PgConnectOptions};

use super::{
    DbError, connection_failures,
    idle_connections::{IdleConnections, PooledConnection},
    settings,
};

/// Connections to one server; clones share them.
#[derive(Debug, Clone)]
pub(super) struct ConnectionPool {
    sqlx: PgPool,
    /// What is kept beside it; `None` where each connection is checked when it comes back.
    idle_connections: Option<Arc<IdleConnections>>,
    /// Whether a connection without a statement cache drops its statements now and then.
    drops_statements: bool,
}

impl ConnectionPool {
    /// A pool with the options of the profile and no connection yet.
    pub(super) fn new(server: PgConnectOptions, profile: &Profile, drops_statements: bool) -> Self {
        Self {
            sqlx: settings::pool(profile, drops_statements).connect_lazy_with(server),
            idle_connections: (!profile.pool_ping_on_release.is_on()).then(IdleConnections::new),
            drops_statements,
        }
    }

    /// The pool of sqlx.
    pub(super) const fn sqlx(&self) -> &PgPool {
        &self.sqlx
    }

    /// The `pool.` switches as it has them.
    pub(super) fn readings(&self) -> Vec<SwitchReading> {
        let options = self.sqlx.options();
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
        ]
    }

    /// How many connections nobody uses.
    pub(super) fn idle(&self) -> u32 {
        let kept = self.idle_connections.as_ref();
        u32::try_from(self.sqlx.num_idle())
            .unwrap_or(u32::MAX)
            .saturating_add(kept.map_or(0, |idle_connections| idle_connections.count()))
    }

    /// A connection that was kept, or one of the pool.
    pub(super) async fn acquire(&self) -> Result<PooledConnection, sqlx::Error> {
        let Some(idle_connections) = &self.idle_connections else {
            return Ok(PooledConnection::new(self.sqlx.acquire().await?, None));
        };
        if let Some(conn) = self.take_idle(idle_connections).await? {
            return Ok(conn);
        }
        let _wait = idle_connections.wait_for_pool();
        if let Some(conn) = self.take_idle(idle_connections).await? {
            return Ok(conn);
        }
        let conn = self.sqlx.acquire().await?;
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
        let options = self.sqlx.options();
        let pings = options.get_test_before_acquire();
        let limit = options.get_acquire_timeout();
        while let Some((mut conn, idle)) = idle_connections.take() {
            let is_doubted = pings || connection_failures::may_have_taken(idle);
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
    pub(super) async fn warm(&self, count: u32) -> Result<(), DbError> {
        let all = (0..count).map(|_| self.sqlx.acquire());
        for opened in futures_util::future::join_all(all).await {
            opened?;
        }
        Ok(())
    }

    /// Closes it; returns when all of its connections are back.
    pub(super) async fn close(&self) {
        // It is closed from here on.
        let closed = self.sqlx.close();
        if let Some(idle_connections) = &self.idle_connections {
            idle_connections.close();
        }
        closed.await;
    }
}
