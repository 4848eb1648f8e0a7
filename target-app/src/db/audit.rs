//! The audit: numbered invariants, each a statement that selects what breaks it; those with a
//! parameter join the database with the ledger of what a client was acknowledged. Features hand
//! them over; the README of `features/` says how they are written.
//!
//! All run in one read-only snapshot, so that they speak of the same instant even while
//! requests go on.

use std::{collections::BTreeMap, time::Instant};

use chrono::{DateTime, Utc};
use shared::{
    invariant::{AuditReport, InvariantResult, MAX_ROWS},
    ledger::Ledger,
};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, types::Json};

use super::DbError;
use crate::timing;

/// One file of a feature's folder `audit`, made by `invariants!`.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// `NN_name`, as the file is called.
    pub file: &'static str,
    /// The statement that selects what violates it.
    pub sql: &'static str,
}

/// The invariants of a feature, by the names of their files in the folder `audit` beside the
/// file that calls this.
macro_rules! invariants {
    ($( $file:literal ),+ $(,)?) => {
        vec![ $( $crate::db::audit::Invariant {
            file: $file,
            sql: include_str!(concat!("audit/", $file, ".sql")),
        } ),+ ]
    };
}
pub(crate) use invariants;

impl Invariant {
    /// The number at the begin of the file's name; it is unique and never given again.
    pub fn number(&self) -> u16 {
        self.file
            .split('_')
            .next()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_default()
    }

    /// The file's name without the number.
    pub fn name(&self) -> &'static str {
        self.file
            .split_once('_')
            .map_or(self.file, |(_, name)| name)
    }

    /// Whether it compares the database with a client's ledger, which is its one parameter.
    pub fn needs_ledger(&self) -> bool {
        self.sql.contains("$1")
    }

    /// The sentence of the file's first line.
    pub fn statement(&self) -> &'static str {
        self.sql
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("-- "))
            .unwrap_or_default()
    }

    /// The file's statement, counted and cut to what a report carries.
    fn bounded(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';');
        format!(
            "select
                 count(*) over () as violations,
                 to_jsonb(violation) as row
             from (
             {sql}
             ) as violation
             limit {MAX_ROWS}"
        )
    }
}

/// Checks these invariants; those that need a ledger only if there is one.
pub async fn run(
    pool: &PgPool,
    invariants: &[Invariant],
    ledger: Option<&Ledger>,
) -> Result<AuditReport, DbError> {
    let pool = pool.clone();
    let checked: Vec<Invariant> = invariants
        .iter()
        .filter(|one| ledger.is_some() || !one.needs_ledger())
        .copied()
        .collect();
    let ledger = ledger.cloned().map(Json);
    // In a task of its own: a caller that disconnects must not leave a transaction open.
    timing::shielded(async move {
        let started = Instant::now();
        let mut snapshot = pool
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        sqlx::raw_sql("set local statement_timeout = '60s'; set local work_mem = '64MB'")
            .execute(&mut *snapshot)
            .await?;
        let audited_at = sqlx::query_scalar::<_, DateTime<Utc>>("select now()")
            .fetch_one(&mut *snapshot)
            .await?;
        let mut invariants = Vec::with_capacity(checked.len());
        for one in checked {
            let ledger = ledger.as_ref().filter(|_| one.needs_ledger());
            invariants.push(check(&mut snapshot, one, ledger).await?);
        }
        snapshot.rollback().await?;
        Ok(AuditReport {
            audited_at,
            took_ms: started.elapsed().as_millis() as u64,
            invariants,
            failed: Vec::new(),
            // Of caches the database knows nothing.
            cached: BTreeMap::new(),
        })
    })
    .await
}

async fn check(
    conn: &mut PgConnection,
    one: Invariant,
    ledger: Option<&Json<Ledger>>,
) -> Result<InvariantResult, DbError> {
    let mut query = sqlx::query_as::<_, (i64, serde_json::Value)>(AssertSqlSafe(one.bounded()))
        .persistent(false);
    if let Some(ledger) = ledger {
        query = query.bind(ledger);
    }
    let found = query.fetch_all(conn).await?;
    Ok(InvariantResult {
        number: one.number(),
        name: one.name().to_owned(),
        statement: one.statement().to_owned(),
        violations: found
            .first()
            .map_or(0, |(violations, _)| *violations as u64),
        rows: found.into_iter().map(|(_, row)| row).collect(),
    })
}
