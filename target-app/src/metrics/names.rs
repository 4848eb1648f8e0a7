//! Every metric name once.

/// Requests answered, by `method`, `route` and `status`.
pub const REQUESTS: &str = "targetapp_http_requests_total";
/// Seconds from the first byte read to the response made, by `route`.
pub const REQUEST_SECONDS: &str = "targetapp_http_request_seconds";
/// Requests to the API being worked on.
pub const IN_FLIGHT: &str = "targetapp_http_in_flight";
/// PostgreSQL statements sent on behalf of requests.
pub const QUERIES: &str = "targetapp_db_queries_total";
/// Redis commands sent on behalf of requests, without checks of pooled connections.
pub const REDIS_COMMANDS: &str = "targetapp_redis_commands_total";
/// Checks of pooled Redis connections (`UNWATCH` and `PING`).
pub const REDIS_PINGS: &str = "targetapp_redis_pings_total";
/// Limit on concurrent requests; 0 without one.
pub const ADMISSION_LIMIT: &str = "targetapp_admission_limit";
/// Requests admitted and not answered yet.
pub const ADMISSION_IN_FLIGHT: &str = "targetapp_admission_in_flight";
/// Requests in the admission queue.
pub const ADMISSION_WAITING: &str = "targetapp_admission_waiting";
/// Requests admitted.
pub const ADMITTED: &str = "targetapp_admission_admitted_total";
/// Seconds that requests waited in the admission queue.
pub const ADMISSION_WAIT_SECONDS: &str = "targetapp_admission_wait_seconds_total";
/// Requests rejected by the admission limiter.
pub const SHED: &str = "targetapp_admission_shed_total";
/// Seconds that requests with a database connection waited for it.
pub const POOL_WAIT_SECONDS: &str = "targetapp_pool_wait_seconds";
/// Connections of the pool, by `state`: `idle` or `busy`.
pub const POOL_CONNECTIONS: &str = "targetapp_pool_connections";
/// Most connections that the pool may hold.
pub const POOL_MAX: &str = "targetapp_pool_max_connections";
/// Requests waiting for a connection.
pub const POOL_WAITERS: &str = "targetapp_pool_waiters";
/// Checkouts so far.
pub const POOL_ACQUIRES: &str = "targetapp_pool_acquires_total";
/// Checkouts given up.
pub const POOL_TIMEOUTS: &str = "targetapp_pool_timeouts_total";
/// Transactions run again after they lost against another one, by `sqlstate`.
pub const TRANSACTION_RETRIES: &str = "targetapp_db_transaction_retries_total";
/// Whether reads may go to the replica: 1, or 0 while it is away or not configured.
pub const REPLICA_USABLE: &str = "targetapp_replica_usable";
/// Bytes of log that the primary has written and the replica has not replayed.
pub const REPLICA_LAG_BYTES: &str = "targetapp_replica_lag_bytes";
/// Seconds for which the oldest of them have been there.
pub const REPLICA_LAG_SECONDS: &str = "targetapp_replica_lag_seconds";
/// Checkouts for reads that could go to the replica, by `route`: `replica`; `own_writes`, to the
/// primary because its person had just written; `fallback`, to the primary because the replica was away.
pub const REPLICA_READS: &str = "targetapp_replica_reads_total";
/// Times that the replica was lost.
pub const REPLICA_LOSSES: &str = "targetapp_replica_losses_total";
/// Cache look-ups, by `cache` and `outcome`: `hit` or `miss`; hits also by `store`: `memory` or
/// `redis`.
pub const CACHE_LOOKUPS: &str = "targetapp_cache_lookups_total";
/// Values loaded and stored, by `cache`.
pub const CACHE_FILLS: &str = "targetapp_cache_fills_total";
/// Look-ups that waited for another's load, by `cache`.
pub const CACHE_SHARED_LOADS: &str = "targetapp_cache_shared_loads_total";
/// Invalidations, by `cache`.
pub const CACHE_INVALIDATIONS: &str = "targetapp_cache_invalidations_total";
/// Hits on remembered absences, by `cache`.
pub const CACHE_NEGATIVE_HITS: &str = "targetapp_cache_negative_hits_total";
/// Loaded values that were not stored because of an invalidation since the look-up, by `cache`.
pub const CACHE_REFUSED_FILLS: &str = "targetapp_cache_refused_fills_total";
/// Values refreshed before they expired, by `cache`.
pub const CACHE_EARLY_REFRESHES: &str = "targetapp_cache_early_refreshes_total";
/// Failures of the store, by `cache`.
pub const CACHE_ERRORS: &str = "targetapp_cache_errors_total";
/// Passwords hashed or checked.
pub const HASHES: &str = "targetapp_password_hashes_total";
/// Seconds spent on that.
pub const HASH_SECONDS: &str = "targetapp_password_hash_seconds_total";
/// Seconds waited for a thread to do that.
pub const HASH_WAIT_SECONDS: &str = "targetapp_password_hash_wait_seconds_total";
/// Open chat sockets.
pub const CHAT_SOCKETS: &str = "targetapp_chat_sockets";
/// Chat messages accepted.
pub const CHAT_MESSAGES: &str = "targetapp_chat_messages_total";
/// Commits that stored chat messages in batches.
pub const CHAT_BATCHES: &str = "targetapp_chat_batches_total";
/// Copies queued to sockets.
pub const CHAT_DELIVERIES: &str = "targetapp_chat_deliveries_total";
/// `lagged` frames to slow sockets.
pub const CHAT_LAGGED: &str = "targetapp_chat_lagged_total";
/// Requests to initiate a video class, by `outcome`: `new`, or `live` where it had begun before.
pub const SESSIONS_INITIATED: &str = "targetapp_sessions_initiated_total";
/// Requests to end a video class.
pub const SESSIONS_ENDED: &str = "targetapp_sessions_ended_total";
/// Open signalling sockets.
pub const SIGNAL_SOCKETS: &str = "targetapp_signal_sockets";
/// Signals from one participant of a class to the other, by `kind` (`offer`, `answer`, `ice`) and
/// `outcome`: `relayed`, `peer_absent` or `peer_slow`.
pub const SIGNALS: &str = "targetapp_signals_total";
/// Attempts of calls to the payment provider, by `call` and `outcome`: `ok`, `failed`, `rejected`, or
/// `not_asked` because the breaker was open.
pub const PROVIDER_CALLS: &str = "targetapp_payment_provider_calls_total";
/// Seconds of one attempt, by `call`.
pub const PROVIDER_SECONDS: &str = "targetapp_payment_provider_seconds";
/// The breaker in front of the payment provider at the moment of the scrape: 0 closed, 1 the next call or one
/// under way tries, 2 open.
pub const PROVIDER_BREAKER: &str = "targetapp_payment_provider_breaker";
/// Events of the payment provider, by `kind` and `outcome`.
pub const PAYMENT_EVENTS: &str = "targetapp_payment_events_total";
/// Places of unpaid bookings that were given back.
pub const HOLDS_RELEASED: &str = "targetapp_holds_released_total";
/// Engines since start; a profile change adds one.
pub const ENGINE_GENERATION: &str = "targetapp_engine_generation";
/// CPU seconds of this process; named as Prometheus client libraries do.
pub const PROCESS_CPU: &str = "process_cpu_seconds_total";
/// Resident bytes of this process.
pub const PROCESS_RSS: &str = "process_resident_memory_bytes";
/// Most bytes that this process may hold: its control group's limit, or else the machine's memory.
pub const MEMORY_LIMIT: &str = "targetapp_memory_limit_bytes";
/// Threads of this process.
pub const PROCESS_THREADS: &str = "process_threads";
