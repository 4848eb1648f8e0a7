//! Advisory locks that have a name: for what has no row that could be locked.

use sqlx::PgConnection;

use super::DbError;
use crate::timing;

/// Waits for the advisory lock of a name, and holds it until the transaction ends.
pub async fn lock_by_name(conn: &mut PgConnection, name: &str) -> Result<(), DbError> {
    let query = sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))").bind(name);
    timing::db(query.execute(conn)).await?;
    Ok(())
}
