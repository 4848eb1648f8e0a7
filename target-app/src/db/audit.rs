//! The audit: numbered invariants, each a statement that selects what breaks it; those with a
//! parameter join the database with the ledger of what a client was acknowledged. Features hand
//! them over; the README of `features/` says how they are written.
//!
//! All run in one read-only snapshot, so that they speak of the same instant even while
//! requests go on. Two connections share it and take the next invariant in turn: a statement is
//! worked on by one processor at a time, and an audit is waited for after each trial.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use shared::{
    invariant::{AuditReport, InvariantResult, MAX_ROWS},
    ledger::Ledger,
};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres, Transaction,
    pool::PoolConnection, types::Json,
};

use super::DbError;
use crate::timing;

/// How the transaction of each connection begins.
const BEGIN: &str = "begin isolation level repeatable read read only";
/// Bounds of each statement.
const BOUNDS: &str = "set local statement_timeout = '60s'; set local work_mem = '64MB'";
/// Longest wait for the second connection; without it the first checks everything.
const SECOND_WAIT: Duration = Duration::from_secs(2);

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

    /// The file's statement, counted and cut to what a report carries. Materialized, because the limit
    /// would have the planner look for the first rows soonest, and where there are none, as usual, that is
    /// the slowest way to all of them.
    fn bounded(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';');
        format!(
            "with violation as materialized (
             {sql}
             )
             select
                 count(*) over () as violations,
                 to_jsonb(violation) as row
             from violation
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
        let mut first = pool.begin_with(BEGIN).await?;
        let (audited_at, snapshot) =
            sqlx::query_as::<_, (DateTime<Utc>, String)>("select now(), pg_export_snapshot()")
                .fetch_one(&mut *first)
                .await?;
        let turn = Turn {
            invariants: &checked,
            ledger: ledger.as_ref(),
            next: AtomicUsize::new(0),
        };
        let (first, second) = tokio::join!(turn.check(first), async {
            match tokio::time::timeout(SECOND_WAIT, pool.acquire()).await {
                Ok(Ok(mut conn)) => turn.check_beside(&mut conn, &snapshot).await,
                // A full server has no second one.
                Ok(Err(_)) | Err(_) => Ok(Vec::new()),
            }
        });
        let mut found = first?;
        found.extend(second?);
        found.sort_by_key(|(place, _)| *place);
        let invariants = found.into_iter().map(|(_, result)| result).collect();
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

/// Results with their places in the order of the invariants.
type Placed = Vec<(usize, InvariantResult)>;

/// The invariants of one audit, of which each connection takes the next.
struct Turn<'a> {
    invariants: &'a [Invariant],
    ledger: Option<&'a Json<Ledger>>,
    next: AtomicUsize,
}

impl Turn<'_> {
    /// Checks what is left, then ends the transaction. One that fails leaves nothing to the other: the
    /// audit has failed.
    async fn check(&self, mut snapshot: Transaction<'_, Postgres>) -> Result<Placed, DbError> {
        let found = self.check_in(&mut snapshot).await;
        if found.is_err() {
            self.next.store(self.invariants.len(), Relaxed);
        }
        let ended = snapshot.rollback().await;
        let found = found?;
        ended?;
        Ok(found)
    }

    async fn check_in(&self, snapshot: &mut PgConnection) -> Result<Placed, DbError> {
        sqlx::raw_sql(BOUNDS).execute(&mut *snapshot).await?;
        let mut found = Vec::new();
        loop {
            let place = self.next.fetch_add(1, Relaxed);
            let Some(one) = self.invariants.get(place) else {
                return Ok(found);
            };
            let ledger = self.ledger.filter(|_| one.needs_ledger());
            found.push((place, check(snapshot, *one, ledger).await?));
        }
    }

    /// The same on another connection, in the snapshot that the first one exported. Nothing where that
    /// cannot be had: the first has ended by then, or goes on alone.
    async fn check_beside(
        &self,
        conn: &mut PoolConnection<Postgres>,
        snapshot: &str,
    ) -> Result<Placed, DbError> {
        let Ok(mut shared) = conn.begin_with(BEGIN).await else {
            return Ok(Vec::new());
        };
        // The statement takes no parameter; the name is the server's own.
        let import = format!("set transaction snapshot '{snapshot}'");
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(import))
            .execute(&mut *shared)
            .await
        {
            tracing::debug!(%error, "the audit goes on with one connection");
            let _ended = shared.rollback().await;
            return Ok(Vec::new());
        }
        self.check(shared).await
    }
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
