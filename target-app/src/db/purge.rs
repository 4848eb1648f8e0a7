//! Removal of rows that have served their purpose, in small batches.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AssertSqlSafe;

use super::{Db, DbError};

/// Rows of one batch: few enough that their locks are held for milliseconds.
const BATCH: i64 = 1_000;

/// A table whose rows are kept for a time only.
#[derive(Debug, Clone, Copy)]
pub struct Purge {
    /// Its name.
    pub table: &'static str,
    /// The column with the instant from which the time counts.
    pub since: &'static str,
    /// How long a row is kept from then on.
    pub kept: TimeDelta,
}

/// Deletes one batch of the rows whose time is over and returns whether there may be more.
///
/// Rows that a request has locked are left to the next round. The table is scanned: an index would
/// cost every request that writes to it more than a scan an hour does.
pub async fn purge(db: &Db, purge: &Purge, now: DateTime<Utc>) -> Result<bool, DbError> {
    let Purge { table, since, kept } = purge;
    let sql = format!(
        "delete from {table}
         where ctid = any (array(
             select ctid
             from {table}
             where {since} < $1
             limit $2
             for update skip locked
         ))"
    );
    let mut session = db.session();
    let mut conn = session.write().await?;
    let deleted = sqlx::query(AssertSqlSafe(sql))
        .bind(now - *kept)
        .bind(BATCH)
        .execute(&mut *conn)
        .await?
        .rows_affected();
    conn.commit().await?;
    Ok(deleted >= BATCH.unsigned_abs())
}
