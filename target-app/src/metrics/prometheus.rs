//! All counters as Prometheus text.

use std::{collections::BTreeMap, sync::OnceLock};

use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use shared::snapshot::{
    AdmissionSnapshot, CacheSnapshot, ChatSnapshot, HashingSnapshot, HttpSnapshot, PoolSnapshot,
    ProcessSnapshot, ReplicaSnapshot,
};

use super::names;

/// Upper bounds in seconds: from a cached read to a request that is given up.
const BUCKETS: &[f64] = &[
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0,
];
/// Counters of seconds. The recorder's counters hold integers, so it takes these as gauges, and
/// the page gives them the type that they have.
const GROWING_SECONDS: [&str; 4] = [
    names::ADMISSION_WAIT_SECONDS,
    names::PROCESS_CPU,
    names::HASH_SECONDS,
    names::HASH_WAIT_SECONDS,
];

/// What is read at the moment of a scrape rather than counted as it happens.
#[derive(Debug, Default)]
pub struct Scrape {
    /// The HTTP side.
    pub http: HttpSnapshot,
    /// The admission limiter.
    pub admission: AdmissionSnapshot,
    /// The pool.
    pub pool: PoolSnapshot,
    /// Transactions run again, by SQLSTATE.
    pub retries: BTreeMap<String, u64>,
    /// The replica of the database, where one is configured.
    pub replica: Option<ReplicaSnapshot>,
    /// Each cache, by kind.
    pub caches: BTreeMap<String, CacheSnapshot>,
    /// Password hashing.
    pub hashing: HashingSnapshot,
    /// Sockets and messages of the chat.
    pub chat: ChatSnapshot,
    /// What features read at that moment, by the name of the metric.
    pub gauges: Vec<(&'static str, f64)>,
    /// This process.
    pub process: ProcessSnapshot,
    /// Most bytes that this process may hold; `None` where it is not known.
    pub memory_limit: Option<u64>,
    /// Engines since start.
    pub generation: u64,
}

/// The recorder of the process, installed at the first call.
pub fn handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = [
            names::REQUEST_SECONDS,
            names::POOL_WAIT_SECONDS,
            names::PROVIDER_SECONDS,
        ]
        .into_iter()
        .try_fold(PrometheusBuilder::new(), |builder, name| {
            builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), BUCKETS)
        })
        .expect("the list of buckets is not empty")
        .build_recorder();
        let handle = recorder.handle();
        // An error means that another recorder is installed: then that one is used.
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics will be incomplete");
        }
        describe();
        handle
    })
}

/// The text of a scrape.
pub fn render(scrape: &Scrape) -> String {
    let handle = handle();
    gauge!(names::IN_FLIGHT).set(scrape.http.in_flight as f64);
    counter!(names::QUERIES).absolute(scrape.http.queries);
    counter!(names::REDIS_COMMANDS).absolute(scrape.http.redis_commands);
    counter!(names::REDIS_PINGS).absolute(scrape.http.redis_pings);
    gauge!(names::ADMISSION_LIMIT).set(scrape.admission.limit);
    gauge!(names::ADMISSION_IN_FLIGHT).set(scrape.admission.in_flight);
    gauge!(names::ADMISSION_WAITING).set(scrape.admission.waiting);
    counter!(names::ADMITTED).absolute(scrape.admission.admitted);
    counter!(names::SHED).absolute(scrape.admission.shed);
    gauge!(names::ADMISSION_WAIT_SECONDS).set(scrape.admission.wait_us as f64 / 1e6);
    gauge!(names::POOL_MAX).set(scrape.pool.max);
    gauge!(names::POOL_CONNECTIONS, "state" => "idle").set(scrape.pool.idle);
    gauge!(names::POOL_CONNECTIONS, "state" => "busy")
        .set(scrape.pool.size.saturating_sub(scrape.pool.idle));
    gauge!(names::POOL_WAITERS).set(scrape.pool.waiters);
    counter!(names::POOL_ACQUIRES).absolute(scrape.pool.acquires);
    counter!(names::POOL_TIMEOUTS).absolute(scrape.pool.timeouts);
    for (sqlstate, times) in &scrape.retries {
        counter!(names::TRANSACTION_RETRIES, "sqlstate" => sqlstate.clone()).absolute(*times);
    }
    if let Some(replica) = &scrape.replica {
        note_replica(replica);
    }
    for (kind, cache) in &scrape.caches {
        let kind = kind.clone();
        for (store, hits) in [("memory", cache.memory_hits), ("redis", cache.redis_hits)] {
            counter!(names::CACHE_LOOKUPS, "cache" => kind.clone(), "outcome" => "hit", "store" => store)
                .absolute(hits);
        }
        counter!(names::CACHE_LOOKUPS, "cache" => kind.clone(), "outcome" => "miss")
            .absolute(cache.misses);
        counter!(names::CACHE_FILLS, "cache" => kind.clone()).absolute(cache.fills);
        counter!(names::CACHE_SHARED_LOADS, "cache" => kind.clone()).absolute(cache.shared_loads);
        counter!(names::CACHE_INVALIDATIONS, "cache" => kind.clone()).absolute(cache.invalidations);
        counter!(names::CACHE_NEGATIVE_HITS, "cache" => kind.clone()).absolute(cache.negative_hits);
        counter!(names::CACHE_REFUSED_FILLS, "cache" => kind.clone()).absolute(cache.refused_fills);
        counter!(names::CACHE_EARLY_REFRESHES, "cache" => kind.clone())
            .absolute(cache.early_refreshes);
        counter!(names::CACHE_ERRORS, "cache" => kind).absolute(cache.errors);
    }
    counter!(names::HASHES).absolute(scrape.hashing.hashes);
    gauge!(names::HASH_SECONDS).set(scrape.hashing.busy_us as f64 / 1e6);
    gauge!(names::HASH_WAIT_SECONDS).set(scrape.hashing.wait_us as f64 / 1e6);
    gauge!(names::CHAT_SOCKETS).set(scrape.chat.sockets as f64);
    counter!(names::CHAT_MESSAGES).absolute(scrape.chat.messages);
    counter!(names::CHAT_BATCHES).absolute(scrape.chat.batches);
    counter!(names::CHAT_DELIVERIES).absolute(scrape.chat.deliveries);
    counter!(names::CHAT_LAGGED).absolute(scrape.chat.lagged);
    for (name, level) in &scrape.gauges {
        gauge!(*name).set(*level);
    }
    gauge!(names::ENGINE_GENERATION).set(scrape.generation as f64);
    gauge!(names::PROCESS_CPU).set(scrape.process.cpu_ns as f64 / 1e9);
    gauge!(names::PROCESS_RSS).set(scrape.process.rss_bytes as f64);
    gauge!(names::PROCESS_THREADS).set(scrape.process.threads);
    if let Some(limit) = scrape.memory_limit {
        gauge!(names::MEMORY_LIMIT).set(limit as f64);
    }
    as_counters(handle.render())
}

fn note_replica(replica: &ReplicaSnapshot) {
    gauge!(names::REPLICA_USABLE).set(u8::from(replica.usable));
    gauge!(names::REPLICA_LAG_BYTES).set(replica.lag_bytes as f64);
    gauge!(names::REPLICA_LAG_SECONDS).set(replica.lag_us as f64 / 1e6);
    for (route, reads) in [
        ("replica", replica.reads),
        ("own_writes", replica.own_writes),
        ("fallback", replica.fallbacks),
    ] {
        counter!(names::REPLICA_READS, "route" => route).absolute(reads);
    }
    counter!(names::REPLICA_LOSSES).absolute(replica.losses);
}

fn as_counters(mut text: String) -> String {
    for name in GROWING_SECONDS {
        let (level, counter) = (
            format!("# TYPE {name} gauge\n"),
            format!("# TYPE {name} counter\n"),
        );
        text = text.replacen(&level, &counter, 1);
    }
    text
}

fn describe() {
    use metrics::{
        describe_counter as count, describe_gauge as level, describe_histogram as spread,
    };
    count!(names::REQUESTS, "Requests answered");
    spread!(
        names::REQUEST_SECONDS,
        "Seconds from the first byte read to the response made"
    );
    level!(names::IN_FLIGHT, "Requests being worked on");
    count!(
        names::QUERIES,
        "PostgreSQL statements sent on behalf of requests"
    );
    count!(
        names::REDIS_COMMANDS,
        "Redis commands sent on behalf of requests, without checks of pooled connections"
    );
    count!(
        names::REDIS_PINGS,
        "Checks of pooled Redis connections (UNWATCH and PING)"
    );
    spread!(
        names::POOL_WAIT_SECONDS,
        "Seconds that a request waited for a database connection"
    );
    level!(
        names::ADMISSION_LIMIT,
        "Limit on concurrent requests; 0 without one"
    );
    level!(
        names::ADMISSION_IN_FLIGHT,
        "Requests admitted and not answered yet"
    );
    level!(names::ADMISSION_WAITING, "Requests in the admission queue");
    count!(names::ADMITTED, "Requests admitted");
    level!(
        names::ADMISSION_WAIT_SECONDS,
        "Seconds that requests waited in the admission queue"
    );
    count!(names::SHED, "Requests rejected by the admission limiter");
    level!(names::POOL_CONNECTIONS, "Connections of the pool");
    level!(names::POOL_MAX, "Most connections that the pool may hold");
    level!(names::POOL_WAITERS, "Requests waiting for a connection");
    count!(names::POOL_ACQUIRES, "Checkouts so far");
    count!(names::POOL_TIMEOUTS, "Checkouts given up");
    count!(
        names::TRANSACTION_RETRIES,
        "Transactions run again after they lost against another one"
    );
    level!(
        names::REPLICA_USABLE,
        "Whether reads may go to the replica of the database"
    );
    level!(
        names::REPLICA_LAG_BYTES,
        "Bytes of log that the primary has written and the replica has not replayed"
    );
    level!(
        names::REPLICA_LAG_SECONDS,
        "Seconds for which the oldest log that the replica has not replayed has been there"
    );
    count!(
        names::REPLICA_READS,
        "Checkouts for reads that could go to the replica, by where they went"
    );
    count!(names::REPLICA_LOSSES, "Times that the replica was lost");
    count!(names::CACHE_LOOKUPS, "Cache look-ups");
    count!(names::CACHE_FILLS, "Values loaded and stored");
    count!(
        names::CACHE_SHARED_LOADS,
        "Look-ups that waited for another's load"
    );
    count!(names::CACHE_INVALIDATIONS, "Invalidations");
    count!(names::CACHE_NEGATIVE_HITS, "Hits on remembered absences");
    count!(
        names::CACHE_REFUSED_FILLS,
        "Loaded values not stored because of an invalidation since the look-up"
    );
    count!(
        names::CACHE_EARLY_REFRESHES,
        "Values refreshed before they expired"
    );
    count!(names::CACHE_ERRORS, "Failures of the cache's store");
    count!(names::HASHES, "Passwords hashed or checked");
    level!(names::HASH_SECONDS, "Seconds spent hashing passwords");
    level!(
        names::HASH_WAIT_SECONDS,
        "Seconds waited for a thread to hash on"
    );
    level!(names::CHAT_SOCKETS, "Open chat sockets");
    count!(names::CHAT_MESSAGES, "Chat messages accepted");
    count!(
        names::CHAT_BATCHES,
        "Commits that stored chat messages in batches"
    );
    count!(
        names::CHAT_DELIVERIES,
        "Copies of chat messages queued to sockets"
    );
    count!(names::CHAT_LAGGED, "Lagged frames to slow sockets");
    count!(
        names::SESSIONS_INITIATED,
        "Requests to initiate a video class"
    );
    count!(names::SESSIONS_ENDED, "Requests to end a video class");
    level!(names::SIGNAL_SOCKETS, "Open signalling sockets");
    count!(
        names::SIGNALS,
        "Signals from one participant of a video class to the other"
    );
    count!(
        names::PROVIDER_CALLS,
        "Attempts of calls to the payment provider"
    );
    spread!(names::PROVIDER_SECONDS, "Seconds of one attempt");
    level!(
        names::PROVIDER_BREAKER,
        "The breaker in front of the payment provider: 0 closed, 1 one call tries, 2 open"
    );
    count!(names::PAYMENT_EVENTS, "Events of the payment provider");
    count!(
        names::HOLDS_RELEASED,
        "Places of unpaid bookings that were given back"
    );
    level!(names::ENGINE_GENERATION, "Engines since start");
    level!(names::PROCESS_CPU, "CPU seconds of this process");
    level!(names::PROCESS_RSS, "Resident bytes of this process");
    level!(names::PROCESS_THREADS, "Threads of this process");
    level!(
        names::MEMORY_LIMIT,
        "Most bytes that this process may hold: its control group's limit, or else the machine's memory"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_names_every_part() {
        let gauges = crate::features::registry().gauges;
        let scrape = Scrape {
            caches: BTreeMap::from([("users".to_owned(), CacheSnapshot::default())]),
            retries: BTreeMap::from([("40P01".to_owned(), 7)]),
            replica: Some(ReplicaSnapshot::default()),
            generation: 3,
            memory_limit: Some(1 << 30),
            gauges: gauges.iter().map(|gauge| (gauge.name, 1.0)).collect(),
            ..Scrape::default()
        };
        handle();
        let costs = shared::timing::ServerTiming {
            counts: enum_map::enum_map! { _ => 1 },
            ..shared::timing::ServerTiming::default()
        };
        super::super::HttpCounters::record("GET", "/x", 200, &costs);
        super::super::HttpCounters::default().api_answered(Some(200), &costs);
        super::super::provider_call("create", "ok", std::time::Duration::from_millis(3));
        super::super::payment_event("captured", "applied");
        super::super::holds_released(1);
        super::super::session_initiated(true);
        super::super::session_ended();
        super::super::signal("offer", "relayed");
        let text = render(&scrape);
        let names: Vec<&str> = include_str!("names.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1))
            .collect();
        assert!(names.len() > 30 && names.contains(&names::REQUEST_SECONDS));
        for name in names {
            assert!(
                text.contains(&format!("# TYPE {name} ")),
                "{name} is missing"
            );
            assert!(
                text.contains(&format!("# HELP {name} ")),
                "{name} has no help"
            );
        }
        assert!(text.contains("targetapp_engine_generation 3"));
        assert!(text.contains("targetapp_memory_limit_bytes 1073741824"));
        assert!(text.contains("targetapp_payment_provider_breaker 1"));
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            assert_eq!(
                line.contains("_total "),
                line.ends_with(" counter"),
                "{line}"
            );
        }
        assert!(text.contains(r#"targetapp_db_transaction_retries_total{sqlstate="40P01"} 7"#));
    }
}
