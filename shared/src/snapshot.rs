//! What the target says of itself at one instant. Counters only grow; the observer takes differences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One sample of `GET /lab/telemetry`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// Milliseconds since the server started; a step back means a restart.
    pub uptime_ms: u64,
    /// Fingerprint of the profile in force.
    pub profile: String,
    /// The HTTP side.
    pub http: HttpSnapshot,
    /// The admission limiter: how many requests may run at once.
    pub admission: AdmissionSnapshot,
    /// The PostgreSQL connection pool.
    pub pool: PoolSnapshot,
    /// Transactions run again because they lost against another one, by SQLSTATE: `40001` for
    /// serialization failures, `40P01` for deadlocks.
    #[serde(default)]
    pub retries: BTreeMap<String, u64>,
    /// Each cache, by kind: `mentors`, `bookings`, `users`.
    pub caches: BTreeMap<String, CacheSnapshot>,
    /// Password hashing.
    pub hashing: HashingSnapshot,
    /// Sockets and messages of the chat.
    pub chat: ChatSnapshot,
    /// The database server; absent when it did not answer in time.
    pub postgres: Option<PostgresSnapshot>,
    /// The pooler before the database server; absent where none is configured, and when it did not
    /// answer in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooler: Option<PoolerSnapshot>,
    /// The replica of the database server; absent where none is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<ReplicaSnapshot>,
    /// The Redis server; absent when it did not answer in time.
    pub redis: Option<RedisSnapshot>,
    /// This process.
    pub process: ProcessSnapshot,
    /// Requests that each of several processes answered; empty in the sample of one process, filled
    /// where samples of several are added up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<String, u64>,
}

/// Requests to the API since the process started, by the server's own count. Requests to the
/// control plane, to health checks and to metrics are not in it; a frame of a chat client is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HttpSnapshot {
    /// Requests answered.
    pub requests: u64,
    /// Of those, with a status of 500 or above.
    pub server_errors: u64,
    /// Requests being worked on.
    pub in_flight: u64,
    /// PostgreSQL statements sent on behalf of requests.
    pub queries: u64,
    /// Redis commands sent on behalf of requests, without checks of pooled connections.
    pub redis_commands: u64,
    /// Checks of pooled Redis connections at their checkout: one `UNWATCH` and one `PING` each.
    pub redis_pings: u64,
}

/// The admission limiter before the handlers of the API. All zero where `http.admission` is off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdmissionSnapshot {
    /// Most requests that are worked on at once, as of now.
    pub limit: u32,
    /// Requests being worked on.
    pub in_flight: u32,
    /// Requests waiting to be let in.
    pub waiting: u32,
    /// Requests let in so far.
    pub admitted: u64,
    /// Requests turned away so far.
    pub shed: u64,
    /// Microseconds waited to be let in so far.
    pub wait_us: u64,
}

/// The connection pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolSnapshot {
    /// Most connections it may hold.
    pub max: u32,
    /// Connections it holds.
    pub size: u32,
    /// Of those, not in use.
    pub idle: u32,
    /// Requests waiting for one.
    pub waiters: u32,
    /// Checkouts so far.
    pub acquires: u64,
    /// Microseconds waited in checkouts so far.
    pub wait_us: u64,
    /// Checkouts given up after `pool.acquire_timeout`.
    pub timeouts: u64,
}

/// One cache.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CacheSnapshot {
    /// Look-ups that found a value.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
    /// Values loaded and stored.
    pub fills: u64,
    /// Look-ups that waited for another's load instead of loading.
    pub shared_loads: u64,
    /// Keys that were removed because their data changed.
    pub invalidations: u64,
    /// Failures of the store; each was answered without the cache.
    pub errors: u64,
    /// Of the hits, those found in this process.
    #[serde(default)]
    pub memory_hits: u64,
    /// Of the hits, those found in Redis.
    #[serde(default)]
    pub redis_hits: u64,
    /// Of the hits, those of values that do not exist.
    #[serde(default)]
    pub negative_hits: u64,
    /// Loaded values that were not stored because a mutation had overtaken them.
    #[serde(default)]
    pub refused_fills: u64,
    /// Values found, but loaded anew before their end.
    #[serde(default)]
    pub early_refreshes: u64,
}

/// Password hashing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HashingSnapshot {
    /// Hashes computed.
    pub hashes: u64,
    /// Microseconds spent computing them, by the clock: where more threads hash than there are processors, each
    /// takes longer.
    pub busy_us: u64,
    /// Microseconds of CPU time that they took.
    #[serde(default)]
    pub cpu_us: u64,
    /// Microseconds waited for a place.
    pub wait_us: u64,
}

/// Sockets and messages of the chat, since the process started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatSnapshot {
    /// Open sockets.
    pub sockets: u64,
    /// Messages accepted.
    pub messages: u64,
    /// Commits that stored messages in batches; with `messages`, how many went with each.
    pub batches: u64,
    /// Copies queued to sockets.
    pub deliveries: u64,
    /// Times a slow socket was asked to resume instead of being queued to.
    pub lagged: u64,
}

/// The database server, seen from `pg_stat_activity`, `pg_stat_database` and `pg_stat_wal` over
/// a connection to another database, so that looking adds nothing to these figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostgresSnapshot {
    /// When the server started, in milliseconds since 1970: its counters began then.
    pub started_ms: i64,
    /// Backends of this database that run a statement.
    pub active: u32,
    /// Backends that wait for the client.
    pub idle: u32,
    /// Backends in a transaction that wait for the client.
    pub idle_in_transaction: u32,
    /// Active backends by what they wait for, `Lock:tuple` for example; `CPU` where nothing.
    pub waits: BTreeMap<String, u32>,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions rolled back.
    pub rollbacks: u64,
    /// Deadlocks found.
    pub deadlocks: u64,
    /// Rows returned by scans.
    pub rows_returned: u64,
    /// Rows fetched by index scans.
    pub rows_fetched: u64,
    /// Buffers found in shared memory.
    pub blocks_hit: u64,
    /// Buffers read from the system.
    pub blocks_read: u64,
    /// Bytes of write-ahead log.
    pub wal_bytes: u64,
}

/// PgBouncer, seen from `SHOW POOLS` and `SHOW STATS`, for the database of the target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolerSnapshot {
    /// Client connections that have a server connection, or need none now.
    pub clients_active: u32,
    /// Client connections that wait for a server connection.
    pub clients_waiting: u32,
    /// Server connections.
    pub servers: u32,
    /// Of those, in a transaction of a client.
    pub servers_active: u32,
    /// Microseconds that the client at the head of the queue has waited by now.
    pub longest_wait_us: u64,
    /// Transactions so far.
    pub transactions: u64,
    /// Microseconds that clients have waited for a server connection so far.
    pub wait_us: u64,
}

/// A replica of the database server, and the reads that may go to it, as this process sees them. A
/// read is one checkout of a connection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplicaSnapshot {
    /// Whether it answers and had caught up when it came back: then reads may go to it.
    pub usable: bool,
    /// Bytes of write-ahead log that the primary has written and it has not replayed.
    pub lag_bytes: u64,
    /// Microseconds for which the oldest position among them has been the primary's; 0 where it has
    /// replayed all.
    pub lag_us: u64,
    /// Reads that went to it so far.
    pub reads: u64,
    /// Reads that went to the primary so far because their person had written what it might not have.
    pub own_writes: u64,
    /// Reads that went to the primary so far because it was away or had no free connection.
    pub fallbacks: u64,
    /// Times that it was lost.
    pub losses: u64,
}

/// The Redis server, seen from `INFO`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedisSnapshot {
    /// Key look-ups that found a value.
    pub keyspace_hits: u64,
    /// Key look-ups that did not.
    pub keyspace_misses: u64,
    /// Connected clients, without the connection that asks.
    pub clients: u32,
    /// Memory in use, in bytes.
    pub used_memory: u64,
}

/// One process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcessSnapshot {
    /// Process id, as seen where it runs.
    pub pid: u32,
    /// CPU time so far, user and system, in nanoseconds.
    pub cpu_ns: u64,
    /// Resident memory, in bytes.
    pub rss_bytes: u64,
    /// Number of threads.
    pub threads: u32,
}
