//! Rules about where the time of the slowest requests goes, and what the machine was busy with.

use std::fmt::Write as _;

use shared::timing::ServerPart;

use super::evidence::{Evidence, Rule, percent, said, share, tail};
use crate::{
    sample::ResponsePart,
    schema::{CheckCode, Recommendation},
};

/// All of them, the most telling first.
pub(super) const RULES: &[Rule] = &[
    pool_wait,
    connection_limit,
    hashing,
    redis_errors,
    redis_round_trips,
    cache_misses,
    cpu,
    generator,
    memory,
    own_work,
    network,
    before_send,
    large_answers,
];

/// A share of the tail from which a part is worth work.
const TELLING: f64 = 0.25;
/// Utilisation that a pool is planned for.
const PLANNED: f64 = 0.7;

/// Connections that Little's law asks for: arrival rate times hold time, over the utilisation
/// that is planned for (`λ · t_db / ρ`).
fn wanted_connections(evidence: &Evidence<'_>) -> u32 {
    let held_s = evidence.arm.total.cost.parts_ms[ServerPart::Db] / 1_000.0;
    let wanted = evidence.rate() * held_s / PLANNED;
    // A rounding error is no connection.
    ((wanted - 1e-6).ceil() as u32).clamp(2, 1_000)
}

fn pool_wait(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let server = &evidence.arm.server;
    let waiting = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Pool)]);
    let slow = evidence
        .tail()
        .is_some_and(|band| band.parts_ms[ResponsePart::Server(ServerPart::Pool)] >= 1.0);
    if server.pool_timeouts == 0 && !(waiting >= TELLING && slow) {
        return None;
    }
    let wanted = wanted_connections(evidence);
    let text = format!(
        "{} of the time above p99 is pool wait: {} connections, up to {} waiters, {} timeouts; Little's law asks for {wanted} ({:.0} requests/s x {:.1} ms in PostgreSQL / {PLANNED})",
        percent(waiting),
        server.pool_max,
        server.pool_waiters_max,
        server.pool_timeouts,
        evidence.rate(),
        evidence.arm.total.cost.parts_ms[ServerPart::Db],
    );
    if wanted > server.pool_max {
        said(
            "POOL_WAIT",
            text,
            "increase the database pool size; with several instances put PgBouncer between them and PostgreSQL",
            evidence.propose("pool.max", &wanted.to_string()),
        )
    } else {
        said(
            "POOL_WAIT",
            text,
            "the pool is large enough for this rate: shorten how long a request holds a connection (fewer and faster queries, shorter transactions) before increasing the database pool size or adding PgBouncer",
            evidence.propose("pool.checkout", "per_query"),
        )
    }
}

fn connection_limit(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let limit = evidence.environment("PostgreSQL max_connections")?;
    let pool = f64::from(evidence.arm.server.pool_max);
    // Three are kept for superusers; probes and an audit want a few as well.
    if pool <= 0.0 || pool < limit - 10.0 {
        return None;
    }
    said(
        "CONNECTION_LIMIT",
        format!("the pool may open {pool:.0} connections, PostgreSQL admits {limit:.0}"),
        "verify database connection limits: raise PostgreSQL's max_connections, make the pool smaller, or put PgBouncer in between",
        None,
    )
}

fn hashing(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let of_arm = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Hash)]);
    let inline = evidence.switch("auth.placement") == Some("inline");
    let hashed = evidence.arm.operations.iter().find(|one| {
        let hash = one.cost.parts_ms[ServerPart::Hash];
        hash > 1.0 && hash >= 0.5 * one.cost.total_ms
    })?;
    let other = evidence.arm.operations.iter().find(|one| {
        let tail = one.response.p99.zip(one.response.p50);
        one.cost.parts_ms[ServerPart::Hash] < 0.1
            && tail.is_some_and(|(p99, p50)| p99 > 10.0 * p50 && p99 > 50.0)
    });
    let hurt = inline && other.is_some();
    if of_arm < 0.5 && !hurt {
        return None;
    }
    let mut text = format!(
        "{} hashes for {:.0} ms of its {:.0} ms",
        hashed.name,
        hashed.cost.parts_ms[ServerPart::Hash],
        hashed.cost.total_ms
    );
    if let (true, Some(other)) = (hurt, other) {
        let _infallible = write!(
            text,
            "; {}, which hashes nothing, has a p99 of {:.0} ms at a median of {:.0} ms",
            other.name,
            other.response.p99.unwrap_or_default(),
            other.response.p50.unwrap_or_default()
        );
    }
    let cores = evidence.environment("cores").unwrap_or(2.0);
    said(
        "HASHING",
        text,
        "keep I/O async: hash on threads of their own, no more than there are cores, and add cores for more sign-ins",
        inline
            .then(|| evidence.propose("auth.placement", &format!("bounded({cores:.0})")))
            .flatten(),
    )
}

fn redis_errors(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let errors = evidence.arm.server.cache_errors;
    if errors == 0 {
        return None;
    }
    said(
        "REDIS_ERRORS",
        format!("{errors} cache look-ups failed and were answered without the cache"),
        "verify Redis connectivity: is it running, is the URL right, does `redis-cli ping` answer PONG",
        None,
    )
}

fn redis_round_trips(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let server = &evidence.arm.server;
    let pings = server.redis_pings as f64;
    let commands = server.redis_commands as f64;
    let waiting = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Redis)]);
    let many = pings >= 100.0 && pings >= 0.2 * commands;
    if !many && waiting < 0.5 {
        return None;
    }
    said(
        "REDIS_ROUND_TRIPS",
        format!(
            "{pings:.0} of {commands:.0} Redis commands are PINGs; Redis is {} of the time above p99",
            percent(waiting)
        ),
        "do not pay a PING for each checkout: share one multiplexed connection, or keep the values in memory in front of Redis",
        evidence.propose("cache.connection", "multiplexed"),
    )
}

fn cache_misses(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let db = evidence.tail_share(|parts| {
        parts[ResponsePart::Server(ServerPart::Db)] + parts[ResponsePart::Server(ServerPart::Pool)]
    });
    let reads = [
        ("cache.mentors", "mentors", "mentors.list"),
        ("cache.bookings", "bookings", "bookings.mine"),
        ("cache.users", "users", "auth.me"),
    ];
    for (path, kind, operation) in reads {
        let asked = evidence
            .arm
            .operations
            .iter()
            .find(|one| one.name == operation);
        let Some(asked) = asked.filter(|one| one.planned > 0) else {
            continue;
        };
        if evidence.switch(path) == Some("off") {
            let band = tail(asked);
            let part = band.map_or(0.0, |band| {
                share(band, |parts| {
                    parts[ResponsePart::Server(ServerPart::Db)]
                        + parts[ResponsePart::Server(ServerPart::Pool)]
                })
            });
            if part >= 0.5 {
                return said(
                    "CACHE_OFF",
                    format!(
                        "{} of the time of {operation} above p99 is the database, and nothing caches it",
                        percent(part)
                    ),
                    "add a caching layer (Redis): cache frequently accessed data",
                    evidence.propose(path, "redis"),
                );
            }
            continue;
        }
        let hits = evidence
            .arm
            .server
            .cache_hit_ratio
            .get(kind)
            .copied()
            .flatten();
        if let Some(hits) = hits.filter(|hits| *hits < 0.5 && db >= TELLING) {
            return said(
                "CACHE_MISSES",
                format!(
                    "the cache of {kind} answers {} of its look-ups; the database is {} of the time above p99",
                    percent(hits),
                    percent(db)
                ),
                "verify caching effectiveness: a longer time to live, one load a missing value, and invalidation of what changed and no more",
                evidence.propose("cache.single_flight", "on"),
            );
        }
    }
    None
}

fn cpu(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let cores = evidence.environment("cores")?;
    let spent = &evidence.arm.server.cpu_s;
    let window = evidence.arm.server.window_s;
    let used = spent.values().sum::<f64>() / window.max(1e-9) / cores;
    if window <= 0.0 || used < 0.85 {
        return None;
    }
    let (most, _) = spent.iter().max_by(|a, b| a.1.total_cmp(b.1))?;
    let part = evidence.cpu_share(most)?;
    let advice = match most.as_str() {
        "postgres" => {
            "check server resources (CPU): optimise the queries that read most, cache them, or send reads to a replica; then scale vertically"
        }
        "loadgen" => {
            "give the generator a machine of its own: it takes the cores that the target needs"
        }
        _ => {
            "increase server resources (CPU), or scale horizontally: more backend instances behind a balancer, with sticky sessions where there are WebSockets"
        }
    };
    said(
        "CPU",
        format!(
            "the processes used {} of {cores:.0} cores, {most} alone {}",
            percent(used),
            percent(part)
        ),
        advice,
        None,
    )
}

fn generator(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let codes = [CheckCode::Lag, CheckCode::GenCpu, CheckCode::GenWait];
    let failed = evidence
        .trials
        .iter()
        .flat_map(|trial| &trial.validity.checks)
        .find(|check| !check.ok && codes.contains(&check.code))?;
    said(
        "GENERATOR",
        format!("{}: {}, wants {}", failed.code, failed.figure, failed.limit),
        "monitor the generator's machine as well: lower the rate, or give it cores of its own",
        None,
    )
}

/// Trials of one arm run on one process: memory that only grows from each to the next is kept.
fn memory(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let sizes: Vec<u64> = evidence
        .trials
        .iter()
        .filter_map(|trial| trial.server.rss_bytes.get("target-app").copied())
        .collect();
    let (first, last) = (*sizes.first()?, *sizes.last()?);
    if sizes.len() < 3 || !sizes.is_sorted() || (last as f64) < 1.5 * first as f64 {
        return None;
    }
    let mb = |bytes: u64| bytes as f64 / 1e6;
    said(
        "MEMORY",
        format!(
            "the target's memory grew from {:.0} MB to {:.0} MB over {} trials and never fell",
            mb(first),
            mb(last),
            sizes.len()
        ),
        "check for memory leaks: unbounded caches, queues and maps, connections that are never given back (verify connection pooling)",
        None,
    )
}

fn own_work(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let own = evidence.tail_share(|parts| parts[ResponsePart::Rest]);
    let slow = evidence
        .tail()
        .is_some_and(|band| band.parts_ms[ResponsePart::Rest] >= 5.0);
    if own < 0.5 || !slow {
        return None;
    }
    said(
        "OWN_WORK",
        format!(
            "{} of the time above p99 is spent in the target itself, outside of PostgreSQL, Redis and hashing",
            percent(own)
        ),
        "review application logs for bottlenecks; monitor the health of external services and put circuit breakers before them; move computing off the async threads",
        None,
    )
}

fn network(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let outside = evidence.tail_share(|parts| parts[ResponsePart::Outside]);
    let slow = evidence
        .tail()
        .is_some_and(|band| band.parts_ms[ResponsePart::Outside] >= 20.0);
    if outside < 0.5 || !slow {
        return None;
    }
    said(
        "NETWORK",
        format!(
            "{} of the time above p99 lies outside of what the target counts: accepting, sockets, network, client",
            percent(outside)
        ),
        "check the network configuration and its latency; keep connections alive; use a CDN for what is static; a target without a free core answers late as well",
        None,
    )
}

fn before_send(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let waited = evidence.tail_share(|parts| parts[ResponsePart::BeforeSend]);
    let slow = evidence
        .tail()
        .is_some_and(|band| band.parts_ms[ResponsePart::BeforeSend] >= 20.0);
    if waited < 0.5 || !slow {
        return None;
    }
    said(
        "BACKLOG",
        format!(
            "{} of the time above p99 passed before the send: arrivals queued behind slow answers",
            percent(waited)
        ),
        "the target is slower than the arrivals: scale horizontally or lower the rate to find the breaking point",
        None,
    )
}

/// Bytes of a body from which a page is worth paging.
const LARGE: f64 = 64.0 * 1_024.0;

fn large_answers(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let (operation, bytes) = evidence
        .arm
        .operations
        .iter()
        // A recording is meant to be large.
        .filter(|one| one.planned > 0 && one.name != "recordings.play")
        .map(|one| (one, one.bytes_in as f64 / one.planned as f64))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    if bytes < LARGE {
        return None;
    }
    said(
        "LARGE_ANSWERS",
        format!("{} answers {:.0} KB", operation.name, bytes / 1_024.0),
        "paginate large result sets, and compress what stays large",
        None,
    )
}
