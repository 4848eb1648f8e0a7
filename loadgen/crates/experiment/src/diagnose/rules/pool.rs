//! Rules about the pool of PostgreSQL connections.

use crate::diagnose::{
    evidence::{Evidence, RuleFinding},
    symptom::Symptom,
};
use loadgen_engine::sample::ResponsePart;
use shared::timing::ServerPart;

/// A share of the tail from which a part is worth work.
const NOTABLE_SHARE: f64 = 0.25;
/// Mean wait in a pooler from which it is worth work, in milliseconds.
const NOTABLE_POOLER_WAIT_MS: f64 = 1.0;
/// Utilisation that a pool is planned for.
pub(super) const PLANNED_UTILISATION: f64 = 0.7;

/// Connections that Little's law asks for: arrival rate times hold time, over the utilisation
/// that is planned for (`λ · t_db / ρ`).
fn needed_connections(evidence: &Evidence<'_>) -> u32 {
    let held_s = evidence.arm.total.cost.parts_ms[ServerPart::Db] / 1_000.0;
    let needed = evidence.rate() * held_s / PLANNED_UTILISATION;
    // A rounding error is no connection.
    ((needed - 1e-6).ceil() as u32).clamp(2, 1_000)
}

/// The time in PostgreSQL that requests state has this wait in it, because they cannot tell them apart.
pub(super) fn pooler_wait(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let pooler = evidence.arm.server.pooler?;
    let wait = pooler
        .wait_ms()
        .filter(|wait| *wait >= NOTABLE_POOLER_WAIT_MS)?;
    let (waiting, servers) = (pooler.clients_waiting_max, pooler.servers_max);
    // A shorter queue is gone after one transaction of each server connection.
    if servers == 0 || waiting < servers {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::PoolerWait,
        format!(
            "a transaction waited {wait:.1} ms in the pooler for one of {servers} server connections, up to {waiting} clients at once; the time in PostgreSQL that requests state includes that"
        ),
        "shorten transactions; where PostgreSQL's processors and disks are not busy, give the pooler more server connections (`--topology pgbouncer=N`, default_pool_size)",
    ))
}

pub(super) fn pool_wait(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let server = &evidence.arm.server;
    let waiting = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Pool)]);
    let slow = evidence.tail_has(|parts| parts[ResponsePart::Server(ServerPart::Pool)], 1.0);
    if server.pool_timeouts == 0 && !(waiting >= NOTABLE_SHARE && slow) {
        return None;
    }
    let needed = needed_connections(evidence);
    let text = format!(
        "{} is pool wait: {} connections, up to {} waiters, {} timeouts; Little's law asks for {needed} ({:.0} requests/s x {:.1} ms in PostgreSQL / {PLANNED_UTILISATION})",
        evidence.of_tail(waiting),
        server.pool_max,
        server.pool_waiters_max,
        server.pool_timeouts,
        evidence.rate(),
        evidence.arm.total.cost.parts_ms[ServerPart::Db],
    );
    if needed > server.pool_max {
        let mut finding = RuleFinding::new(
            Symptom::PoolTooSmall,
            text,
            "increase the database pool size; with several instances put PgBouncer between them and PostgreSQL",
        );
        finding.figure = Some(needed);
        return Some(finding);
    }
    if pooler_wait(evidence).is_some() {
        // What holds the connections is named there.
        return None;
    }
    Some(RuleFinding::new(
        Symptom::ConnectionsHeldTooLong,
        text,
        "the pool is large enough for this rate: shorten how long a request holds a connection (fewer and faster queries, shorter transactions) before increasing the database pool size or adding PgBouncer",
    ))
}

pub(super) fn connection_limit(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let limit = evidence.environment("PostgreSQL max_connections")?;
    let pool = f64::from(evidence.arm.server.pool_max);
    // Three are kept for superusers; probes and an audit need a few as well.
    if pool <= 0.0 || pool < limit - 10.0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::ConnectionLimit,
        format!("the pool may open {pool:.0} connections, PostgreSQL admits {limit:.0}"),
        "verify database connection limits: raise PostgreSQL's max_connections, make the pool smaller, or put PgBouncer in between",
    ))
}
