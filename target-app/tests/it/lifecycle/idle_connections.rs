//! A connection that comes back is used again without a question to the server, and is given back
//! to the pool where somebody waits for it or nobody uses it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{paths, profile::Profile};
use target_app::{
    db::{self, DbAddresses, DbError},
    timing::{self, Timing},
};

use crate::support::{Person, Proxy, TestApp, TestDb, together};

/// Reads that follow each other.
const READS: u32 = 10;

/// An application with a pool of one connection, as far away from the database as can be: the way of a
/// response to the client and of the next request back takes a busy machine many milliseconds.
async fn start(ping_on_release: &str) -> TestApp {
    TestApp::with(&[
        "db.round_trip=50ms",
        "cache.bookings=off",
        "cache.users=off",
        "pool.min=1",
        "pool.max=1",
        "pool.acquire_timeout=20s",
        &format!("pool.ping_on_release={ping_on_release}"),
    ])
    .start()
    .await
}

/// How long reads wait for the connection that the one before has just given back.
async fn waited(app: &TestApp, reader: &Person) -> Duration {
    let us = || app.state.engine().db.snapshot().wait_us;
    assert_eq!(reader.get(paths::BOOKINGS).await.status, 200);
    let before = us();
    for _ in 0..READS {
        assert_eq!(reader.get(paths::BOOKINGS).await.status, 200);
    }
    Duration::from_micros(us() - before)
}

#[tokio::test]
async fn without_the_ping_nobody_waits_for_a_connection_that_is_back() {
    let mut waits = Vec::new();
    for ping in ["on", "off"] {
        let app = start(ping).await;
        let reader = app.student(1);
        waits.push(waited(&app, &reader).await);
        app.finish().await;
    }
    // A round trip each, less the way of the response to the client and back.
    assert!(waits[0] > Duration::from_millis(100), "{waits:?}");
    assert!(waits[1] < waits[0] / 4, "{waits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_gets_the_only_connection_and_what_nobody_uses_is_the_pools_again() {
    let app = start("off").await;
    let people: Vec<Person> = (1..=10).map(|n| app.student(n)).collect();
    for _ in 0..2 {
        let asked = people.iter().map(|person| person.get(paths::BOOKINGS));
        let answers = together(asked).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
    let engine = app.state.engine();
    let begin = Instant::now();
    while engine.db.pool().num_idle() == 0 {
        assert!(begin.elapsed() < Duration::from_mins(1), "it is kept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(engine.db.snapshot().idle, 1);
    drop(engine);
    app.finish().await;
}

#[tokio::test]
async fn a_kept_connection_that_gives_no_answer_is_waited_for_as_long_as_for_the_pool() {
    let (way, test_db) = (Proxy::to_primary().await, TestDb::seeded().await);
    let mut profile = Profile::after();
    for setting in [
        "pool.min=1",
        "pool.max=1",
        "pool.acquire_timeout=5s",
        "pool.ping_on_acquire=on",
        "pool.ping_on_release=off",
    ] {
        profile.apply(setting).unwrap();
    }
    let addresses = DbAddresses {
        direct: &test_db.url_by(&way),
        pooler: None,
        replica: None,
    };
    let opened = db::open(addresses, &profile, Arc::default()).await.unwrap();
    // Connections are kept of requests only, whose statements were all answered.
    timing::scope(Timing::default(), async {
        // Given to the pool after another test has lost a connection, it is idle a moment later.
        drop(opened.session().conn().await.unwrap());
        while opened.snapshot().idle == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        way.stall();
        let mut session = opened.session();
        let refused = tokio::time::timeout(Duration::from_mins(1), session.conn()).await;
        let refused = refused.expect("a check has a limit").err();
        assert!(matches!(refused, Some(DbError::PoolTimeout)), "{refused:?}");
    })
    .await;
    assert_eq!(opened.snapshot().timeouts, 1);
    way.cut();
    opened.close().await;
    test_db.finish().await;
}
