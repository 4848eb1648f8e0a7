//! An absent Redis costs the loads that it would have saved, and nothing else.

use shared::timing::ServerCount;
use std::time::{Duration, Instant};

use serde_json::Value;
use shared::{api::bookings::BookingView, api::lab::Readiness, paths};

use crate::support::{NewSlot, Proxy, TestApp};

/// Everything that goes through a cache, read and written; all of it has to work.
async fn everything_works(app: &TestApp) {
    let student = app.student(3);
    student.me().await.ok::<Value>();
    let list = student.mentors("skill=python").await;
    assert!(list.timing().counts[ServerCount::Queries] > 0);
    list.ok::<Value>();
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    let mine: Value = student.bookings("per_page=100").await.ok();
    let mine = mine["items"].as_array().unwrap();
    assert!(mine.iter().any(|one| one["id"] == booking.id.to_string()));
    student.cancel(booking.id).await.ok::<Value>();
}

#[tokio::test]
async fn an_application_starts_and_serves_without_redis() {
    for connection in ["pool", "multiplexed"] {
        let app = TestApp::with(&[&format!("cache.connection={connection}")])
            .with_redis_at("127.0.0.1:1".parse().unwrap())
            .start()
            .await;
        everything_works(&app).await;
        everything_works(&app).await;
        let telemetry = app.lab().telemetry().await;
        assert_eq!(telemetry.redis, None);
        assert!(telemetry.caches["mentors"].errors > 0);
        let ready = app.anonymous().ready().await;
        // A balancer that went by the cache would send to no instance at all.
        assert_eq!(ready.status, 200);
        let ready: Readiness = serde_json::from_slice(&ready.body).unwrap();
        assert_eq!(ready.parts["postgres"], "ok");
        assert_ne!(ready.parts["redis"], "ok");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn requests_go_on_when_redis_goes_away_under_them() {
    for connection in ["pool", "multiplexed"] {
        let proxy = Proxy::to_redis().await;
        let app = TestApp::with(&[&format!("cache.connection={connection}")])
            .with_redis_at(proxy.address())
            .start()
            .await;
        let anyone = app.anonymous();
        anyone.mentors("skill=python").await;
        assert_eq!(
            anyone.mentors("skill=python").await.timing().counts[ServerCount::Hits],
            1
        );
        proxy.cut();
        everything_works(&app).await;
        everything_works(&app).await;
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_redis_that_stands_still_is_waited_for_once_and_not_by_every_request() {
    for connection in ["pool", "multiplexed"] {
        let proxy = Proxy::to_redis().await;
        let app = TestApp::with(&[&format!("cache.connection={connection}")])
            .with_redis_at(proxy.address())
            .start()
            .await;
        let anyone = app.anonymous();
        anyone.mentors("").await;
        proxy.stall();
        let begin = Instant::now();
        anyone.mentors("").await.ok::<Value>();
        assert!(begin.elapsed() < Duration::from_secs(5), "{connection}");
        // For a moment after a failure Redis is not tried again; each try would take two seconds. On a slow
        // machine that moment may be over before the last of them.
        let begin = Instant::now();
        for _ in 0..3 {
            anyone.mentors("").await.ok::<Value>();
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{connection}");
        app.finish().await;
    }
}

/// Settings of the balancer of Compose, which are those of the own stack.
const BALANCER: &str = include_str!("../../../../deploy/haproxy.cfg");

#[tokio::test]
async fn an_instance_whose_redis_stands_still_is_ready_before_the_balancer_checks_it_again() {
    // Checks are given up later than that; one that takes longer than their interval delays the next.
    assert!(BALANCER.contains(" check inter 1s ") && BALANCER.contains("    timeout check 5s\n"));
    let interval = Duration::from_secs(1);
    let proxy = Proxy::to_redis().await;
    let app = TestApp::with(&[])
        .with_redis_at(proxy.address())
        .start()
        .await;
    proxy.stall();
    let mut shortest = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        let mut ready = app.anonymous().get(paths::HEALTH_READY).await;
        shortest = shortest.min(begin.elapsed());
        if ready.status != 200 {
            ready = app.anonymous().ready().await;
        }
        assert_eq!(ready.status, 200, "{}", ready.text());
        let ready: Readiness = serde_json::from_slice(&ready.body).unwrap();
        assert_eq!(ready.status, "ready");
        assert_eq!(ready.parts["postgres"], "ok");
        assert_ne!(ready.parts["redis"], "ok");
    }
    // One that was disturbed by the machine may take longer; a check that waits for Redis always does.
    assert!(shortest < interval, "{shortest:?}");
    // It is as ready as it says.
    everything_works(&app).await;
    app.finish().await;
}
