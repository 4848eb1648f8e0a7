//! The `db.` switches, read back from the server and the driver.

use shared::{
    profile::{OnOff, ReadSource, SwitchReading, TimeLimit, Via},
    time::Millis,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use super::{Db, DbError, Isolation};

/// The `db.` switches as the server and the driver have them on a connection of the pool.
///
/// An idle connection is read. Where there is none, or it is dead, one is opened with the pool's
/// connect options instead, so that a pool in use is not waited for.
pub async fn switch_readings(db: &Db) -> Result<Vec<SwitchReading>, DbError> {
    let mut readings = of_primary(db).await?;
    let reads = match db.reads() {
        Some(reads) => reads.in_force().await,
        None => ReadSource::Primary,
    };
    readings.push(SwitchReading::new("db.reads", reads));
    Ok(readings)
}

async fn of_primary(db: &Db) -> Result<Vec<SwitchReading>, DbError> {
    let pool = db.pool();
    if let Some(mut idle) = pool.try_acquire()
        && let Ok(readings) = read(&mut idle, db).await
    {
        return Ok(readings);
    }
    let mut conn = pool.connect_options().connect().await?;
    let readings = read(&mut conn, db).await?;
    conn.close().await?;
    Ok(readings)
}

/// Reads them inside of a transaction that begins like those of requests.
async fn read(conn: &mut PgConnection, db: &Db) -> Result<Vec<SwitchReading>, DbError> {
    let mut open = conn
        .begin_with(AssertSqlSafe(db.begin(Isolation::ReadCommitted)))
        .await?;
    let settings = sqlx::query_as::<_, (String, String)>(
        "select name, setting
         from pg_settings
         where name in ('synchronous_commit', 'statement_timeout')",
    )
    .fetch_all(&mut *open)
    .await?;
    let mut readings: Vec<_> = settings
        .into_iter()
        .map(|(name, setting)| {
            let value = match (name.as_str(), setting.parse()) {
                ("statement_timeout", Ok(0)) => TimeLimit::Off.to_string(),
                ("statement_timeout", Ok(ms)) => TimeLimit::Within(Millis(ms)).to_string(),
                _ => setting,
            };
            SwitchReading::new(format!("db.{name}"), value)
        })
        .collect();
    // A connection with a statement cache keeps at least the statement above.
    let cached = OnOff::from(open.cached_statements_size() > 0);
    readings.push(SwitchReading::new("db.statement_cache", cached));
    readings.push(SwitchReading::new("db.via", via(&mut open, db).await?));
    // A rollback would count among those of the application.
    open.commit().await?;
    Ok(readings)
}

/// Which way a connection goes, by its backend: PgBouncer names those that serve it. Without a
/// pooler there is one way only.
async fn via(conn: &mut PgConnection, db: &Db) -> Result<Via, DbError> {
    let Some(pooler) = db.pooler() else {
        return Ok(Via::Direct);
    };
    let backend: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(conn)
        .await?;
    let mut console = match pooler.console().await {
        Ok(console) => console,
        Err(error) => {
            // One that does not answer serves no connection that has just answered.
            tracing::warn!(%error, "PgBouncer does not answer");
            return Ok(Via::Direct);
        }
    };
    Ok(if console.has_backend(backend).await? {
        Via::Pgbouncer
    } else {
        Via::Direct
    })
}
