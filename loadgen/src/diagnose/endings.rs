//! Rules about how requests ended, and whether the data is still right.

use super::evidence::{Evidence, Rule, percent, said};
use crate::schema::Recommendation;

/// All of them, the most telling first.
pub(super) const RULES: &[Rule] = &[
    wrong_data,
    refused_connections,
    resets,
    rate_limited,
    unavailable,
    server_errors,
    sockets,
    timeouts,
];

fn wrong_data(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let broken = evidence.arm.audit.iter().find(|one| one.violations > 0)?;
    let strategy = evidence.switch("bookings.strategy");
    let switch = (strategy == Some("naive"))
        .then(|| evidence.propose("bookings.strategy", "conditional_update"))
        .flatten();
    said(
        "WRONG_DATA",
        format!(
            "invariant {} {} is broken by {} rows",
            broken.number, broken.name, broken.violations
        ),
        "data corruption under a race (double bookings are the usual one): let the database decide with a constraint or a conditional write",
        switch,
    )
}

fn refused_connections(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let failed = evidence.ended("connect");
    if failed == 0 {
        return None;
    }
    said(
        "CONNECT",
        format!("{failed} requests got no connection"),
        "is the server running, and on that port? Under load: a longer accept queue (somaxconn), more open files, connection retry logic, more backend instances",
        None,
    )
}

fn resets(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let failed = evidence.ended("reset");
    if failed == 0 {
        return None;
    }
    said(
        "RESETS",
        format!("{failed} connections broke before the answer was there"),
        "review application error logs for a crash or restart; check network issues and the keep-alive times of what lies between; add connection retry logic",
        None,
    )
}

fn rate_limited(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let refused = evidence.status(429);
    if refused == 0 {
        return None;
    }
    said(
        "RATE_LIMITED",
        format!("{refused} answers are 429"),
        "rate limiting was triggered: adjust the rate limits, or spread the load over more accounts",
        None,
    )
}

fn unavailable(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let refused = evidence.status(503);
    if refused == 0 {
        return None;
    }
    let pool = evidence.arm.server.pool_timeouts;
    said(
        "UNAVAILABLE",
        format!("{refused} answers are 503; {pool} checkouts of the pool were given up"),
        if pool > 0 {
            "connection pool exhaustion: see the pool's evidence before anything else, then increase the pool size or server resources"
        } else {
            "the server is overloaded and says so: add backend instances, or let it admit fewer at a time"
        },
        None,
    )
}

fn server_errors(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let failed = evidence.status(500);
    if failed == 0 {
        return None;
    }
    said(
        "SERVER_ERRORS",
        format!("{failed} answers are 500"),
        "check the server logs for errors: each one is logged once, with its request id",
        None,
    )
}

fn sockets(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let chat = evidence
        .arm
        .operations
        .iter()
        .filter(|one| one.name.starts_with("chat.") && one.planned >= 20);
    let worst = chat.min_by(|a, b| a.success.total_cmp(&b.success))?;
    let slow = worst.response.p95.is_none_or(|p95| p95 > 2_000.0);
    if worst.success >= 0.95 && !slow {
        return None;
    }
    said(
        "WEBSOCKET",
        format!(
            "{} succeeds in {}, p95 {}",
            worst.name,
            percent(worst.success),
            worst.response.p95.map_or_else(
                || "beyond the timeout".to_owned(),
                |p95| format!("{p95:.0} ms")
            )
        ),
        "increase the WebSocket timeout, keep sockets alive with ping/pong, batch small messages, enable compression, and use sticky sessions behind a balancer",
        None,
    )
}

fn timeouts(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let failed = evidence.ended("timeout") + evidence.ended("aborted_at_drain");
    if failed == 0 {
        return None;
    }
    let share = failed as f64 / evidence.arm.total.planned.max(1) as f64;
    said(
        "TIMEOUTS",
        format!(
            "{failed} requests ({}) had no answer in time",
            percent(share)
        ),
        "optimise long-running queries and scale horizontally; only then increase the timeout of slow endpoints (client, server and query), and show progress for long operations",
        None,
    )
}
