//! Thousands of connections at a time, without an error of the generator's own.

use std::time::Duration;

use crate::support::{KnownServer, http};

fn holds(connections: u32, delay: Duration) {
    let server = KnownServer::after(delay).serve();
    let ran = http(
        &server.url(),
        &format!("--connections {connections} --duration 3s --timeout 40s"),
    );
    assert!(ran.planned() >= u64::from(connections), "{ran:?}");
    assert_eq!(ran.settled(), ran.planned(), "{ran:?}");
    assert_eq!(ran.outcome("ok"), ran.planned(), "{ran:?}");
    // One more is the check whether the target answers.
    assert_eq!(server.log.connections(), connections + 1);
    assert_eq!(ran.figures["connections"], connections, "{ran:?}");
}

#[test]
fn three_thousand_connections_are_kept_without_an_error() {
    holds(3_000, Duration::from_secs(1));
}

#[test]
fn ten_thousand_connections_are_kept_without_an_error() {
    holds(10_000, Duration::from_secs(4));
}
