//! Rules about Redis and what is cached in it.

use crate::diagnose::{
    catalog::CacheSwitch,
    evidence::{Evidence, RuleFinding, percent, share, tail},
    symptom::Symptom,
};
use loadgen_engine::sample::ResponsePart;
use loadgen_engine::sample::ResponseParts;
use shared::timing::ServerPart;

/// Share of the tail from which a part dominates it.
const DOMINANT_SHARE: f64 = 0.5;
/// Fewest checks of connections that are worth a change.
const FEWEST_PINGS: u64 = 100;
/// Share of the tail in the database from which missing values are worth work.
const NOTABLE_SHARE: f64 = 0.25;
/// Hit ratio below which a cache is looked at.
const LOW_HIT_RATIO: f64 = 0.5;
/// Share of the attainable hit ratio from which a cache does what it can.
const NEARLY_ALL: f64 = 0.9;
/// Fewest look-ups over which a hit ratio means something.
const FEWEST_LOOK_UPS: u64 = 100;

pub(super) fn redis_errors(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let errors = evidence.arm.server.cache_errors;
    if errors == 0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::RedisErrors,
        format!("{errors} cache look-ups failed and were answered without the cache"),
        "verify Redis connectivity: is it running, is the URL right, does `redis-cli ping` answer PONG",
    ))
}

pub(super) fn redis_round_trips(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let server = &evidence.arm.server;
    let (pings, commands) = (server.redis_pings, server.redis_commands);
    let waiting = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Redis)]);
    let waiting = percent(waiting);
    if pings < FEWEST_PINGS || (pings as f64) < 0.2 * commands as f64 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::RedisRoundTrips,
        format!(
            "connections to Redis were checked {pings} times for {commands} commands; Redis is {waiting} of the time above p99"
        ),
        "do not pay a PING for each checkout: share one multiplexed connection, or keep the values in memory in front of Redis",
    ))
}

pub(super) fn slow_redis(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let redis = ResponsePart::Server(ServerPart::Redis);
    let waiting = evidence.tail_share(|parts| parts[redis]);
    if waiting < DOMINANT_SHARE || !evidence.tail_has(|parts| parts[redis], 1.0) {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::SlowRedis,
        format!("Redis is {} of the time above p99", percent(waiting)),
        "look at Redis itself (CPU, slow commands, network), read several values in one command, or keep them in memory in front of Redis",
    ))
}

/// The first cache of the catalogue that is off where it would help, or that seldom has the value.
pub(super) fn caches(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    evidence.catalog.caches.iter().find_map(|cache| {
        if cache.is_off(evidence.context().in_force) {
            cache_off(evidence, cache)
        } else {
            cache_misses(evidence, cache)
        }
    })
}

fn in_database(parts: &ResponseParts) -> f64 {
    parts[ResponsePart::Server(ServerPart::Db)] + parts[ResponsePart::Server(ServerPart::Pool)]
}

fn cache_off(evidence: &Evidence<'_>, cache: &CacheSwitch<'_>) -> Option<RuleFinding> {
    let operation = evidence.operation(cache.operation)?;
    let part = tail(operation).map_or(0.0, |band| share(band, in_database));
    if part < 0.5 {
        return None;
    }
    let mut finding = RuleFinding::new(
        Symptom::CacheOff,
        format!(
            "{} of the time of {} above p99 is the database, and nothing caches it",
            percent(part),
            operation.name
        ),
        "add a caching layer (Redis): cache frequently accessed data",
    )
    .found_in(cache.kind);
    finding.proposal = cache.proposal(evidence.context().in_force);
    Some(finding)
}

fn cache_misses(evidence: &Evidence<'_>, cache: &CacheSwitch<'_>) -> Option<RuleFinding> {
    evidence.operation(cache.operation)?;
    let server = &evidence.arm.server;
    let look_ups = server.cache_lookups.get(cache.kind)?;
    let hits = look_ups.hit_ratio()?;
    let database = evidence.tail_share(in_database);
    let attainable = server.cache_attainable.get(cache.kind).copied();
    let is_as_good_as_it_gets = attainable.is_some_and(|most| hits >= NEARLY_ALL * most);
    if look_ups.all < FEWEST_LOOK_UPS
        || hits >= LOW_HIT_RATIO
        || is_as_good_as_it_gets
        || database < NOTABLE_SHARE
    {
        return None;
    }
    let finding = RuleFinding::new(
        Symptom::CacheMisses,
        format!(
            "the cache of {} answers {} of its look-ups; the database is {} of the time above p99",
            cache.kind,
            percent(hits),
            percent(database)
        ),
        "verify caching effectiveness: a longer time to live, one load a missing value, and invalidation of what changed and no more",
    );
    Some(finding.found_in(cache.kind))
}
