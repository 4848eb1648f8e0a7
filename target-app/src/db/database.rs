//! Whole databases: the seeded snapshot of a database, and restoring it.
//!
//! A reset creates a new database from the copy and replaces the old one by it, so that heap,
//! indexes and statistics start every trial from the same bytes. Encoding and locale come with the
//! copy; settings made with `alter database … set` are made again; grants on the database are not.

use std::str::FromStr;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
};

use super::DbError;

/// Longest name that PostgreSQL keeps, in bytes.
const MAX_NAME: usize = 63;
/// The database from which others are copied, dropped and observed.
pub const MAINTENANCE: &str = "postgres";
/// First half of the advisory lock under which databases are exchanged; the second is the name.
const EXCHANGE_LOCK: i32 = 0x6363_6462_u32 as i32;

/// Why a database could not be copied or exchanged.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL cannot be used.
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// There is nothing to go back to.
    #[error("no seeded snapshot of database {0}: run `target-app seed`")]
    NoSnapshot(String),
    /// Others are connected, so it cannot be copied.
    #[error("database {0} is in use: stop what is connected to it, then try again")]
    InUse(String),
    /// The server refused or did not answer.
    #[error("failed to exchange databases")]
    Db(#[from] DbError),
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

/// A connection to the server's maintenance database, from which others are copied and dropped.
pub async fn maintenance(url: &str) -> Result<PgConnection, DatabaseError> {
    let options = options(url)?.database(MAINTENANCE);
    Ok(PgConnection::connect_with(&options).await?)
}

/// Name of the database that a URL means.
pub fn name(url: &str) -> Result<String, DatabaseError> {
    let options = options(url)?;
    // As libpq does: without a name, the database is called like the user.
    let name = options
        .get_database()
        .unwrap_or_else(|| options.get_username())
        .to_owned();
    if name.len() + "_restored".len() > MAX_NAME {
        return Err(DatabaseError::Url(format!(
            "the database name {name} leaves no characters for the names of its copies; use a shorter one"
        )));
    }
    Ok(name)
}

/// Copies the database to `NAME_seed`, replacing an older copy.
///
/// No other session may be connected; the server ends autovacuum workers itself.
pub async fn snapshot(url: &str) -> Result<(), DatabaseError> {
    let source = name(url)?;
    let copy = seed_name(&source);
    let mut conn = locked(url, &source).await?;
    set_connectable(&mut conn, &copy, true).await?;
    run(
        &mut conn,
        format!("drop database if exists {} with (force)", quoted(&copy)),
    )
    .await?;
    run(
        &mut conn,
        format!(
            "create database {} template {}",
            quoted(&copy),
            quoted(&source)
        ),
    )
    .await
    .map_err(|error| in_use(error, &source))?;
    // No session may connect to the copy and change it.
    set_connectable(&mut conn, &copy, false).await?;
    conn.close().await?;
    Ok(())
}

/// Replaces the database by a copy of its seeded snapshot; all sessions are terminated.
///
/// The new database is complete before the old one is dropped, so that a failure half-way leaves
/// the old one in place.
pub async fn restore(url: &str) -> Result<(), DatabaseError> {
    let target = name(url)?;
    let copy = seed_name(&target);
    let fresh = format!("{target}_restored");
    let mut conn = locked(url, &target).await?;
    if !exists(&mut conn, &copy).await? {
        return Err(DatabaseError::NoSnapshot(target));
    }
    run(
        &mut conn,
        format!("drop database if exists {} with (force)", quoted(&fresh)),
    )
    .await?;
    run(
        &mut conn,
        format!(
            "create database {} template {}",
            quoted(&fresh),
            quoted(&copy)
        ),
    )
    .await
    .map_err(|error| in_use(error, &copy))?;
    keep_settings(&mut conn, &target, &fresh).await?;
    run(
        &mut conn,
        format!("drop database if exists {} with (force)", quoted(&target)),
    )
    .await?;
    run(
        &mut conn,
        format!(
            "alter database {} rename to {}",
            quoted(&fresh),
            quoted(&target)
        ),
    )
    .await
    .map_err(|error| in_use(error, &fresh))?;
    checkpoint(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

/// Whether there is a seeded copy to go back to.
pub async fn has_snapshot(url: &str) -> Result<bool, DatabaseError> {
    let mut conn = maintenance(url).await?;
    let found = exists(&mut conn, &seed_name(&name(url)?)).await?;
    conn.close().await?;
    Ok(found)
}

/// Makes the settings of one database, `alter database … set` and `alter role … in database … set`,
/// for another one too. Where that is not permitted, the log says which are missing.
async fn keep_settings(conn: &mut PgConnection, of: &str, to: &str) -> Result<(), DatabaseError> {
    // A setting is made from the session's own value, for a list like search_path cannot be quoted
    // as one. Both statements are one transaction, at the end of which the session has its old
    // value again.
    let statements: Vec<(String, String)> = sqlx::query_as(
        "select split_part(one, '=', 1), format(
             'select set_config(%L, %L, true); alter %s set %I from current',
             split_part(one, '=', 1),
             substr(one, strpos(one, '=') + 1),
             case when role.rolname is null then format('database %I', $2::text)
                  else format('role %I in database %I', role.rolname, $2::text) end,
             split_part(one, '=', 1))
         from pg_db_role_setting as stored
         join pg_database as db on db.oid = stored.setdatabase
         left join pg_roles as role on role.oid = stored.setrole
         cross join unnest(stored.setconfig) as one
         where db.datname = $1",
    )
    .bind(of)
    .bind(to)
    .fetch_all(&mut *conn)
    .await?;
    for (setting, sql) in statements {
        match sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await {
            Err(error) if error.as_database_error().is_some() => {
                tracing::warn!(%error, %setting, "a setting of the database is lost with this reset");
            }
            other => {
                let _done = other?;
            }
        }
    }
    Ok(())
}

/// Writes out what is dirty, so that the next measurement does not pay for it. Not every
/// role may; a managed server that refuses is measured without.
async fn checkpoint(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    match sqlx::raw_sql("checkpoint").execute(conn).await {
        Err(error) if code_of(&error) == Some("42501") => {
            tracing::warn!(
                "not permitted to checkpoint: the reset's writes go on in the background"
            );
            Ok(())
        }
        other => Ok(other.map(drop)?),
    }
}

/// A maintenance connection that holds the exchange lock of one database until it closes.
async fn locked(url: &str, database: &str) -> Result<PgConnection, DatabaseError> {
    let mut conn = maintenance(url).await?;
    sqlx::raw_sql("set lock_timeout = '60s'; set client_min_messages = 'warning'")
        .execute(&mut conn)
        .await?;
    sqlx::query("select pg_advisory_lock($1, hashtext($2))")
        .bind(EXCHANGE_LOCK)
        .bind(database)
        .execute(&mut conn)
        .await?;
    Ok(conn)
}

async fn exists(conn: &mut PgConnection, database: &str) -> Result<bool, DatabaseError> {
    Ok(
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(database)
            .fetch_one(conn)
            .await?,
    )
}

async fn set_connectable(
    conn: &mut PgConnection,
    database: &str,
    allowed: bool,
) -> Result<(), DatabaseError> {
    if exists(conn, database).await? {
        let sql = format!(
            "alter database {} with allow_connections {allowed}",
            quoted(database)
        );
        run(conn, sql).await?;
    }
    Ok(())
}

async fn run(conn: &mut PgConnection, sql: String) -> Result<(), DatabaseError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

fn options(url: &str) -> Result<PgConnectOptions, DatabaseError> {
    PgConnectOptions::from_str(url).map_err(|error| DatabaseError::Url(error.to_string()))
}

fn seed_name(database: &str) -> String {
    format!("{database}_seed")
}

/// An identifier that means exactly this name, whatever stands in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn in_use(error: DatabaseError, database: &str) -> DatabaseError {
    match &error {
        DatabaseError::Db(DbError::Other(inner)) if code_of(inner) == Some("55006") => {
            DatabaseError::InUse(database.to_owned())
        }
        _ => error,
    }
}

fn code_of(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .map(PgDatabaseError::code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_quotes_stays_one_identifier() {
        assert_eq!(quoted(r#"a"; drop table b"#), r#""a""; drop table b""#);
    }

    #[test]
    fn the_database_is_the_one_in_the_url_or_called_like_the_user() {
        assert_eq!(
            name("postgres://me@localhost/codeconnect").unwrap(),
            "codeconnect"
        );
        assert_eq!(name("postgres://me@localhost").unwrap(), "me");
    }

    #[test]
    fn a_name_too_long_for_those_of_its_copies_is_refused() {
        let url = format!("postgres://me@localhost/{}", "x".repeat(60));
        assert!(matches!(name(&url), Err(DatabaseError::Url(_))));
        assert!(matches!(name("not a url"), Err(DatabaseError::Url(_))));
    }
}
