//! Figures of the target while it answers. What is counted by request is the difference of the
//! target's own counters between two samples, over the requests that it counted between the same two.

use super::{Margin, MetricDescription, MetricKind, MetricUnit};

/// A figure of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetFigure {
    /// PostgreSQL statements a request.
    QueriesPerRequest,
    /// Bytes of an answer.
    BytesPerAnswer,
    /// Redis commands a request.
    RedisCommandsPerRequest,
    /// Checks of pooled Redis connections a request.
    RedisPingsPerRequest,
    /// Mean wait of a checkout of the pool.
    PoolWait,
    /// Size of the pool.
    PoolSize,
    /// Most connections in use.
    PoolInUse,
    /// Most waiters.
    PoolWaiters,
    /// Checkouts given up.
    PoolTimeouts,
    /// Most clients of the pooler that waited.
    PoolerWaiters,
    /// Mean wait of a transaction in the pooler.
    PoolerWait,
    /// Most server connections of the pooler.
    PoolerServers,
    /// Longest lag of the replica.
    ReplicaLag,
    /// Most bytes of log that the replica was behind.
    ReplicaLagBytes,
    /// Share of the reads that went to the replica.
    ReplicaShare,
    /// Reads that could not go to the replica.
    ReplicaFallbacks,
    /// Rows read a request.
    RowsPerRequest,
    /// Rows fetched by index a request.
    RowsByIndexPerRequest,
    /// Buffers hit a request.
    BuffersHitPerRequest,
    /// Buffers read a request.
    BuffersReadPerRequest,
    /// Bytes of write-ahead log a request.
    LogPerRequest,
    /// Transactions run again a request.
    RetriesPerRequest,
    /// Deadlocks a request.
    DeadlocksPerRequest,
    /// Share of stale reads.
    StaleReads,
    /// 99th percentile of the age of what was missing.
    StaleAgeP99,
}

impl TargetFigure {
    /// Every figure, in the order of reports.
    pub const ALL: [Self; 25] = [
        Self::QueriesPerRequest,
        Self::BytesPerAnswer,
        Self::RedisCommandsPerRequest,
        Self::RedisPingsPerRequest,
        Self::PoolWait,
        Self::PoolSize,
        Self::PoolInUse,
        Self::PoolWaiters,
        Self::PoolTimeouts,
        Self::PoolerWaiters,
        Self::PoolerWait,
        Self::PoolerServers,
        Self::ReplicaLag,
        Self::ReplicaLagBytes,
        Self::ReplicaShare,
        Self::ReplicaFallbacks,
        Self::RowsPerRequest,
        Self::RowsByIndexPerRequest,
        Self::BuffersHitPerRequest,
        Self::BuffersReadPerRequest,
        Self::LogPerRequest,
        Self::RetriesPerRequest,
        Self::DeadlocksPerRequest,
        Self::StaleReads,
        Self::StaleAgeP99,
    ];

    /// What is known of it.
    pub const fn description(self) -> MetricDescription {
        use MetricKind::{Count, Loss, Neutral, Wait};
        use MetricUnit::{Bytes, Milliseconds, Number, Percent};
        match self {
            Self::QueriesPerRequest => described(
                "queries per request",
                Number,
                Count,
                "PostgreSQL statements that the target sent for requests to its API, over those requests",
            ),
            Self::BytesPerAnswer => described(
                "bytes per answer",
                Bytes,
                Count,
                "Bytes of body in the answers over HTTP, over those answers; messages over sockets are in neither",
            ),
            Self::RedisCommandsPerRequest => labelled(
                "Redis per request",
                described(
                    "redis commands per request",
                    Number,
                    Count,
                    "Redis commands that the target sent for requests to its API, over those requests; checks of pooled connections are not in it",
                ),
            ),
            Self::RedisPingsPerRequest => labelled(
                "Redis pings per request",
                described(
                    "redis pings per request",
                    Number,
                    Count,
                    "Checks of pooled Redis connections at their checkout (UNWATCH and PING), over the requests to the API",
                ),
            ),
            Self::PoolWait => wait(
                "pool wait",
                Milliseconds,
                Wait,
                "Milliseconds that a checkout of the target's connection pool waited, over all checkouts",
            ),
            Self::PoolSize => described(
                "pool size",
                Number,
                Neutral,
                "Most connections that the pool may hold",
            ),
            Self::PoolInUse => labelled(
                "most in use",
                described(
                    "pool in use",
                    Number,
                    Neutral,
                    "Most connections in use in a sample",
                ),
            ),
            Self::PoolWaiters => labelled(
                "most waiting",
                described(
                    "pool waiters",
                    Number,
                    Count,
                    "Most requests that waited for a connection in a sample",
                ),
            ),
            Self::PoolTimeouts => described(
                "pool timeouts",
                Number,
                Count,
                "Checkouts of the pool that were given up",
            ),
            Self::PoolerWaiters => described(
                "pooler waiting",
                Number,
                Count,
                "Most clients of PgBouncer that waited for a server connection in a sample",
            ),
            Self::PoolerWait => wait(
                "pooler wait",
                Milliseconds,
                Wait,
                "Milliseconds that a transaction waited in PgBouncer for a server connection, over all transactions",
            ),
            Self::PoolerServers => described(
                "pooler servers",
                Number,
                Neutral,
                "Most connections from PgBouncer to PostgreSQL in a sample",
            ),
            Self::ReplicaLag => wait(
                "replica lag",
                Milliseconds,
                Wait,
                "Longest time in a sample for which log of the primary had not been replayed by the replica",
            ),
            Self::ReplicaLagBytes => described(
                "replica lag bytes",
                Bytes,
                Neutral,
                "Most bytes of write-ahead log in a sample that the replica had not replayed",
            ),
            Self::ReplicaShare => described(
                "replica share",
                Percent,
                Neutral,
                "Share of the checkouts for reads that could go to the replica which did",
            ),
            Self::ReplicaFallbacks => described(
                "replica fallbacks",
                Number,
                Count,
                "Checkouts for reads that went to the primary because the replica was away or had no free connection",
            ),
            Self::RowsPerRequest => described(
                "rows per request",
                Number,
                Count,
                "Rows that PostgreSQL's scans returned, over the requests to the API: what was read, not what was answered",
            ),
            Self::RowsByIndexPerRequest => described(
                "rows by index per request",
                Number,
                Neutral,
                "Rows that PostgreSQL's index scans fetched, over the requests to the API",
            ),
            Self::BuffersHitPerRequest => described(
                "buffers hit per request",
                Number,
                Count,
                "Buffers that PostgreSQL found in its shared memory, over the requests to the API",
            ),
            Self::BuffersReadPerRequest => described(
                "buffers read per request",
                Number,
                Count,
                "Buffers that PostgreSQL read from the system, over the requests to the API",
            ),
            Self::LogPerRequest => described(
                "log per request",
                Bytes,
                Count,
                "Bytes of PostgreSQL's write-ahead log, over the requests to the API",
            ),
            Self::RetriesPerRequest => described(
                "retries per request",
                Number,
                Count,
                "Transactions that were run again because they lost against another, over the requests to the API",
            ),
            Self::DeadlocksPerRequest => described(
                "deadlocks per request",
                Number,
                Count,
                "Deadlocks that PostgreSQL broke, over the requests to the API",
            ),
            Self::StaleReads => wait(
                "stale reads",
                Percent,
                Loss,
                "Share of the reads with something acknowledged to show that lacked some of it",
            ),
            Self::StaleAgeP99 => wait(
                "stale age p99",
                Milliseconds,
                Wait,
                "99th percentile of the age of what stale reads lacked",
            ),
        }
    }
}

const fn described(
    name: &'static str,
    unit: MetricUnit,
    kind: MetricKind,
    definition: &'static str,
) -> MetricDescription {
    MetricDescription {
        name,
        label: name,
        unit,
        kind,
        margin: Margin::Cost,
        definition,
    }
}

/// The same under a shorter label.
const fn labelled(label: &'static str, of: MetricDescription) -> MetricDescription {
    MetricDescription { label, ..of }
}

const fn wait(
    name: &'static str,
    unit: MetricUnit,
    kind: MetricKind,
    definition: &'static str,
) -> MetricDescription {
    MetricDescription {
        margin: Margin::Tail,
        ..described(name, unit, kind, definition)
    }
}
