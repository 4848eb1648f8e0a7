//! Rules about what PostgreSQL does: queries, plans, locks, retries, disk.

use shared::timing::{ServerCount, ServerPart};

use super::evidence::{Evidence, Rule, percent, said};
use crate::{sample::ResponsePart, schema::Recommendation};

/// All of them, the most telling first.
pub(super) const RULES: &[Rule] = &[
    loops_of_queries,
    scans,
    slow_queries,
    locks,
    deadlocks,
    retries,
    commits,
    disk,
    idle_transactions,
];

/// Queries a request from which a loop is likely.
const MANY_QUERIES: f64 = 10.0;

fn loops_of_queries(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let operation = evidence
        .arm
        .operations
        .iter()
        .filter(|one| one.cost.counts[ServerCount::Queries] >= MANY_QUERIES)
        .max_by(|a, b| {
            a.cost.counts[ServerCount::Queries].total_cmp(&b.cost.counts[ServerCount::Queries])
        })?;
    let switch = match operation.name.as_str() {
        "mentors.list" => evidence.propose("mentors.query", "joined"),
        "auth.login" => evidence.propose("auth.login_queries", "joined"),
        _ => None,
    };
    said(
        "N_PLUS_ONE",
        format!(
            "{} sends {:.1} queries a request",
            operation.name,
            operation.cost.counts[ServerCount::Queries]
        ),
        "an N+1 query: read the rows in one statement, or many by `= any($1)`",
        switch,
    )
}

/// Which index serves a table, by its switch.
const INDEXES: [(&str, &str, &str); 4] = [
    ("mentor", "mentors", "index.mentors_active_rating"),
    ("booking", "bookings", "index.bookings_student"),
    ("booking", "recordings", "index.bookings_student"),
    ("review", "mentors", "index.reviews_mentor"),
];

fn scans(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let wasted = evidence
        .arm
        .plans
        .iter()
        .filter(|plan| plan.rows_read >= 500.0 && plan.rows_read >= 20.0 * plan.rows_returned)
        .filter_map(|plan| {
            let scan = plan.nodes.iter().filter(|node| node.kind == "Seq Scan");
            let node = scan.max_by(|a, b| a.rows_removed.total_cmp(&b.rows_removed))?;
            Some((plan, node))
        })
        .max_by(|a, b| a.0.rows_read.total_cmp(&b.0.rows_read));
    if let Some((plan, node)) = wasted {
        let relation = node.relation.clone().unwrap_or_default();
        let area = plan.operation.split('.').next().unwrap_or_default();
        let switch = INDEXES
            .iter()
            .find(|(table, of, _)| *table == relation && *of == area)
            .and_then(|(_, _, path)| evidence.propose(path, "on"));
        return said(
            "MISSING_INDEX",
            format!(
                "{} ({}) reads {:.0} rows for {:.0}: its plan scans {relation}",
                plan.operation, plan.statement, plan.rows_read, plan.rows_returned
            ),
            "add a database index for what it filters and sorts by (row-level security policies want theirs, too); `GET /lab/explain` shows the plan",
            switch,
        );
    }
    let rows = evidence.arm.server.rows_returned as f64 / evidence.requests().max(1.0);
    // Where plans were asked for, they say more than a sum that holds the catalogue's rows, too.
    if rows < 2_000.0 || !evidence.arm.plans.is_empty() {
        return None;
    }
    said(
        "MISSING_INDEX",
        format!("PostgreSQL reads {rows:.0} rows a request"),
        "look for a missing database index with `EXPLAIN (ANALYZE, BUFFERS)` and the slow query log",
        None,
    )
}

fn slow_queries(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let db = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Db)]);
    let slow = evidence
        .tail()
        .filter(|band| band.parts_ms[ResponsePart::Server(ServerPart::Db)] >= 5.0)?;
    if db < 0.4 {
        return None;
    }
    said(
        "SLOW_QUERIES",
        format!(
            "{} of the time above p99 is PostgreSQL: {:.0} ms of {:.0} ms",
            percent(db),
            slow.parts_ms[ResponsePart::Server(ServerPart::Db)],
            slow.mean_ms
        ),
        "check database query performance with EXPLAIN ANALYZE and the slow query log; optimise slow queries, and bound them by a query timeout",
        None,
    )
}

fn is_lock(event: &str) -> bool {
    event.starts_with("Lock:")
}

fn locks(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let waiting = evidence.waits(is_lock);
    if waiting < 0.1 {
        return None;
    }
    let waiters = evidence.arm.server.database.lock_waiters_mean;
    said(
        "LOCK_WAITS",
        format!(
            "{} of the active backends' time is waiting for a lock of another ({waiters:.1} at a time)",
            percent(waiting)
        ),
        "reduce lock contention: shorter transactions, the lock as late as possible, one statement instead of read and write",
        evidence.propose("bookings.strategy", "conditional_update"),
    )
}

fn deadlocks(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let found = evidence.arm.server.database.deadlocks;
    if found == 0 {
        return None;
    }
    said(
        "DEADLOCKS",
        format!("PostgreSQL broke {found} deadlocks"),
        "database deadlocks: take locks in one order everywhere, and run the loser again",
        evidence.propose("bookings.strategy", "conditional_update"),
    )
}

fn retries(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let retries = &evidence.arm.server.database.retries;
    let all: u64 = retries.values().sum();
    if all == 0 || (all as f64) < 0.01 * evidence.requests() {
        return None;
    }
    let told: Vec<String> = retries
        .iter()
        .map(|(state, count)| format!("{count} x {state}"))
        .collect();
    said(
        "RETRIES",
        format!(
            "transactions ran again: {} in {:.0} requests",
            told.join(", "),
            evidence.requests()
        ),
        "a serializable transaction that often loses costs more than a lock: guard the one row that is contended",
        evidence.propose("bookings.strategy", "conditional_update"),
    )
}

fn commits(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let syncing = evidence.waits(|event| {
        event.contains("WALSync") || event.contains("WALWrite") || event.contains("WalSync")
    });
    if syncing < 0.1 {
        return None;
    }
    let each = evidence.arm.server.database.wal_bytes as f64 / evidence.requests().max(1.0);
    said(
        "COMMIT_SYNC",
        format!(
            "{} of the active backends' time is writing the log to disk; {each:.0} bytes of it a request",
            percent(syncing)
        ),
        "monitor disk I/O: fewer commits (group small messages and writes into one), or a faster disk; synchronous_commit=off loses acknowledged writes in a crash",
        evidence.propose("db.synchronous_commit", "off"),
    )
}

fn disk(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let database = &evidence.arm.server.database;
    let (hit, read) = (database.blocks_hit as f64, database.blocks_read as f64);
    if read < 1_000.0 || read < 0.05 * (hit + read) {
        return None;
    }
    said(
        "DISK_READS",
        format!(
            "{} of {:.0} buffers came from outside of shared memory",
            percent(read / (hit + read)),
            hit + read
        ),
        "more memory for PostgreSQL (shared_buffers), or indexes that read less",
        None,
    )
}

fn idle_transactions(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let idle = evidence.arm.server.database.idle_in_transaction_mean;
    let pool = f64::from(evidence.arm.server.pool_max);
    if pool <= 0.0 || idle < 1.0 || idle < 0.2 * pool {
        return None;
    }
    said(
        "IDLE_IN_TRANSACTION",
        format!(
            "{idle:.1} of {pool:.0} connections are inside a transaction and wait for the application"
        ),
        "do nothing but SQL between begin and commit: no hashing, no request to another service",
        None,
    )
}
