//! Rules about what PostgreSQL does: queries, plans, locks, retries, disk.

use crate::diagnose::{
    evidence::{Evidence, RuleFinding, percent},
    symptom::Symptom,
};
use crate::schema::{Operation, PlanNode, StatementPlan};
use loadgen_engine::sample::ResponsePart;
use shared::timing::ServerCount;
use shared::timing::ServerPart;

/// Queries a request from which they are worth a look.
const MANY_QUERIES: f64 = 10.0;
/// How often one request sends the same statement where it is sent in a loop.
const LOOP_TIMES: u32 = 5;
/// Rows read by one statement from which a scan is worth an index.
const MANY_ROWS: f64 = 500.0;
/// How many times more rows are read than returned where an index is missing.
const WASTE: f64 = 20.0;
/// Share of the active backends' samples from which a wait is worth work.
const NOTABLE_WAIT: f64 = 0.1;

pub(super) fn many_queries(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let queries = |one: &Operation| one.cost.counts[ServerCount::Queries];
    let operation = evidence
        .arm
        .operations
        .iter()
        .filter(|one| queries(one) >= MANY_QUERIES)
        .max_by(|a, b| queries(a).total_cmp(&queries(b)))?;
    let (name, queries) = (&operation.name, queries(operation));
    let plans = &evidence.arm.plans;
    let repeated = plans
        .iter()
        .filter(|plan| plan.operation == *name && plan.times >= LOOP_TIMES)
        .max_by_key(|plan| plan.times);
    let finding = if let Some(plan) = repeated {
        RuleFinding::new(
            Symptom::QueryLoop,
            format!(
                "{name} sends {queries:.1} queries a request, the statement `{}` up to {} times",
                plan.statement, plan.times
            ),
            "an N+1 query: read the rows in one statement, or many by `= any($1)`",
        )
    } else {
        RuleFinding::new(
            Symptom::ManyQueries,
            format!(
                "{name} sends {queries:.1} queries a request; no statement is known to be repeated"
            ),
            "count the statements of one request, and join those that belong together",
        )
    };
    Some(finding.found_in(name))
}

/// The sequential scan that throws most rows away, of the statement that reads most.
fn wasteful_scan<'a>(evidence: &Evidence<'a>) -> Option<(&'a StatementPlan, &'a PlanNode)> {
    evidence
        .arm
        .plans
        .iter()
        .filter(|plan| plan.rows_read >= MANY_ROWS && plan.rows_read >= WASTE * plan.rows_returned)
        .filter_map(|plan| {
            let scans = plan.nodes.iter().filter(|node| node.kind == "Seq Scan");
            let scan = scans.max_by(|a, b| a.rows_removed.total_cmp(&b.rows_removed))?;
            Some((plan, scan))
        })
        .max_by(|a, b| a.0.rows_read.total_cmp(&b.0.rows_read))
}

pub(super) fn missing_index(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    if let Some((plan, scan)) = wasteful_scan(evidence) {
        let table = scan.relation.as_deref().unwrap_or_default();
        let mut finding = RuleFinding::new(
            Symptom::MissingIndex,
            format!(
                "{} ({}) reads {:.0} rows for {:.0}: its plan scans {table}",
                plan.operation, plan.statement, plan.rows_read, plan.rows_returned
            ),
            "add a database index for what it filters and sorts by (row-level security policies need theirs, too)",
        )
        .found_in(table);
        let catalog = evidence.catalog;
        finding.proposal = catalog.index_proposal(table, &plan.operation, evidence.context());
        return Some(finding);
    }
    let rows = evidence.database()?.rows_returned as f64;
    let rows = evidence.arm.server.per_request(rows)?;
    // Where plans were asked for, they say more than a sum that counts rows of system tables, too.
    if rows < 2_000.0 || !evidence.arm.plans.is_empty() {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::MissingIndex,
        format!("PostgreSQL reads {rows:.0} rows a request"),
        "look for a missing database index with `EXPLAIN (ANALYZE, BUFFERS)` and the slow query log",
    ))
}

pub(super) fn slow_queries(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let share = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Db)]);
    let slow = evidence
        .tail()
        .filter(|band| band.parts_ms[ResponsePart::Server(ServerPart::Db)] >= 5.0)?;
    if share < 0.4 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::SlowQueries,
        format!(
            "{} of the time above p99 is PostgreSQL: {:.0} ms of {:.0} ms",
            percent(share),
            slow.parts_ms[ResponsePart::Server(ServerPart::Db)],
            slow.mean_ms
        ),
        "check database query performance with EXPLAIN ANALYZE and the slow query log; optimise slow queries, and bound them by a query timeout",
    ))
}

pub(super) fn lock_waits(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let (waiting, event) = evidence.waits(|event| event.starts_with("Lock:"));
    if waiting < NOTABLE_WAIT {
        return None;
    }
    let waiters = evidence.database()?.lock_waiters_mean;
    let finding = RuleFinding::new(
        Symptom::LockWaits,
        format!(
            "{} of the active backends' time is waiting for a lock of another ({waiters:.1} at a time), mostly {event}",
            percent(waiting)
        ),
        "reduce lock contention: shorter transactions, the lock as late as possible, one statement instead of read and write",
    );
    Some(finding.found_in(event))
}

pub(super) fn deadlocks(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let found = evidence.database()?.deadlocks;
    if found == 0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::Deadlocks,
        format!("PostgreSQL broke {found} deadlocks"),
        "database deadlocks: take locks in one order everywhere, and run the loser again",
    ))
}

pub(super) fn retries(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let retries = &evidence.database()?.retries;
    let all: u64 = retries.values().sum();
    if all == 0 || (all as f64) < 0.01 * evidence.requests() {
        return None;
    }
    let (most, _) = retries.iter().max_by_key(|(_, count)| **count)?;
    let by_state: Vec<String> = retries
        .iter()
        .map(|(state, count)| format!("{count} x {state}"))
        .collect();
    let finding = RuleFinding::new(
        Symptom::Retries,
        format!(
            "transactions ran again: {} in {:.0} requests",
            by_state.join(", "),
            evidence.requests()
        ),
        "a serializable transaction that often loses costs more than a lock: guard the one row that is contended",
    );
    Some(finding.found_in(most))
}

pub(super) fn commit_sync(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    // PostgreSQL spells these names differently from version to version.
    let (syncing, event) = evidence.waits(|event| {
        let event = event.to_ascii_lowercase();
        event.contains("walsync") || event.contains("walwrite")
    });
    if syncing < NOTABLE_WAIT {
        return None;
    }
    let log = evidence.database()?.wal_bytes as f64;
    let each = evidence.arm.server.per_request(log)?;
    let finding = RuleFinding::new(
        Symptom::CommitSync,
        format!(
            "{} of the active backends' time is writing the log to disk; {each:.0} bytes of it a request",
            percent(syncing)
        ),
        "monitor disk I/O: fewer commits (group small messages and writes into one), or a faster disk",
    );
    Some(finding.found_in(event))
}

pub(super) fn disk_reads(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let database = evidence.database()?;
    let (hit, read) = (database.blocks_hit as f64, database.blocks_read as f64);
    if read < 1_000.0 || read < 0.05 * (hit + read) {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::DiskReads,
        format!(
            "{} of {:.0} buffers came from outside of shared memory",
            percent(read / (hit + read)),
            hit + read
        ),
        "more memory for PostgreSQL (shared_buffers), or indexes that read less",
    ))
}

pub(super) fn idle_in_transaction(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let idle = evidence.database()?.idle_in_transaction_mean;
    let pool = f64::from(evidence.arm.server.pool_max);
    if pool <= 0.0 || idle < 1.0 || idle < 0.2 * pool {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::IdleInTransaction,
        format!(
            "{idle:.1} of {pool:.0} connections are inside a transaction and wait for the application"
        ),
        "do nothing but SQL between begin and commit: no hashing, no request to another service",
    ))
}
