//! A replica that goes away: no request begun after it fails, and it is used again once it is back.

use std::time::{Duration, Instant};

use shared::paths;

use super::step::{change, headline, standing, until};
use crate::support::{Proxy, ReplicaEnd, TestApp, together};

/// Requests that are sent at once.
const BURST: usize = 40;

/// An application whose way to the replica can be cut, with open connections to it.
async fn start() -> (TestApp, Proxy) {
    let proxy = Proxy::to_replica().await;
    let setup = TestApp::with(&["db.reads=replica", "pool.ping_on_acquire=off"]);
    let setup = setup.with_every_cache("off");
    let app = setup.with_replica_at(proxy.address()).start().await;
    burst(&app).await;
    let seen = standing(&app).await;
    assert!(seen.usable && seen.reads >= BURST as u64, "{seen:?}");
    (app, proxy)
}

/// Reads at once; fails unless each has its answer.
async fn burst(app: &TestApp) {
    let anyone = app.anonymous();
    let reads = (0..BURST).map(|_| {
        let anyone = anyone.clone();
        async move { headline(&anyone).await }
    });
    together(reads).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_the_primary_without_a_failure_and_come_back_with_the_replica() {
    let (app, proxy) = start().await;
    proxy.cut();
    for _ in 0..5 {
        burst(&app).await;
    }
    until(&app, |seen| !seen.usable).await;
    let lost = standing(&app).await;
    assert_eq!(lost.losses, 1, "{lost:?}");
    assert!(lost.fallbacks > 0, "{lost:?}");
    let view = app.lab().profile().await;
    assert_eq!(view.in_force["db.reads"], "primary");
    assert_eq!(view.differences, ["db.reads"]);
    let metrics = app.anonymous().get(paths::METRICS).await.text();
    assert!(metrics.contains("targetapp_replica_losses_total 1\n"));
    assert!(metrics.contains("targetapp_replica_usable 0\n"));
    let fallbacks = metrics
        .lines()
        .find_map(|line| line.strip_prefix(r#"targetapp_replica_reads_total{route="fallback"} "#))
        .expect("fallbacks are counted");
    assert!(fallbacks.parse::<u64>().unwrap() >= lost.fallbacks);
    // A replica that is known to be away costs no request a wait.
    let begun = Instant::now();
    burst(&app).await;
    assert!(begun.elapsed() < Duration::from_secs(30));

    proxy.resume();
    until(&app, |seen| seen.usable).await;
    let reads = standing(&app).await.reads;
    burst(&app).await;
    let back = standing(&app).await;
    assert!(back.reads >= reads + BURST as u64, "{back:?}");
    assert_eq!(app.lab().profile().await.in_force["db.reads"], "replica");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stands_still_costs_a_moment_and_no_failure() {
    let (app, proxy) = start().await;
    proxy.stall();
    // Longer than the probe waits for an answer, and far from the end of a request.
    let answered = tokio::time::timeout(Duration::from_secs(30), burst(&app));
    answered.await.expect("nobody waits for the replica");
    let seen = standing(&app).await;
    assert!(!seen.usable && seen.losses == 1, "{seen:?}");
    proxy.resume();
    until(&app, |seen| seen.usable).await;
    app.finish().await;
}

#[tokio::test]
async fn a_replica_that_comes_back_is_used_when_it_has_caught_up_and_not_before() {
    let (app, proxy) = start().await;
    let anyone = app.anonymous();
    let mut replica = ReplicaEnd::connect().await;
    replica.pause().await;
    proxy.cut();
    until(&app, |seen| !seen.usable).await;
    change(&app, "While it was away").await;
    proxy.resume();
    // Several probes of a replica that answers and is behind.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!standing(&app).await.usable);
    assert_eq!(headline(&anyone).await, "While it was away");
    replica.resume().await;
    until(&app, |seen| seen.usable).await;
    assert_eq!(headline(&anyone).await, "While it was away");
    app.finish().await;
}

#[tokio::test]
async fn a_replica_that_became_the_primary_costs_no_request_and_is_behind_nobody() {
    let (app, proxy) = start().await;
    proxy.cut();
    until(&app, |seen| !seen.usable).await;
    proxy.promote();
    proxy.resume();
    change(&app, "After it").await;
    assert_eq!(headline(&app.anonymous()).await, "After it");
    // Several probes of a server that follows no other.
    tokio::time::sleep(Duration::from_secs(2)).await;
    burst(&app).await;
    let seen = standing(&app).await;
    assert!(!seen.usable && seen.losses == 1, "{seen:?}");
    assert!(seen.lag_bytes == 0 && seen.lag_us < 1_000_000, "{seen:?}");
    assert_eq!(app.lab().profile().await.in_force["db.reads"], "primary");
    app.finish().await;
}

#[tokio::test]
async fn an_application_starts_where_its_replica_has_become_the_primary() {
    let proxy = Proxy::to_replica().await;
    proxy.promote();
    let setup = TestApp::with(&["db.reads=replica_own_writes"]).with_every_cache("off");
    let app = setup.with_replica_at(proxy.address()).start().await;
    // Nothing waits for what follows nobody to catch up.
    assert!(app.built_in < Duration::from_secs(25));
    assert_eq!(change(&app, "Changed").await, "Changed");
    assert_eq!(headline(&app.anonymous()).await, "Changed");
    let seen = standing(&app).await;
    assert!(!seen.usable && seen.reads == 0, "{seen:?}");
    app.finish().await;
}

#[tokio::test]
async fn an_application_starts_without_its_replica_and_uses_it_once_it_is_there() {
    let proxy = Proxy::to_replica().await;
    proxy.cut();
    let setup = TestApp::with(&["db.reads=replica"]).with_every_cache("off");
    let app = setup.with_replica_at(proxy.address()).start().await;
    headline(&app.anonymous()).await;
    let seen = standing(&app).await;
    assert!(!seen.usable && seen.fallbacks > 0, "{seen:?}");
    assert_eq!(seen.losses, 0);
    proxy.resume();
    until(&app, |seen| seen.usable).await;
    headline(&app.anonymous()).await;
    assert!(standing(&app).await.reads > 0);
    app.finish().await;
}
