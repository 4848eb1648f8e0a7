//! What is stored about why a figure is what it is: the parts of the response time, what the
//! database did, query plans, and what to try next.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use loadgen_engine::sample::ResponseParts;

/// One band of the response time of an operation, the successes ranked from fast to slow; the
/// last one holds the requests that failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// `below p50`, `p50 to p90`, `p90 to p99`, `above p99`, `failed`. With fewer requests the
    /// slowest band is `above p90`, `above p50` or `all requests`: ten or more lie in it.
    pub name: String,
    /// Responses in it.
    pub requests: f64,
    /// Their mean response time in milliseconds; the sum of `parts_ms`.
    pub mean_ms: f64,
    /// Mean milliseconds of its parts.
    #[schemars(schema_with = "super::parts::response_parts")]
    pub parts_ms: ResponseParts,
}

/// What PostgreSQL did in the measured windows, by its own counters and by samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Database {
    /// Rows returned by scans: what had to be read, not what was answered.
    pub rows_returned: u64,
    /// Rows that index scans fetched.
    pub rows_by_index: u64,
    /// Buffers found in shared memory.
    pub blocks_hit: u64,
    /// Buffers read from the system.
    pub blocks_read: u64,
    /// Bytes of write-ahead log.
    pub wal_bytes: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions rolled back.
    pub rollbacks: u64,
    /// Deadlocks found.
    pub deadlocks: u64,
    /// Mean number of backends that ran a statement, over the samples.
    pub active_mean: f64,
    /// Mean number of backends inside a transaction that waited for the application.
    pub idle_in_transaction_mean: f64,
    /// Mean number of backends that waited for a lock of another.
    pub lock_waiters_mean: f64,
    /// Transactions run again because they lost against another one, by SQLSTATE.
    pub retries: BTreeMap<String, u64>,
}

/// What password hashing did in the measured windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hashing {
    /// Hashes computed.
    pub hashes: u64,
    /// Seconds spent computing them, by the clock: more where more threads hash than there are processors.
    pub busy_s: f64,
    /// Seconds of CPU time that they took; 0 where the target does not tell it.
    #[serde(default)]
    pub cpu_s: f64,
    /// Seconds waited for a place.
    pub wait_s: f64,
}

/// How one statement of an operation was carried out, by `explain (analyze, buffers)`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatementPlan {
    /// `orders.list`.
    pub operation: String,
    /// What the statement is for: `page`, `account`.
    pub statement: String,
    /// How often one request sends it, at most.
    pub times: u32,
    /// Its nodes, parents first.
    pub nodes: Vec<PlanNode>,
    /// Rows that the scans read, filtered ones included.
    pub rows_read: f64,
    /// Rows that it returned.
    pub rows_returned: f64,
    /// Buffers found in shared memory.
    pub buffers_hit: u64,
    /// Buffers read from the system.
    pub buffers_read: u64,
    /// How long it ran, in milliseconds.
    pub took_ms: f64,
}

/// One node of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanNode {
    /// How deep it lies, from 0.
    pub depth: u32,
    /// `Seq Scan`, `Index Scan` …
    pub kind: String,
    /// The table that it scans.
    pub relation: Option<String>,
    /// The index that it reads.
    pub index: Option<String>,
    /// Rows it gave, all its loops together.
    pub rows: f64,
    /// Rows it read and threw away.
    pub rows_removed: f64,
}

impl PlanNode {
    /// `Index Scan on orders by orders_open_idx`.
    pub fn words(&self) -> String {
        let mut words = self.kind.clone();
        if let Some(relation) = &self.relation {
            words.push_str(" on ");
            words.push_str(relation);
        }
        if let Some(index) = &self.index {
            words.push_str(" by ");
            words.push_str(index);
        }
        words
    }
}

impl StatementPlan {
    /// The plan in one line, the root first.
    pub fn shape(&self) -> String {
        let words: Vec<String> = self.nodes.iter().map(PlanNode::words).collect();
        words.join(" > ")
    }
}

/// Something to try, and the evidence that speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// Which rule: `POOL_WAIT`.
    pub code: String,
    /// What was measured, with figures.
    pub evidence: String,
    /// What to do about it.
    pub advice: String,
    /// A switch with its value to try: `pool.max=22`; absent where no switch is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
}
