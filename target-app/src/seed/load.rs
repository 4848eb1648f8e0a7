//! The plan into the database: one transaction, so that a failure leaves what was there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use shared::dataset::Scale;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};

use super::{
    rows::Rows,
    table::{SeedData, SeedTable, SeedTables},
};
use crate::db::{DbError, guards, optimizations, row_security};

/// Bytes collected before they are sent.
const CHUNK: usize = 1 << 20;
/// Tables of no feature that a load empties: the label of the data, and stored responses.
const OWN_TABLES: [&str; 2] = ["dataset", "idempotency_key"];

/// What was loaded.
pub(super) struct LoadedData {
    pub(super) digest: String,
    /// Rows of each table.
    pub(super) rows: BTreeMap<&'static str, u64>,
}

/// What identifies a dataset.
pub(super) struct DatasetLabel {
    pub(super) scale: Scale,
    pub(super) seed: u64,
    pub(super) anchor: DateTime<Utc>,
}

/// Empties every table and loads the plan.
///
/// Foreign keys and the guards are taken off and put back over the whole, which checks every
/// row once in bulk rather than each at its insertion. Tables emptied in the same transaction
/// let COPY write rows as frozen: no later read or vacuum has to rewrite them.
pub(super) async fn load(
    mut transaction: Transaction<'_, Postgres>,
    data: &SeedData,
    seeded: &SeedTables,
    label: &DatasetLabel,
) -> Result<LoadedData, DbError> {
    let conn = &mut *transaction;
    sqlx::raw_sql(
        "set local lock_timeout = '10s';
         set local statement_timeout = 0;
         set local maintenance_work_mem = '256MB';
         set local client_min_messages = 'warning'",
    )
    .execute(&mut *conn)
    .await?;
    optimizations::drop_all(conn).await?;
    guards::drop_all(conn).await?;
    row_security::lift(conn).await?;
    let foreign_keys = take_foreign_keys(conn).await?;
    let tables = seeded.in_order();
    let names: Vec<_> = tables
        .iter()
        .map(|table| table.name)
        .chain(seeded.emptied.iter().copied())
        .chain(OWN_TABLES)
        .collect();
    let truncate = format!("truncate {} restart identity", names.join(", "));
    sqlx::raw_sql(AssertSqlSafe(truncate))
        .execute(&mut *conn)
        .await?;

    let mut rows = Rows::new(label.anchor);
    let mut counts = BTreeMap::new();
    for table in tables {
        copy(conn, table, data, &mut rows).await?;
        counts.insert(table.name, rows.count());
    }
    let digest = rows.digest();

    guards::raise_all(conn).await?;
    for statement in foreign_keys {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query(
        "insert into dataset (scale, seed, digest, anchor)
         values ($1, $2, $3, $4)",
    )
    .bind(label.scale.as_str())
    .bind(label.seed as i64)
    .bind(&digest)
    .bind(label.anchor)
    .execute(&mut *conn)
    .await?;
    transaction.commit().await?;
    Ok(LoadedData {
        digest,
        rows: counts,
    })
}

async fn copy(
    conn: &mut PgConnection,
    table: &SeedTable,
    data: &SeedData,
    rows: &mut Rows,
) -> Result<(), DbError> {
    let statement = format!(
        "copy {} ({}) from stdin with (format text, freeze)",
        table.name, table.columns
    );
    let mut copy = conn.copy_in_raw(&statement).await?;
    rows.start_table(table.name);
    for item in 0..(table.items)(&data.plan) {
        (table.write)(data, item, rows);
        if rows.len() >= CHUNK {
            copy.send(rows.take().into_bytes()).await?;
        }
    }
    copy.send(rows.take().into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

/// Drops every foreign key of the schema; returns the statements that make them again.
async fn take_foreign_keys(conn: &mut PgConnection) -> Result<Vec<String>, DbError> {
    let keys = sqlx::query_as::<_, (String, String)>(
        "select
             format('alter table %s drop constraint %I', conrelid::regclass, conname),
             format('alter table %s add constraint %I %s',
                    conrelid::regclass, conname, pg_get_constraintdef(oid))
         from pg_constraint
         where contype = 'f'
         and connamespace = current_schema()::regnamespace
         order by conrelid::regclass::text, conname",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut make = Vec::with_capacity(keys.len());
    for (drop, add) in keys {
        sqlx::raw_sql(AssertSqlSafe(drop))
            .execute(&mut *conn)
            .await?;
        make.push(add);
    }
    Ok(make)
}
