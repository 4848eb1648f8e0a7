//! Rules about where the time of the slowest requests goes, outside of the database and caches.

use loadgen_engine::sample::ResponsePart;
use shared::timing::ServerPart;
use std::fmt::Write as _;

use crate::diagnose::{
    evidence::{Evidence, RuleFinding, percent},
    symptom::Symptom,
};

/// Share of the tail from which a part dominates it.
const DOMINANT_SHARE: f64 = 0.5;
/// Bytes of an answer from which it should be split into pages.
const LARGE_BYTES: f64 = 64.0 * 1_024.0;

/// Hashing matters where it is most of the tail, or where it runs on threads that serve requests
/// (the catalogue has a switch that can still help) and operations that hash nothing are slow.
pub(super) fn hashing(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let of_tail = evidence.tail_share(|parts| parts[ResponsePart::Server(ServerPart::Hash)]);
    let hashed = evidence.arm.operations.iter().find(|one| {
        let hash = one.cost.parts_ms[ServerPart::Hash];
        hash > 1.0 && hash >= 0.5 * one.cost.total_ms
    })?;
    let cores = evidence.environment("cores").unwrap_or(2.0) as u32;
    let proposal = evidence.proposal(Symptom::Hashing, &hashed.name, Some(cores));
    let other = evidence.arm.operations.iter().find(|one| {
        let tail = one.response.p99.zip(one.response.p50);
        one.cost.parts_ms[ServerPart::Hash] < 0.1
            && tail.is_some_and(|(p99, p50)| p99 > 10.0 * p50 && p99 > 50.0)
    });
    let slowed = other.filter(|_| proposal.is_some());
    if of_tail < DOMINANT_SHARE && slowed.is_none() {
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
            other.response.p99.unwrap_or_default(),
            other.response.p50.unwrap_or_default()
        );
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

pub(super) fn own_work(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let own = evidence.tail_share(|parts| parts[ResponsePart::Rest]);
    if own < DOMINANT_SHARE || !evidence.tail_has(|parts| parts[ResponsePart::Rest], 5.0) {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::OwnWork,
        format!(
            "{} of the time above p99 is spent in the target itself, outside of PostgreSQL, Redis and hashing",
            percent(own)
        ),
        "review application logs for bottlenecks; monitor the health of external services and put circuit breakers before them; move computing off the async threads",
    ))
}

pub(super) fn network(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let outside = evidence.tail_share(|parts| parts[ResponsePart::Outside]);
    if outside < DOMINANT_SHARE || !evidence.tail_has(|parts| parts[ResponsePart::Outside], 20.0) {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::Network,
        format!(
            "{} of the time above p99 lies outside of what the target counts: accepting, sockets, network, client",
            percent(outside)
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
            "{} of the time above p99 passed before the send: arrivals queued behind slow answers",
            percent(waited)
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
        "paginate large result sets, and compress what stays large",
    );
    Some(finding.found_in(&operation.name))
}
