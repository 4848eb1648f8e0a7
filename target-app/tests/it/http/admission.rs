//! The admission limiter: what is rejected, how, and what is never rejected.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::{
    paths,
    problem::Code,
    timing::{ServerCount, ServerPart, ServerTiming},
};

use crate::support::{Answer, NewSlot, TestApp, lock_slot};

/// An application whose lists wait for a lock until the transaction is rolled back.
async fn slow(settings: &[&str]) -> (TestApp, sqlx::Transaction<'static, sqlx::Postgres>) {
    let mut all = vec!["cache.mentors=off", "pool.max=8"];
    all.extend(settings);
    let app = TestApp::with(&all).start().await;
    let lock = locked(&app).await;
    (app, lock)
}

/// Lists wait until this is rolled back.
async fn locked(app: &TestApp) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut lock = app.db.pool().begin().await.unwrap();
    sqlx::query("lock table mentor in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    lock
}

/// One list that waits for the permit of another for at least 20 milliseconds, and what all waits together
/// were before; absent where it waited too long on a busy machine and was rejected.
async fn queued_behind_another(
    app: &TestApp,
    lock: sqlx::Transaction<'static, sqlx::Postgres>,
) -> Option<(ServerTiming, u64)> {
    let before = app.lab().telemetry().await.admission.wait_us;
    let admitted = lists(app, 1);
    app.db.wait_for_blocked(1).await;
    let queued = lists(app, 1).remove(0);
    while app.lab().telemetry().await.admission.waiting == 0 && !queued.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    lock.rollback().await.unwrap();
    for answer in admitted {
        let timing = answer.await.unwrap().timing();
        assert_eq!(timing.us[ServerPart::Admission], 0);
    }
    let answer = queued.await.unwrap();
    if answer.status != 200 {
        answer.refused(Code::Shed);
        return None;
    }
    Some((answer.timing(), before))
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
    // Two at a time wait, each for a tenth of a second: on a slow machine the last may come after the first
    // were rejected, and then wait as well.
    let turns = begin.elapsed().as_millis() / 100;
    assert!(
        (2..=2 * turns).contains(&waited),
        "{waited} waited in {turns} turns"
    );
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
    let (app, mut lock) = slow(&["http.admission=limit(1)"]).await;
    let mut served = None;
    for _ in 0..20 {
        served = queued_behind_another(&app, lock).await;
        if served.is_some() {
            break;
        }
        lock = locked(&app).await;
    }
    let (timing, before) = served.expect("one of twenty is served in time");
    let waited = timing.us[ServerPart::Admission];
    assert!(waited >= 20_000, "{timing:?}");
    let parts: u32 = timing.us.values().sum();
    assert!(timing.total_us >= parts, "{timing:?}");
    let limiter = app.lab().telemetry().await.admission;
    assert_eq!(limiter.wait_us - before, u64::from(waited));
    app.finish().await;
}

#[tokio::test]
async fn health_metrics_and_the_lab_are_not_limited() {
    let (app, lock) = slow(&["http.admission=limit(1)"]).await;
    let admitted = lists(&app, 1);
    app.db.wait_for_blocked(1).await;
    for path in [paths::HEALTH_LIVE, paths::METRICS] {
        assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
    }
    assert_eq!(app.anonymous().ready().await.status, 200);
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
    for _ in 0..3_000 {
        if app.lab().telemetry().await.admission.in_flight == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    lock.rollback().await.unwrap();
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn work_that_goes_on_without_its_client_keeps_its_permit() {
    let app = TestApp::with(&["http.admission=limit(1)"]).start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let lock = lock_slot(&app.db, slot).await;
    let student = app.student(9);
    let booking = tokio::spawn(async move { student.book(slot).await });
    app.db.wait_for_blocked(1).await;
    booking.abort();
    // Until the server has noticed.
    app.wait_for_requests(..=0_u64).await;
    let in_flight = async || app.lab().telemetry().await.admission.in_flight;
    assert_eq!(in_flight().await, 1, "the booking is still being made");
    lock.rollback().await.unwrap();
    for _ in 0..3_000 {
        if in_flight().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(in_flight().await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_beyond_what_it_can_take_it_answers_some_in_time_and_recovers() {
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
    // How long one takes on this machine, now, while nothing else is asked.
    let mut usual = Duration::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        assert_eq!(app.student(1).me().await.status, 200);
        usual = usual.min(begin.elapsed());
    }
    let mut under_way = Vec::new();
    // Ticks that a busy machine delays are made up for.
    let mut ticks = tokio::time::interval(usual / 4);
    for _ in 0..200 {
        let student = app.student(1);
        under_way.push(tokio::spawn(async move { student.me().await }));
        ticks.tick().await;
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
    // One in four would be answered in a quiet moment; the machine may have others to serve meanwhile.
    assert!(good >= 5 && shed >= 20, "{good} answered, {shed} rejected");
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
