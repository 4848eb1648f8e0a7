//! Rules about how requests ended, and whether the data is still right.

use crate::diagnose::{
    evidence::{Evidence, RuleFinding, percent},
    symptom::Symptom,
};
use crate::schema::Percentile;

/// Fewest messages over which a success share means something.
const FEWEST_MESSAGES: u64 = 20;

pub(super) fn wrong_data(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let broken = evidence.arm.audit.iter().find(|one| one.violations > 0)?;
    let finding = RuleFinding::new(
        Symptom::WrongData,
        format!(
            "invariant {} {} is broken by {} rows",
            broken.number, broken.name, broken.violations
        ),
        "data corruption under a race: let the database decide with a constraint or a conditional write",
    );
    Some(finding.found_in(&broken.name))
}

pub(super) fn refused_connections(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let failed = evidence.outcomes("connect");
    if failed == 0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::RefusedConnections,
        format!("{failed} requests got no connection"),
        "is the server running, and on that port? Under load: a longer accept queue (somaxconn), more open files, connection retry logic, more backend instances",
    ))
}

pub(super) fn resets(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let failed = evidence.outcomes("reset");
    if failed == 0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::Resets,
        format!("{failed} connections broke before the answer was there"),
        "review application error logs for a crash or restart; check network issues and the keep-alive times of what lies between; add connection retry logic",
    ))
}

pub(super) fn rate_limited(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let refused = evidence.answers(429);
    if refused == 0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::RateLimited,
        format!("{refused} answers are 429"),
        "rate limiting was triggered: adjust the rate limits, or spread the load over more accounts",
    ))
}

pub(super) fn unavailable(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let refused = evidence.answers(503);
    if refused == 0 {
        return None;
    }
    let pool = evidence.arm.server.pool_timeouts;
    Some(RuleFinding::new(
        Symptom::Unavailable,
        format!("{refused} answers are 503; {pool} checkouts of the pool timed out"),
        if pool > 0 {
            "connection pool exhaustion: see the pool's evidence before anything else, then increase the pool size or server resources"
        } else {
            "the server is overloaded and says so: add backend instances, or let it admit fewer at a time"
        },
    ))
}

pub(super) fn server_errors(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let failed = evidence.answers(500);
    if failed == 0 {
        return None;
    }
    Some(RuleFinding::new(
        Symptom::ServerErrors,
        format!("{failed} answers are 500"),
        "check the server logs for errors",
    ))
}

pub(super) fn slow_sockets(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let known = evidence.catalog.socket_operations;
    let messages = evidence
        .arm
        .operations
        .iter()
        .filter(|one| known.contains(&one.name.as_str()) && one.planned >= FEWEST_MESSAGES);
    let worst = messages.min_by(|a, b| a.success.total_cmp(&b.success))?;
    let slow = match worst.response.p95 {
        Percentile::Known(p95) => p95 > 2_000.0,
        Percentile::BeyondTimeout => true,
        Percentile::TooFew { .. } => false,
    };
    if worst.success >= 0.95 && !slow {
        return None;
    }
    let finding = RuleFinding::new(
        Symptom::SlowSockets,
        format!(
            "{} succeeds in {}, p95 {}",
            worst.name,
            percent(worst.success),
            match worst.response.p95 {
                Percentile::Known(p95) => format!("{p95:.0} ms"),
                Percentile::BeyondTimeout => "beyond the timeout".to_owned(),
                Percentile::TooFew { n } => format!("unknown, of {n} messages"),
            }
        ),
        "increase the WebSocket timeout, keep sockets alive with ping/pong, batch small messages, enable compression, and use sticky sessions behind a balancer",
    );
    Some(finding.found_in(&worst.name))
}

pub(super) fn timeouts(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let failed = evidence.outcomes("timeout") + evidence.outcomes("aborted_at_drain");
    if failed == 0 {
        return None;
    }
    let share = failed as f64 / evidence.arm.total.planned.max(1) as f64;
    Some(RuleFinding::new(
        Symptom::Timeouts,
        format!(
            "{failed} requests ({}) had no answer in time",
            percent(share)
        ),
        "optimise long-running queries and scale horizontally; only then increase the timeout of slow endpoints (client, server and query), and show progress for long operations",
    ))
}
