//! PostgreSQL ends every connection at once, as a restart does.

use crate::support::{TestApp, together};

/// Connections of the pool, all of which are idle when they end.
const CONNECTIONS: usize = 8;

#[tokio::test]
async fn connections_that_were_lost_together_fail_one_request_and_not_one_each() {
    for ping_on_release in ["on", "off"] {
        at_most_one_fails(ping_on_release).await;
    }
}

async fn at_most_one_fails(ping_on_release: &str) {
    let app = TestApp::with(&[
        "cache.mentors=off",
        "pool.ping_on_acquire=off",
        &format!("pool.ping_on_release={ping_on_release}"),
        &format!("pool.min={CONNECTIONS}"),
        &format!("pool.max={CONNECTIONS}"),
    ])
    .start()
    .await;
    let anyone = app.anonymous();
    // Some have just been used, and the others have not since they were opened.
    together((0..CONNECTIONS).map(|_| anyone.mentors(""))).await;
    let ended = app.db.end_connections().await;
    assert!(ended >= CONNECTIONS, "{ended} were ended");
    let mut failed = 0;
    // More requests than connections, so that each of these is used.
    for _ in 0..3 * CONNECTIONS {
        match anyone.mentors("").await.status {
            200 => {}
            503 => failed += 1,
            other => panic!("{other}"),
        }
    }
    assert!(
        failed <= 1,
        "{failed} requests failed, ping_on_release={ping_on_release}"
    );
    app.finish().await;
}
