//! Many who miss at once: one loads where the switch is on, everybody where it is off.

use shared::timing::ServerCount;
use shared::{api::mentors::MentorCard, page::Page};

use crate::support::{Answer, TestApp, together};

const READERS: usize = 50;

/// Fifty readers of one page that is not cached yet, all of them there before the database
/// answers the first.
async fn stampede(app: &TestApp, waiting: i64) -> Vec<Answer> {
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("lock table skill in access exclusive mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let anyone = app.anonymous();
            tokio::spawn(async move { anyone.mentors("skill=rust").await })
        })
        .collect();
    app.db.wait_for_blocked(waiting).await;
    app.wait_for_requests(READERS as u64..).await;
    gate.commit().await.unwrap();
    let answers = together(readers).await;
    answers.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn fifty_misses_at_once_are_one_load() {
    for store in ["memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}"), "cache.single_flight=on"])
            .start()
            .await;
        let answers = stampede(&app, 1).await;
        let first: Page<MentorCard> = answers[0].ok();
        assert!(!first.items.is_empty());
        assert!(answers.iter().all(|answer| answer.body == answers[0].body));
        let statements: u16 = answers
            .iter()
            .map(|one| one.timing().counts[ServerCount::Queries])
            .sum();
        assert_eq!(statements, 1, "{store}");
        let mentors = &app.lab().telemetry().await.caches["mentors"];
        assert_eq!(mentors.fills, 1);
        assert_eq!(mentors.hits + mentors.misses, READERS as u64);
        assert_eq!(mentors.shared_loads, mentors.misses - 1);
        app.finish().await;
    }
}

#[tokio::test]
async fn without_it_everybody_loads_for_themselves() {
    let app = TestApp::with(&["cache.single_flight=off"]).start().await;
    // As many as the pool has connections reach the database, the others wait for one.
    let answers = stampede(&app, 10).await;
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let statements: u16 = answers
        .iter()
        .map(|one| one.timing().counts[ServerCount::Queries])
        .sum();
    assert_eq!(statements, READERS as u16);
    app.finish().await;
}

#[tokio::test]
async fn whoever_waits_for_anothers_load_gets_its_failure_too_and_the_next_loads_anew() {
    let app = TestApp::with(&["cache.single_flight=on"]).start().await;
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("lock table skill in access exclusive mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let readers: Vec<_> = (0..10)
        .map(|_| {
            let anyone = app.anonymous();
            tokio::spawn(async move { anyone.mentors("skill=rust").await })
        })
        .collect();
    app.db.wait_for_blocked(1).await;
    app.wait_for_requests(10_u64..).await;
    app.db
        .execute(
            "select pg_cancel_backend(pid) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .await;
    for reader in readers {
        let answer = reader.await.unwrap();
        assert!(answer.status >= 500, "{}", answer.status);
    }
    gate.commit().await.unwrap();
    let page: Page<MentorCard> = app.anonymous().mentors("skill=rust").await.ok();
    assert!(!page.items.is_empty());
    app.finish().await;
}
