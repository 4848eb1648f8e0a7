//! Removal of rows that have served their purpose, in small batches.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;

use super::{Db, DbError};
use crate::config::Retention;

/// Rows of one batch: few enough that their locks are held for milliseconds.
const BATCH: i64 = 1_000;

/// A table whose rows are kept for a time only. A migration makes an index on its column,
/// `TABLE_COLUMN_purge_idx`: a purge reads the rows that it deletes and no others.
#[derive(Debug, Clone, Copy)]
pub struct Purge {
    /// Its name.
    pub table: &'static str,
    /// The column with the instant from which the time counts.
    pub since: &'static str,
    /// How long a row is kept from then on.
    pub kept: fn(&Retention) -> Duration,
}

/// The statement that deletes one batch, the oldest first: `$1` is the instant before which rows
/// are over, `$2` how many rows are a batch. Rows that a request has locked are left out.
///
/// The order makes the index serve a table with few rows to delete as well as one with many.
pub fn purge_sql(purge: &Purge) -> String {
    let Purge { table, since, .. } = purge;
    format!(
        "delete from {table}
         where ctid = any (array(
             select ctid
             from {table}
             where {since} < $1
             order by {since}
             limit $2
             for update skip locked
         ))"
    )
}

/// Deletes one batch of the rows from before an instant and returns whether there may be more.
pub async fn purge(db: &Db, purge: &Purge, before: DateTime<Utc>) -> Result<bool, DbError> {
    let mut session = db.session();
    let mut conn = session.write().await?;
    let deleted = sqlx::query(AssertSqlSafe(purge_sql(purge)))
        .bind(before)
        .bind(BATCH)
        .execute(&mut *conn)
        .await?
        .rows_affected();
    conn.commit().await?;
    Ok(deleted >= BATCH.unsigned_abs())
}
