//! The two ways in which a request can hold a connection, for reading and for writing.
//!
//! Through PgBouncer a statement outside of a transaction may be prepared on one server connection
//! and executed on another. There a lease is a transaction; on connections of their own each
//! statement is one by itself.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use shared::profile::Checkout;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, SqlSafeStr as _};
use sqlx_core::transaction::TransactionManager as _;

use super::{Db, DbError, idle_connections::PooledConnection, pipeline::Pipeline};
use crate::timing;

type Transactions = <Postgres as sqlx::Database>::TransactionManager;

impl Db {
    /// A session for one request, on the primary; takes no connection yet.
    pub fn session(&self) -> DbSession {
        DbSession {
            db: self.clone(),
            kept: None,
            kept_of_replica: false,
            may_be_old: false,
        }
    }

    /// A session for reads that may be a little old, and of which nothing is decided: they go where
    /// `db.reads` says.
    pub fn reader(&self) -> DbSession {
        DbSession {
            may_be_old: self.reads().is_some(),
            ..self.session()
        }
    }
}

/// One request's use of the database.
///
/// `pool.checkout` decides what a lease does: `per_query` takes a connection for each, `per_request`
/// keeps the first one until the session ends.
pub struct DbSession {
    db: Db,
    kept: Option<PooledConnection>,
    /// Whether that one leads to the replica.
    kept_of_replica: bool,
    /// Whether its reads may go to the replica.
    may_be_old: bool,
}

impl DbSession {
    /// Whether statements of a person run under row-level security.
    pub(super) const fn is_secured(&self) -> bool {
        self.db.is_secured()
    }

    /// Whether its reads may be answered by a replica, and so be old.
    pub const fn may_be_old(&self) -> bool {
        self.may_be_old
    }

    /// Lets the rest of it read from the primary; returns whether it may have been answered by a
    /// replica before.
    pub fn insist_on_primary(&mut self) -> bool {
        if self.kept_of_replica {
            self.release();
        }
        std::mem::take(&mut self.may_be_old)
    }

    /// The database.
    pub(super) const fn db(&self) -> &Db {
        &self.db
    }

    /// Gives a connection that was kept for later statements back to the pool.
    pub(super) fn release(&mut self) {
        self.kept = None;
        self.kept_of_replica = false;
    }

    /// Connections for a read by key, where the profile has such ones and the read is one for the primary.
    pub fn pipeline(&self) -> Option<&Pipeline> {
        self.db.pipeline().filter(|_| !self.may_be_old)
    }

    /// A connection for the next statements, which only read: a write is refused by PostgreSQL where
    /// the lease is a transaction.
    pub async fn conn(&mut self) -> Result<Lease<'_>, DbError> {
        let of_replica = match (self.db.reads(), &self.kept) {
            (Some(reads), None) if self.may_be_old => reads.acquire().await,
            _ => None,
        };
        let is_replica = of_replica.is_some() || self.kept_of_replica;
        // The settings of a connection to the replica were made when it was opened.
        let begin = self.db.start().read().filter(|_| !is_replica).cloned();
        timing::leased(is_replica || begin.is_some(), is_replica);
        self.lease(of_replica, begin).await
    }

    /// A connection for one statement that writes. It has its effect at the latest when the lease is
    /// committed.
    pub async fn write(&mut self) -> Result<WriteLease<'_>, DbError> {
        if self.kept_of_replica {
            self.release();
        }
        timing::leased(false, false);
        let begin = self.db.start().write();
        let db = self.db.clone();
        Ok(WriteLease {
            lease: self.lease(None, begin).await?,
            db,
        })
    }

    /// A lease of `of_replica`, of the connection that is kept, or of one to the primary.
    async fn lease(
        &mut self,
        of_replica: Option<PooledConnection>,
        begin: Option<Arc<str>>,
    ) -> Result<Lease<'_>, DbError> {
        let conn = match self.db.checkout() {
            Checkout::PerQuery => LeasedConnection::Own(match of_replica {
                Some(conn) => conn,
                None => self.db.acquire().await?,
            }),
            Checkout::PerRequest => {
                if self.kept.is_none() {
                    self.kept_of_replica = of_replica.is_some();
                    self.kept = Some(match of_replica {
                        Some(conn) => conn,
                        None => self.db.acquire().await?,
                    });
                }
                let kept = self.kept.as_mut().expect("it was put there above");
                LeasedConnection::Kept(kept)
            }
        };
        let mut lease = Lease {
            conn,
            state: LeaseState::Plain,
        };
        if let Some(begin) = begin {
            // Until then a lease that is dropped closes its connection: what a client that
            // disconnects leaves of a begin would become part of the next transaction.
            lease.state = LeaseState::Beginning;
            lease.conn.get_mut().set_keepable(false);
            let begin = AssertSqlSafe(begin).into_sql_str();
            timing::db(Transactions::begin(&mut lease, Some(begin))).await?;
            lease.state = LeaseState::Open;
        }
        Ok(lease)
    }
}

/// A connection, until dropped.
pub struct Lease<'a> {
    conn: LeasedConnection<'a>,
    state: LeaseState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeaseState {
    /// No transaction: each statement is one.
    Plain,
    /// A transaction was begun, and not answered yet.
    Beginning,
    /// A transaction is open.
    Open,
}

enum LeasedConnection<'a> {
    Own(PooledConnection),
    Kept(&'a mut PooledConnection),
}

impl LeasedConnection<'_> {
    const fn get(&self) -> &PooledConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Kept(conn) => conn,
        }
    }

    const fn get_mut(&mut self) -> &mut PooledConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Kept(conn) => conn,
        }
    }
}

/// Also makes a lease borrow its session until it is dropped and not only until its last use: a
/// session that takes a second connection while it holds a first, in one expression or in two, does
/// not compile. Requests that did would wait for each other with the pool empty.
impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let conn = self.conn.get_mut();
        match self.state {
            LeaseState::Plain => {}
            LeaseState::Beginning => conn.set_closing(true),
            // Sent with what follows: the next begin, or the check on the return to the pool.
            LeaseState::Open => {
                conn.set_keepable(false);
                Transactions::start_rollback(conn);
            }
        }
    }
}

impl Deref for Lease<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.conn.get()
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn.get_mut()
    }
}

/// A connection for one statement that writes; without [`commit`](Self::commit) it may have no effect.
#[must_use]
pub struct WriteLease<'a> {
    lease: Lease<'a>,
    db: Db,
}

impl WriteLease<'_> {
    /// Ends the transaction, where there is one.
    pub async fn commit(mut self) -> Result<(), DbError> {
        let committed = if self.lease.state == LeaseState::Open {
            timing::db(Transactions::commit(&mut self.lease)).await
        } else {
            Ok(())
        };
        // Also where the answer was lost: it may have been carried out.
        self.db.note_write();
        committed?;
        if self.lease.state == LeaseState::Open {
            self.lease.state = LeaseState::Plain;
            self.lease.conn.get_mut().set_keepable(true);
        }
        Ok(())
    }
}

impl Deref for WriteLease<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.lease
    }
}

impl DerefMut for WriteLease<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.lease
    }
}
