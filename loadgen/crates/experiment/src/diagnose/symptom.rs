//! What a rule can find, as one closed list: rules, switches and notes refer to it.

/// What was found to be wrong. Where a symptom was found in something that has a name, a
/// [`SwitchHint`](super::SwitchHint) may ask for that name; the comments say what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Symptom {
    /// An invariant is broken. Found in: the invariant.
    WrongData,
    /// Requests got no connection.
    RefusedConnections,
    /// Connections broke before the answer was there.
    Resets,
    /// Answers with status 429.
    RateLimited,
    /// Answers with status 503.
    Unavailable,
    /// Answers with status 500.
    ServerErrors,
    /// Messages over a WebSocket fail or are slow. Found in: the operation.
    SlowSockets,
    /// Requests had no answer in time.
    Timeouts,
    /// Requests wait at the admission limiter.
    AdmissionWait,
    /// Requests wait for a pooled connection, and the pool is smaller than the load needs.
    PoolTooSmall,
    /// Requests wait for a pooled connection although there are enough of them.
    ConnectionsHeldTooLong,
    /// Transactions wait in the pooler before the database for one of its server connections.
    PoolerWait,
    /// The pool may open about as many connections as PostgreSQL admits, or more.
    ConnectionLimit,
    /// Password hashing takes the time. Found in: the operation that hashes.
    Hashing,
    /// More threads hash at once than there are processors.
    HashThreads,
    /// Redis commands failed.
    RedisErrors,
    /// Connections to Redis are checked for many commands.
    RedisRoundTrips,
    /// Redis takes most of the time.
    SlowRedis,
    /// A cacheable read loads from the database each time. Found in: the cache kind.
    CacheOff,
    /// A cache that is on seldom has the value. Found in: the cache kind.
    CacheMisses,
    /// The processes used nearly all cores. Found in: the process that used most.
    BusyCpu,
    /// The load generator did not keep its schedule. Found in: the failed check.
    LateGenerator,
    /// Memory grows from trial to trial. Found in: the process.
    MemoryGrowth,
    /// The application takes the time, in none of the parts that it reports.
    Unexplained,
    /// The time passes outside of the application.
    Network,
    /// The responses state no time of the application, so that nobody knows where theirs passed.
    Untimed,
    /// Requests were due before they could be sent.
    Backlog,
    /// Answers are large. Found in: the operation.
    LargeAnswers,
    /// A request sends the same query many times. Found in: the operation.
    QueryLoop,
    /// A request sends many queries of which none is known to be repeated. Found in: the
    /// operation.
    ManyQueries,
    /// A statement reads many more rows than it returns. Found in: the table, where it is known.
    MissingIndex,
    /// PostgreSQL statements take the time.
    SlowQueries,
    /// Backends wait for locks of others. Found in: the most frequent wait event.
    LockWaits,
    /// PostgreSQL broke deadlocks.
    Deadlocks,
    /// Transactions lost against others and ran again. Found in: the most frequent SQLSTATE.
    Retries,
    /// Commits wait for the write-ahead log. Found in: the most frequent wait event.
    CommitSync,
    /// PostgreSQL reads many buffers from outside of its shared memory.
    DiskReads,
    /// Connections are inside a transaction and wait for the application.
    IdleInTransaction,
}

impl Symptom {
    /// The code that is stored with a recommendation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongData => "WRONG_DATA",
            Self::RefusedConnections => "CONNECT",
            Self::Resets => "RESETS",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable => "UNAVAILABLE",
            Self::ServerErrors => "SERVER_ERRORS",
            Self::SlowSockets => "WEBSOCKET",
            Self::Timeouts => "TIMEOUTS",
            Self::AdmissionWait => "ADMISSION_WAIT",
            // Two ways to help against the same symptom; readers look for one word.
            Self::PoolTooSmall | Self::ConnectionsHeldTooLong => "POOL_WAIT",
            Self::PoolerWait => "POOLER_WAIT",
            Self::ConnectionLimit => "CONNECTION_LIMIT",
            Self::Hashing => "HASHING",
            Self::HashThreads => "HASH_THREADS",
            Self::RedisErrors => "REDIS_ERRORS",
            Self::RedisRoundTrips => "REDIS_ROUND_TRIPS",
            Self::SlowRedis => "SLOW_REDIS",
            Self::CacheOff => "CACHE_OFF",
            Self::CacheMisses => "CACHE_MISSES",
            Self::BusyCpu => "CPU",
            Self::LateGenerator => "GENERATOR",
            Self::MemoryGrowth => "MEMORY",
            Self::Unexplained => "UNEXPLAINED",
            Self::Network => "NETWORK",
            Self::Untimed => "UNTIMED",
            Self::Backlog => "BACKLOG",
            Self::LargeAnswers => "LARGE_ANSWERS",
            Self::QueryLoop => "N_PLUS_ONE",
            Self::ManyQueries => "MANY_QUERIES",
            Self::MissingIndex => "MISSING_INDEX",
            Self::SlowQueries => "SLOW_QUERIES",
            Self::LockWaits => "LOCK_WAITS",
            Self::Deadlocks => "DEADLOCKS",
            Self::Retries => "RETRIES",
            Self::CommitSync => "COMMIT_SYNC",
            Self::DiskReads => "DISK_READS",
            Self::IdleInTransaction => "IDLE_IN_TRANSACTION",
        }
    }
}
