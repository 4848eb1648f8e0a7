//! The audit: numbered invariants, each a statement of `audit/` that selects what breaks it;
//! those of `audit/ledger/` join the database with what was acknowledged to a client.
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

/// One file of `audit/`.
#[derive(Clone, Copy)]
struct Invariant {
    /// `NN_name`, as the file is called.
    file: &'static str,
    sql: &'static str,
}

macro_rules! invariants {
    ($( #[$doc:meta] )* $name:ident in $folder:literal: $( $file:literal ),+ $(,)?) => {
        $( #[$doc] )*
        const $name: &[Invariant] = &[ $( Invariant {
            file: $file,
            sql: include_str!(concat!("../../", $folder, "/", $file, ".sql")),
        } ),+ ];
    };
}

invariants! {
    /// Of the database alone.
    INVARIANTS in "audit":
    "01_slot_capacity",
    "02_slot_booked_counter",
    "03_seat_unique",
    "04_seat_within_capacity",
    "05_student_overlap",
    "06_mentor_overlap",
    "07_booking_copies_slot",
    "08_idempotency_one_effect",
    "09_chat_dense",
    "10_refresh_family_one_live",
    "11_rating_in_step",
    "12_review_after_lesson",
    "13_one_booking_per_key",
}

invariants! {
    /// Of the database and a client's ledger; the ledger is the statement's one parameter.
    OF_THE_LEDGER in "audit/ledger":
    "50_acknowledged_booking_kept",
    "51_no_phantom_booking",
    "52_full_was_full",
    "53_acknowledged_message_kept",
    "54_no_phantom_message",
}

impl Invariant {
    fn number(self) -> u16 {
        self.file
            .split('_')
            .next()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_default()
    }

    fn name(self) -> &'static str {
        self.file
            .split_once('_')
            .map_or(self.file, |(_, name)| name)
    }

    /// The sentence of the file's first line.
    fn statement(self) -> &'static str {
        self.sql
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("-- "))
            .unwrap_or_default()
    }

    /// The file's statement, counted and cut to what a report carries.
    fn bounded(self) -> String {
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

/// Checks every invariant, those of the ledger where there is one.
pub async fn run(pool: &PgPool, ledger: Option<&Ledger>) -> Result<AuditReport, DbError> {
    let pool = pool.clone();
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
        let mut invariants = Vec::with_capacity(INVARIANTS.len());
        for &one in INVARIANTS {
            invariants.push(check(&mut snapshot, one, None).await?);
        }
        for &one in OF_THE_LEDGER.iter().filter(|_| ledger.is_some()) {
            invariants.push(check(&mut snapshot, one, ledger.as_ref()).await?);
        }
        snapshot.rollback().await?;
        Ok(AuditReport {
            audited_at,
            took_ms: started.elapsed().as_millis() as u64,
            invariants,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn every_file_of_the_audit_is_run() {
        for (folder, all) in [("audit", INVARIANTS), ("audit/ledger", OF_THE_LEDGER)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let on_disk: BTreeSet<_> = fs::read_dir(folder)
                .unwrap()
                .filter_map(|entry| {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    name.strip_suffix(".sql").map(str::to_owned)
                })
                .collect();
            let run: BTreeSet<_> = all.iter().map(|one| one.file.to_owned()).collect();
            assert_eq!(on_disk, run);
        }
    }

    #[test]
    fn every_invariant_has_a_number_of_its_own_a_name_and_a_sentence() {
        let mut numbers = BTreeSet::new();
        for one in INVARIANTS.iter().chain(OF_THE_LEDGER) {
            assert!(
                one.number() > 0 && numbers.insert(one.number()),
                "{}",
                one.file
            );
            assert!(!one.name().is_empty());
            assert!(one.statement().len() > 20, "{}", one.file);
            assert!(one.statement().ends_with('.'), "{}", one.file);
        }
    }

    #[test]
    fn invariants_are_reported_in_order_of_their_number() {
        let all: Vec<_> = INVARIANTS.iter().chain(OF_THE_LEDGER).collect();
        assert!(all.is_sorted_by_key(|one| one.number()));
    }
}
