//! The admission limiter: what is rejected, how, and what is never rejected.

use shared::timing::{ServerCount, ServerPart};
use std::time::{Duration, Instant};

use serde_json::json;
use shared::{paths, problem::Code};

use crate::support::{Answer, TestApp};

/// An application whose lists wait for a lock until the transaction is rolled back.
async fn slow(settings: &[&str]) -> (TestApp, sqlx::Transaction<'static, sqlx::Postgres>) {
    let mut all = vec!["cache.mentors=off", "pool.max=8"];
    all.extend(settings);
    let app = TestApp::with(&all).start().await;
    let mut lock = app.db.pool().begin().await.unwrap();
    sqlx::query("lock table mentor in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    (app, lock)
}

fn lists(app: &TestApp, count: usize) -> Vec<tokio::task::JoinHandle<Answer>> {
    (0..count)
        .map(|_| {
            let anyone = app.anonymous();
            tokio::spawn(async move { anyone.mentors("").await })
        })
        .collect()
}

#[tokio::test]
async fn beyond_the_limit_some_wait_a_moment_and_the_rest_is_rejected_at_once() {
    let (app, lock) = slow(&["http.admission=limit(2)"]).await;
    let admitted = lists(&app, 2);
    app.db.wait_for_blocked(2).await;
    // Two are queued; no permit becomes free, so they are rejected as well, only later.
    let begin = Instant::now();
    let queued = lists(&app, 6);
    let mut waited = 0;
    for answer in queued {
        let answer = answer.await.unwrap();
        answer.refused(Code::Shed);
        assert_eq!(answer.header("retry-after"), "1");
        let timing = answer.timing();
        assert_eq!(
            timing.counts[ServerCount::Queries],
            0,
            "no work was done for it"
        );
        if timing.us[ServerPart::Admission] > 0 {
            assert!(timing.us[ServerPart::Admission] >= 100_000);
            waited += 1;
        }
    }
    assert_eq!(waited, 2);
    assert!(begin.elapsed() < Duration::from_secs(10));

    let limiter = app.lab().telemetry().await.admission;
    assert_eq!(
        (limiter.limit, limiter.in_flight, limiter.waiting),
        (2, 2, 0)
    );
    assert_eq!((limiter.admitted, limiter.shed), (2, 6));
    let metrics = app.anonymous().get(paths::METRICS).await.text();
    assert!(metrics.contains("targetapp_admission_shed_total 6"));
    assert!(metrics.contains("# TYPE targetapp_admission_wait_seconds_total counter"));

    lock.rollback().await.unwrap();
    for answer in admitted {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    assert_eq!(app.lab().telemetry().await.admission.in_flight, 0);
    app.finish().await;
}

#[tokio::test]
async fn the_wait_for_a_permit_is_admission_and_no_other_part_of_the_servers_time() {
    let (app, lock) = slow(&["http.admission=limit(1)"]).await;
    let admitted = lists(&app, 1);
    app.db.wait_for_blocked(1).await;
    let queued = lists(&app, 1).remove(0);
    while app.lab().telemetry().await.admission.waiting == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    lock.rollback().await.unwrap();
    for answer in admitted {
        assert_eq!(answer.await.unwrap().timing().admission_us, 0);
    }
    let answer = queued.await.unwrap();
    assert_eq!(answer.status, 200);
    let timing = answer.timing();
    assert!(timing.admission_us >= 20_000, "{timing:?}");
    let parts = timing.admission_us + timing.pool_us + timing.db_us + timing.redis_us;
    assert!(timing.total_us >= parts, "{timing:?}");
    let waited = app.lab().telemetry().await.admission.wait_us;
    assert_eq!(waited, u64::from(timing.admission_us));
    app.finish().await;
}

#[tokio::test]
async fn health_metrics_and_the_lab_are_not_limited() {
    let (app, lock) = slow(&["http.admission=limit(1)"]).await;
    let admitted = lists(&app, 1);
    app.db.wait_for_blocked(1).await;
    for path in [paths::HEALTH_LIVE, paths::HEALTH_READY, paths::METRICS] {
        assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
    }
    assert_eq!(app.lab().telemetry().await.admission.in_flight, 1);
    let profile = app.lab().profile().await;
    assert_eq!(profile.in_force["http.admission"], "limit(1)");
    lock.rollback().await.unwrap();
    for answer in admitted {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_disconnects_releases_its_permit() {
    let (app, lock) = slow(&["http.admission=limit(1)"]).await;
    let admitted = lists(&app, 1);
    app.db.wait_for_blocked(1).await;
    for one in admitted {
        one.abort();
    }
    for _ in 0..500 {
        if app.lab().telemetry().await.admission.in_flight == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    lock.rollback().await.unwrap();
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_twice_what_it_can_take_it_answers_some_in_time_and_recovers() {
    // One connection and twenty milliseconds of database a request: fifty a second at most.
    let app = TestApp::with(&[
        "http.admission=limit(2)",
        "cache.mentors=off",
        "cache.users=off",
        "pool.max=1",
    ])
    .after_sql("alter table app_user rename to app_user_kept")
    .after_sql(
        "create view app_user as
         select app_user_kept.* from app_user_kept, pg_sleep(0.02)",
    )
    .start()
    .await;
    let mut under_way = Vec::new();
    for _ in 0..200 {
        let student = app.student(1);
        under_way.push(tokio::spawn(async move { student.me().await }));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (mut good, mut shed) = (0, 0);
    for answer in under_way {
        let answer = answer.await.unwrap();
        if answer.status == 200 {
            good += 1;
        } else {
            answer.refused(Code::Shed);
            shed += 1;
        }
    }
    assert!(good >= 20 && shed >= 20, "{good} answered, {shed} rejected");
    let after = app.student(1).me().await;
    assert_eq!(after.status, 200);
    assert_eq!(after.timing().us[ServerPart::Admission], 0);
    app.finish().await;
}

#[tokio::test]
async fn the_adaptive_limiter_measures_first_and_raises_its_limit() {
    let app = TestApp::with(&["http.admission=adaptive"]).start().await;
    assert_eq!(app.lab().telemetry().await.admission.limit, 3);
    for _ in 0..60 {
        assert_eq!(app.anonymous().mentors("").await.status, 200);
    }
    let limiter = app.lab().telemetry().await.admission;
    assert!(limiter.limit > 3, "{}", limiter.limit);
    assert_eq!((limiter.admitted, limiter.shed), (60, 0));
    // Another profile has a limiter of its own.
    let change = app
        .lab()
        .put_profile(json!({"http.admission": "off"}))
        .await;
    assert_eq!(change.status, 200);
    assert_eq!(app.lab().telemetry().await.admission.limit, 0);
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    app.finish().await;
}
