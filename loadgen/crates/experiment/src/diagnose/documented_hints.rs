//! Every troubleshooting hint of the five documents that the project comes from, the fault that
//! causes it, and the rule that then gives it, for an application that is made up. Hints about
//! installing the tool itself belong to `loadgen doctor`, and hints that name what the reference
//! backend does to its catalogue.

use super::{
    advise::all_recommendations,
    faults::{
        answered, backlog, busy, busy_database, corruption, deadlocks, disk, ended, exhausted,
        hash, idle, large, late_generator, leak, limit, locks, misses, network, pings, pool,
        query_loop, redis_down, retries, scan, slow_query, sockets, sync, uncached, unexplained,
    },
    fixture::{SHOP, quiet},
};
use crate::schema::Summary;

type Fault = fn(&mut Summary);
type Hints = &'static [(&'static str, &'static str)];

/// Fault, code of the recommendation that it causes, and the hints of the documents (number first)
/// that the advice gives, each with words that it must contain.
const HINTS: &[(Fault, &str, Hints)] = &[
    (
        pool,
        "POOL_WAIT",
        &[
            ("000 verify connection pool configuration", "pool size"),
            (
                "001 increase database pool size",
                "increase the database pool size",
            ),
            ("002 PgBouncer connection pooling", "PgBouncer"),
            ("004 connection pool exhaustion", "pool size"),
        ],
    ),
    (
        limit,
        "CONNECTION_LIMIT",
        &[
            (
                "000 verify database connection limits",
                "verify database connection limits",
            ),
            ("001 too many connections", "smaller"),
            ("002 increase max_connections", "max_connections"),
            ("003 check database connection limits", "connection limits"),
        ],
    ),
    (
        hash,
        "HASHING",
        &[
            ("002 thread pool of 32 for bcrypt", "threads of their own"),
            ("004 keep I/O operations async", "keep I/O async"),
        ],
    ),
    (
        redis_down,
        "REDIS_ERRORS",
        &[
            (
                "001 Redis connection failed, redis-cli ping",
                "redis-cli ping",
            ),
            ("003 verify Redis connectivity", "verify Redis connectivity"),
        ],
    ),
    (
        pings,
        "REDIS_ROUND_TRIPS",
        &[("002 Redis caching", "multiplexed")],
    ),
    (
        uncached,
        "CACHE_OFF",
        &[
            ("001 add caching layer (Redis)", "caching layer (Redis)"),
            ("004 implement caching", "cache frequently accessed data"),
        ],
    ),
    (
        misses,
        "CACHE_MISSES",
        &[("003 verify caching effectiveness", "caching effectiveness")],
    ),
    (
        busy,
        "CPU",
        &[
            ("000 check server resources", "server resources (CPU)"),
            ("000 scale horizontally", "scale horizontally"),
            ("001 increase server resources", "increase server resources"),
            ("004 add more backend instances", "more backend instances"),
            ("004 load balancing with sticky sessions", "sticky sessions"),
        ],
    ),
    (
        busy_database,
        "CPU",
        &[
            ("002 read replicas for analytics", "replica"),
            ("004 scale vertically", "scale vertically"),
        ],
    ),
    (
        late_generator,
        "GENERATOR",
        &[("001 monitor resources during tests", "monitor")],
    ),
    (
        leak,
        "MEMORY",
        &[
            ("001 memory leaks", "memory leaks"),
            ("003 verify connection pooling", "connection pooling"),
        ],
    ),
    (
        unexplained,
        "UNEXPLAINED",
        &[
            (
                "000 review application logs for bottlenecks",
                "logs for bottlenecks",
            ),
            ("003 monitor external service health", "external services"),
            ("004 LLM API slow responses", "external services"),
            ("004 circuit breakers", "circuit breakers"),
        ],
    ),
    (
        network,
        "NETWORK",
        &[
            ("001 network issues", "network configuration"),
            ("003 monitor network latency", "latency"),
            ("004 use CDN", "CDN"),
        ],
    ),
    (
        backlog,
        "BACKLOG",
        &[("001 identify the breaking point", "breaking point")],
    ),
    (
        large,
        "LARGE_ANSWERS",
        &[
            ("001 large payload sizes", "large"),
            (
                "001 paginate large result sets",
                "paginate large result sets",
            ),
            ("001 only fetch needed fields", "fields that are needed"),
            ("001 use compression", "compress"),
        ],
    ),
    (
        query_loop,
        "N_PLUS_ONE",
        &[("001 N+1 query problems", "N+1")],
    ),
    (
        scan,
        "MISSING_INDEX",
        &[
            ("001 add database indexes", "database index"),
            ("004 RLS policies use indexed columns", "row-level security"),
        ],
    ),
    (
        slow_query,
        "SLOW_QUERIES",
        &[
            (
                "000 check database query performance",
                "check database query performance",
            ),
            ("000 optimize slow queries", "optimise slow queries"),
            ("001 use EXPLAIN", "EXPLAIN"),
            ("001 database query timeout", "query timeout"),
            ("004 check slow query log", "slow query log"),
        ],
    ),
    (
        locks,
        "LOCK_WAITS",
        &[("004 reduce lock contention", "reduce lock contention")],
    ),
    (
        deadlocks,
        "DEADLOCKS",
        &[
            ("001 deadlocks", "deadlocks"),
            ("004 database deadlocks", "database deadlocks"),
        ],
    ),
    (retries, "RETRIES", &[("001 race conditions", "contended")]),
    (
        sync,
        "COMMIT_SYNC",
        &[
            ("001 disk I/O", "disk I/O"),
            ("004 message batching", "group small messages"),
        ],
    ),
    (disk, "DISK_READS", &[("001 memory usage", "memory")]),
    (
        idle,
        "IDLE_IN_TRANSACTION",
        &[("004 resource limits", "between begin and commit")],
    ),
    (
        corruption,
        "WRONG_DATA",
        &[("001 race conditions", "a constraint or a conditional write")],
    ),
    (
        |summary| ended(summary, "connect"),
        "CONNECT",
        &[
            (
                "001 ECONNREFUSED: server not running or wrong port",
                "on that port",
            ),
            ("001 add connection retry logic", "connection retry logic"),
            ("004 add more backend instances", "more backend instances"),
        ],
    ),
    (
        |summary| ended(summary, "reset"),
        "RESETS",
        &[
            (
                "000 review application error logs",
                "application error logs",
            ),
            ("004 network issues", "network issues"),
        ],
    ),
    (
        |summary| answered(summary, 429),
        "RATE_LIMITED",
        &[
            ("001 rate limiting triggered", "rate limiting was triggered"),
            ("004 adjust rate limits", "adjust the rate limits"),
        ],
    ),
    (
        |summary| answered(summary, 503),
        "UNAVAILABLE",
        &[("004 server overloaded", "overloaded")],
    ),
    (
        exhausted,
        "UNAVAILABLE",
        &[("001 database connection pool exhausted", "pool exhaustion")],
    ),
    (
        |summary| answered(summary, 500),
        "SERVER_ERRORS",
        &[("001 server logs for errors", "server logs for errors")],
    ),
    (
        sockets,
        "WEBSOCKET",
        &[
            (
                "004 increase WebSocket timeout",
                "increase the WebSocket timeout",
            ),
            ("004 keepalive ping/pong", "ping/pong"),
            ("004 message batching", "batch small messages"),
            ("004 enable WebSocket compression", "compression"),
            ("002 sticky sessions", "sticky sessions"),
        ],
    ),
    (
        |summary| ended(summary, "timeout"),
        "TIMEOUTS",
        &[
            ("000 increase timeout settings", "increase the timeout"),
            ("001 optimize long-running queries", "long-running queries"),
            (
                "001 progress indicators for long operations",
                "progress for long operations",
            ),
            (
                "001 server and query timeout settings",
                "client, server and query",
            ),
        ],
    ),
];

#[test]
fn every_hint_of_the_documents_is_given_where_its_evidence_is() {
    for (fault, code, hints) in HINTS {
        let mut summary = quiet();
        fault(&mut summary);
        let all = all_recommendations(&summary, &SHOP);
        let found = all.iter().find(|one| one.code == *code);
        let found = found.unwrap_or_else(|| panic!("{code} is silent: {all:?}"));
        assert!(
            found.evidence.chars().any(|letter| letter.is_ascii_digit()),
            "{code} has no figure: {}",
            found.evidence
        );
        for (hint, words) in *hints {
            assert!(found.advice.contains(words), "{hint}: {}", found.advice);
        }
    }
}

#[test]
fn a_hint_of_each_of_the_five_documents_is_given() {
    for document in ["000", "001", "002", "003", "004"] {
        let given = HINTS
            .iter()
            .flat_map(|(_, _, hints)| *hints)
            .any(|(hint, _)| hint.starts_with(document));
        assert!(given, "{document}");
    }
}
