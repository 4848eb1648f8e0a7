//! Samples of the server's state.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use http::Method;
use shared::{
    api::chat::{ClientFrame, RoomList},
    paths,
    problem::Code,
    snapshot::Snapshot,
};
use target_app::{features, shutdown::GRACE};

use crate::support::{ChatSocket, Lab, TestApp, together};

/// A sample with what PostgreSQL and Redis say, which the server waits for a second each.
async fn whole(lab: &Lab) -> Snapshot {
    for _ in 0..50 {
        let sample = lab.telemetry().await;
        if sample.postgres.is_some() && sample.redis.is_some() {
            return sample;
        }
    }
    panic!("PostgreSQL and Redis should have said something by now");
}

#[tokio::test]
async fn one_sample_counts_what_was_done() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let before = lab.telemetry().await;
    let student = app.student(1);
    for _ in 0..5 {
        student.bookings("").await;
    }
    let after = whole(&lab).await;
    assert_eq!(after.profile, lab.profile().await.profile.fingerprint());
    assert!(after.uptime_ms >= before.uptime_ms);
    assert_eq!(after.http.requests - before.http.requests, 5);
    assert_eq!(after.http.in_flight, 0, "the one that asks is not counted");
    assert_eq!(after.pool.max, 10);
    assert!(after.pool.acquires > before.pool.acquires);
    let bookings = &after.caches["bookings"];
    assert_eq!((bookings.hits, bookings.misses, bookings.fills), (4, 1, 1));
    assert_eq!(after.caches["users"].hits, 4);
    let kinds: BTreeSet<_> = features::registry()
        .cache_kinds()
        .map(|kind| kind.name)
        .collect();
    let counted: BTreeSet<_> = after.caches.keys().map(String::as_str).collect();
    assert_eq!(counted, kinds);
    let postgres = after.postgres.unwrap();
    assert!(postgres.commits > 0 && postgres.wal_bytes > 0);
    assert!(after.http.redis_commands > before.http.redis_commands);
    assert!(after.redis.unwrap().used_memory > 0);
    assert_eq!(after.process.pid, std::process::id());
    assert!(after.process.rss_bytes > 1 << 20 && after.process.threads > 0);
    app.finish().await;
}

/// What is counted of the application and of its database.
fn counted(of: &Snapshot) -> [u64; 7] {
    let postgres = of.postgres.as_ref().unwrap();
    [
        of.http.requests,
        of.http.queries,
        of.http.redis_commands,
        of.http.redis_pings,
        of.pool.acquires,
        postgres.rollbacks,
        postgres.deadlocks,
    ]
}

/// Looks at an application whose values are cached there, over such connections, while nobody uses it.
async fn look_at_an_idle_server(store: &str, connection: &str) {
    let caches = ["mentors", "bookings", "users"].map(|kind| format!("cache.{kind}={store}"));
    let connection = format!("cache.connection={connection}");
    let mut settings: Vec<&str> = caches.iter().map(String::as_str).collect();
    settings.push(&connection);
    let app = TestApp::with(&settings).start().await;
    let lab = app.lab();
    // So that there are pools and caches that have been used.
    app.anonymous().mentors("").await;
    // PostgreSQL counts what a backend did up to a second later.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = whole(&lab).await;
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        lab.telemetry().await;
        assert_eq!(lab.get(paths::HEALTH_LIVE).await.status, 200);
        assert_eq!(lab.get(paths::METRICS).await.status, 200);
        lab.profile().await;
    }
    let after = whole(&lab).await;
    assert_eq!(counted(&after), counted(&before), "{settings:?}");
    let (before, after) = (before.postgres.unwrap(), after.postgres.unwrap());
    assert_eq!(after.started_ms, before.started_ms);
    app.finish().await;
}

#[tokio::test]
async fn looking_at_an_idle_server_leaves_no_trace_in_what_is_seen() {
    for store in ["off", "memory", "redis"] {
        // At once: most of it is waiting.
        let connections = ["pool", "multiplexed"];
        Box::pin(together(
            connections.map(|connection| look_at_an_idle_server(store, connection)),
        ))
        .await;
    }
}

#[tokio::test]
async fn samples_share_one_connection_that_commits_nothing_in_the_database_of_the_application() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let commits = async || whole(&lab).await.postgres.unwrap().commits;
    commits().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = commits().await;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        commits().await;
    }
    let after = commits().await;
    // An autovacuum worker may come by, and a backend reports up to ten seconds later what it did before;
    // thirty samples were sixty commits and thirty sign-ins.
    assert!(after - before < 30, "{before} to {after}");
    app.finish().await;
}

#[tokio::test]
async fn a_frame_of_a_chat_client_counts_as_a_request_with_its_queries() {
    let app = TestApp::start().await;
    let before = app.lab().telemetry().await.http;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    socket.say(&ClientFrame::Ping { nonce: 7 }).await;
    socket.hear().await;
    let connected = app.lab().telemetry().await.http;
    assert_eq!(connected.requests - before.requests, 2);
    let list: RoomList = app.student(5).rooms().await.ok();
    let listed = app.lab().telemetry().await.http;
    socket.join(list.rooms[0].id, None).await;
    let joined = app.lab().telemetry().await.http;
    assert_eq!(joined.requests - listed.requests, 1);
    assert!(joined.queries > listed.queries);
    app.finish().await;
}

#[tokio::test]
async fn following_gives_one_sample_a_line_at_the_asked_distance() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let begin = Instant::now();
    let path = format!("{}?follow=100ms&count=4", paths::LAB_TELEMETRY);
    let answer = lab.get(&path).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let samples: Vec<Snapshot> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(samples.len(), 4);
    assert!(samples.is_sorted_by(|a, b| a.uptime_ms < b.uptime_ms));
    app.finish().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_server_and_does_not_hold_it_up() {
    let app = TestApp::start().await;
    let path = format!("{}?follow=50ms", paths::LAB_TELEMETRY);
    let response = app.lab().request(Method::GET, &path).send().await.unwrap();
    let mut lines = response.bytes_stream();
    assert!(lines.next().await.unwrap().is_ok());
    app.stop();
    let begin = Instant::now();
    while let Some(line) = lines.next().await {
        line.expect("it ends in order");
    }
    assert!(begin.elapsed() < GRACE);
    app.stopped().await.finish().await;
}

#[tokio::test]
async fn an_exchange_does_not_wait_for_those_who_follow() {
    let app = TestApp::start().await;
    let path = format!("{}?follow=50ms", paths::LAB_TELEMETRY);
    let response = app.lab().request(Method::GET, &path).send().await.unwrap();
    let mut lines = response.bytes_stream();
    assert!(lines.next().await.unwrap().is_ok());
    let begin = Instant::now();
    let changes = serde_json::json!({"pool.max": 4});
    assert_eq!(app.lab().put_profile(changes).await.status, 200);
    // An engine that somebody holds is waited for so long.
    assert!(begin.elapsed() < Duration::from_secs(30));
    let mut text = Vec::new();
    let mut seen = false;
    for _ in 0..100 {
        if seen {
            break;
        }
        // A piece of the stream may end in the middle of a line.
        text.extend(lines.next().await.unwrap().unwrap());
        while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
            let line: Vec<_> = text.drain(..=end).collect();
            let sample: Snapshot = serde_json::from_slice(&line).unwrap();
            seen = seen || sample.pool.max == 4;
        }
    }
    assert!(seen, "the stream tells of the engine in force");
    drop(lines);
    app.finish().await;
}

#[tokio::test]
async fn distance_and_count_are_bounded() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("follow=1ms", "follow"),
        ("follow=2m", "follow"),
        ("follow=often", "follow"),
        ("follow=1s&count=0", "count"),
        ("follow=1s&count=3601", "count"),
        ("count=3", "count"),
        ("every=1s", "every"),
    ] {
        let problem = app
            .lab()
            .get(&format!("{}?{query}", paths::LAB_TELEMETRY))
            .await
            .refused(Code::InvalidRequest);
        assert!(
            problem.detail.contains(field) || problem.detail.contains("duration"),
            "{}",
            problem.detail
        );
    }
    app.finish().await;
}
