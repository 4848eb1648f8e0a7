//! Rules about where the time of the slowest requests goes, outside of the database and caches.

use loadgen_engine::sample::{ResponsePart, ResponseParts};
use shared::timing::ServerPart;
use std::fmt::Write as _;

use super::pool::PLANNED_UTILISATION;
use crate::{
    diagnose::{
        evidence::{Evidence, RuleFinding, share, tail},
        symptom::Symptom,
    },
    schema::Operation,
};

/// Share of the tail from which a part dominates it.
const DOMINANT_SHARE: f64 = 0.5;
/// Share of the tail from which a part is worth work.
const NOTABLE_SHARE: f64 = 0.25;
/// Milliseconds outside of what the target counts, from which they are worth work.
const OUTSIDE_MS: f64 = 20.0;
/// Most operations that one sentence names.
const MOST_NAMED: usize = 3;
/// Bytes of an answer from which it should be split into pages.
const LARGE_BYTES: f64 = 64.0 * 1_024.0;
/// How far beyond what the cores can do hashes may be by their own time: a hash that ends in a window counts
/// whole, also where it began before.
const EDGE_TOLERANCE: f64 = 1.1;

/// Share of an operation's requests that must succeed.
const SERVED: f64 = 0.99;

/// Hashing matters where it is most of the tail, where it runs on threads that serve requests
/// (the catalogue has a switch that can still help) and operations that hash nothing are slow, and where the
/// cores cannot hash as often as is asked, so that requests fail: these have no tail.
pub(super) fn hashing(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let of_tail = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Hash)]);
    let hashed = evidence.arm.operations.iter().find(|one| hashes(one))?;
    let cores = evidence.environment("cores").unwrap_or(2.0) as u32;
    let proposal = evidence.proposal(Symptom::Hashing, &hashed.name, Some(cores));
    let other = evidence.arm.operations.iter().find(|one| {
        let tail = one.response.p99.ms().zip(one.response.p50.ms());
        one.cost.parts_ms[ServerPart::Hash] < 0.1
            && tail.is_some_and(|(p99, p50)| p99 > 10.0 * p50 && p99 > 50.0)
    });
    let slowed = other.filter(|_| proposal.is_some());
    let limit = hash_limit(evidence);
    let refused = limit.is_some() && hashed.success < SERVED;
    if of_tail < DOMINANT_SHARE && slowed.is_none() && !refused {
        return None;
    }
    let mut text = format!(
        "{} hashes for {:.0} ms of its {:.0} ms",
        hashed.name,
        hashed.cost.parts_ms[ServerPart::Hash],
        hashed.cost.total_ms
    );
    if let Some(other) = slowed {
        // Writing to a String cannot fail.
        let _infallible = write!(
            text,
            "; {}, which hashes nothing, has a p99 of {:.0} ms at a median of {:.0} ms",
            other.name,
            other.response.p99.ms().unwrap_or_default(),
            other.response.p50.ms().unwrap_or_default()
        );
    }
    if let Some(limit) = limit {
        text.push_str("; ");
        text.push_str(&limit);
    }
    let mut finding = RuleFinding::new(
        Symptom::Hashing,
        text,
        "keep I/O async: hash on threads of their own, no more than there are cores, and add cores for more sign-ins",
    )
    .found_in(&hashed.name);
    finding.proposal = proposal;
    Some(finding)
}

/// More threads that hash than cores make each hash longer and none more, and take the processors from everything
/// else. Found where more hashes were computed at once, in the mean of all the time, than there are cores.
pub(super) fn hash_threads(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let cores = evidence.environment("cores")?;
    let server = &evidence.arm.server;
    let (done, busy_s) = (server.hashing.hashes as f64, server.hashing.busy_s);
    let (cpu_s, seconds) = (server.hashing.cpu_s, server.window_s);
    if done <= 0.0 || cpu_s <= 0.0 || seconds <= 0.0 || busy_s <= EDGE_TOLERANCE * cores * seconds {
        return None;
    }
    let at_once = busy_s / seconds;
    let (each, own) = (busy_s / done * 1_000.0, cpu_s / done * 1_000.0);
    let mut finding = RuleFinding::new(
        Symptom::HashThreads,
        format!(
            "{at_once:.1} hashes at once on {cores:.0} cores, so that each takes {each:.0} ms for {own:.0} ms of a processor"
        ),
        "hash on no more threads than there are cores: then a hash takes its own time, and others wait for fewer threads",
    );
    finding.proposal = evidence.proposal(Symptom::HashThreads, "", Some(cores as u32));
    Some(finding)
}

/// Whether an operation is mostly the hash of a password.
fn hashes(one: &Operation) -> bool {
    let hash = one.cost.parts_ms[ServerPart::Hash];
    hash > 1.0 && hash >= 0.5 * one.cost.total_ms
}

/// Hashes a second that the cores can compute (`cores / t_hash`) where more were asked for, and the cores that
/// those take at the utilisation that a pool is planned for (`λ · t_hash / ρ`). The time of a hash is its CPU time;
/// of a target that does not tell it, the time by the clock without the wait for a place. Nothing is said where
/// neither is known, or the latter is not the hash's own: more threads than cores have hashed at once.
fn hash_limit(evidence: &Evidence<'_>) -> Option<String> {
    let cores = evidence.environment("cores")?;
    let server = &evidence.arm.server;
    let done = server.hashing.hashes as f64;
    let seconds = server.window_s;
    let busy_s = Some(server.hashing.cpu_s).filter(|cpu| *cpu > 0.0);
    let busy_s = busy_s.unwrap_or(server.hashing.busy_s);
    if done <= 0.0 || busy_s <= 0.0 || seconds <= 0.0 || busy_s > EDGE_TOLERANCE * cores * seconds {
        return None;
    }
    let hash_s = busy_s / done;
    let limit = cores / hash_s;
    let hashing = evidence.arm.operations.iter().filter(|one| hashes(one));
    let asked = hashing.map(|one| one.planned as f64).sum::<f64>() / seconds;
    if asked <= limit {
        return None;
    }
    let ms = hash_s * 1_000.0;
    // A rounding error is no core.
    let needed = (asked * hash_s / PLANNED_UTILISATION - 1e-6).ceil();
    Some(format!(
        "{cores:.0} cores hash at most {limit:.1} a second at {ms:.1} ms each, and {asked:.1} a second were asked for, which take {needed:.0} cores ({asked:.1}/s x {ms:.1} ms / {PLANNED_UTILISATION})"
    ))
}

/// A wait at the limiter is what it is there for; what it waits for lies behind it.
pub(super) fn admission_wait(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let admission = ResponsePart::Server(ServerPart::Admission);
    let waited = evidence.tail_share(|parts| parts[admission]);
    if waited < NOTABLE_SHARE || !evidence.tail_has(|parts| parts[admission], 1.0) {
        return None;
    }
    let parts = &evidence.tail()?.parts_ms;
    let behind = ServerPart::ALL
        .into_iter()
        .filter(|part| *part != ServerPart::Admission)
        .max_by(|a, b| {
            let ms = |part: &ServerPart| parts[ResponsePart::Server(*part)];
            ms(a).total_cmp(&ms(b))
        })
        .filter(|part| parts[ResponsePart::Server(*part)] > 0.0);
    let mut text = format!(
        "{} is a wait at the admission limiter",
        evidence.of_tail(waited)
    );
    if let Some(part) = behind {
        // Writing to a String cannot fail.
        let _infallible = write!(
            text,
            "; behind it most of the time is {} ({:.1} ms)",
            part.label(),
            parts[ResponsePart::Server(part)]
        );
    }
    Some(RuleFinding::new(
        Symptom::AdmissionWait,
        text,
        "the target admits as many requests as it can work on: make what takes the time behind the limiter cheaper, or add instances; a higher limit moves the wait and does not end it",
    ))
}

/// Nothing is known of this time but that it passed in the target.
pub(super) fn unexplained(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let rest = evidence.tail_share(|parts| parts[ResponsePart::Rest]);
    if rest < DOMINANT_SHARE || !evidence.tail_has(|parts| parts[ResponsePart::Rest], 5.0) {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::Unexplained,
        format!(
            "{} is unexplained: it passed in the target, in none of the parts that it reports (admission, pool, PostgreSQL, Redis, hashing)",
            evidence.of_tail(rest)
        ),
        "profile the target: computing, a wait for a processor, a lock of its own and a call to another service all look like this; review application logs for bottlenecks, monitor the health of external services and put circuit breakers before them, move computing off the async threads",
    ))
}

/// The time that the target does not count is the network's only where the target counts its own.
pub(super) fn network(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let outside = |parts: &ResponseParts| parts[ResponsePart::Outside];
    let of_all = evidence.tail_share(outside);
    if of_all < DOMINANT_SHARE || !evidence.tail_has(outside, OUTSIDE_MS) {
        return None;
    }
    let of_tail = evidence.of_tail(of_all);
    let untimed: Vec<&str> = evidence
        .arm
        .operations
        .iter()
        .filter(|one| one.success > 0.0 && !one.cost.is_reported())
        .map(|one| one.name.as_str())
        .collect();
    let timed_and_slow = evidence.arm.operations.iter().any(|one| {
        one.cost.is_reported()
            && tail(one).is_some_and(|band| {
                share(band, outside) >= DOMINANT_SHARE && outside(&band.parts_ms) >= OUTSIDE_MS
            })
    });
    if !untimed.is_empty() && !timed_and_slow {
        let named = untimed[..untimed.len().min(MOST_NAMED)].join(", ");
        let more = match untimed.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Some(RuleFinding::new(
            Symptom::Untimed,
            format!(
                "{of_tail} is in no time that the target states: {named}{more} state none, so that its work and the network are not told apart"
            ),
            "it may be the work of the target as well as the network: look at the target's own log and at its processors; an answer over HTTP that has `Server-Timing: total;dur=MILLISECONDS` is divided here",
        ));
    }
    Some(RuleFinding::new(
        Symptom::Network,
        format!(
            "{of_tail} lies outside of what the target counts: accepting, sockets, network, client"
        ),
        "check the network configuration and its latency; keep connections alive; use a CDN for what is static; a target without a free core answers late as well",
    ))
}

pub(super) fn backlog(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let waited = evidence.tail_share(|parts| parts[ResponsePart::BeforeSend]);
    if waited < DOMINANT_SHARE || !evidence.tail_has(|parts| parts[ResponsePart::BeforeSend], 20.0)
    {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::Backlog,
        format!(
            "{} passed before the send: arrivals queued behind slow answers",
            evidence.of_tail(waited)
        ),
        "the target is slower than the arrivals: scale horizontally or lower the rate to find the breaking point",
    ))
}

pub(super) fn large_answers(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let by_design = evidence.catalog.large_by_design;
    let (operation, bytes) = evidence
        .arm
        .operations
        .iter()
        .filter(|one| one.planned > 0 && !by_design.contains(&one.name.as_str()))
        .map(|one| (one, one.bytes_in as f64 / one.planned as f64))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    if bytes < LARGE_BYTES {
        return None;
    }
    let finding = RuleFinding::new(
        Symptom::LargeAnswers,
        format!("{} answers {:.0} KB", operation.name, bytes / 1_024.0),
        "paginate large result sets, select only the fields that are needed, and compress what stays large",
    );
    Some(finding.found_in(&operation.name))
}
