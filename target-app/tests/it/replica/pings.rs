//! The pool of connections to the replica follows the `pool.` switches, as that to the primary does.

use std::time::Duration;

use serde_json::json;
use shared::{api::lab::ProfileView, timing::ServerPart};

use super::step::{mentor_id, standing};
use crate::support::TestApp;

/// Reads that follow each other.
const READS: u64 = 10;

/// How long reads of the replica wait for its only connection, which the one before has just given back.
async fn waited(app: &TestApp) -> Duration {
    let anyone = app.anonymous();
    assert_eq!(anyone.mentor(mentor_id()).await.status, 200);
    let before = standing(app).await;
    let mut us = 0;
    for _ in 0..READS {
        let answer = anyone.mentor(mentor_id()).await;
        assert_eq!(answer.status, 200);
        us += u64::from(answer.timing().us[ServerPart::Pool]);
    }
    let after = standing(app).await;
    assert!(after.reads >= before.reads + READS, "{after:?}");
    Duration::from_micros(us)
}

#[tokio::test]
async fn a_connection_to_the_replica_is_checked_where_the_switches_say_so_and_nowhere_else() {
    let setup = TestApp::with(&[
        "db.reads=replica",
        "db.round_trip=50ms",
        "pool.min=1",
        "pool.max=1",
        "pool.acquire_timeout=20s",
    ]);
    let app = setup.with_every_cache("off").with_replica().start().await;
    let mut waits = Vec::new();
    for (on_acquire, on_release) in [("on", "off"), ("off", "on"), ("off", "off")] {
        let changes = json!({
            "pool.ping_on_acquire": on_acquire, "pool.ping_on_release": on_release,
        });
        let view: ProfileView = app.lab().put_profile(changes).await.ok();
        // Read from both pools: one that differs would be among the differences.
        assert_eq!(view.differences, Vec::<String>::new());
        assert_eq!(view.in_force["pool.ping_on_acquire"], on_acquire);
        assert_eq!(view.in_force["pool.ping_on_release"], on_release);
        waits.push(waited(&app).await);
    }
    // A round trip each, less the way of the response to the client and back.
    let pinged = waits[0].min(waits[1]);
    assert!(pinged > Duration::from_millis(100), "{waits:?}");
    assert!(waits[2] < pinged / 4, "{waits:?}");
    app.finish().await;
}
