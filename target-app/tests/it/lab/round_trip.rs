//! The planted way to the database: everything that waits for the server waits longer, and a pool
//! starves by it.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::{api::lab::ProfileView, paths};

use crate::support::{Person, TestApp, together};

/// The shortest of some statements on an open connection of the pool.
async fn shortest(app: &TestApp) -> Duration {
    let engine = app.state.engine();
    let mut conn = engine.db.pool().acquire().await.unwrap();
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        sqlx::query("select 1").execute(&mut *conn).await.unwrap();
        shortest = shortest.min(begin.elapsed());
    }
    shortest
}

#[tokio::test]
async fn each_statement_takes_the_planted_time_longer_and_goes_back_to_none() {
    let app = TestApp::with(&["pool.max=2"]).start().await;
    for (value, at_least, at_most) in [(20, 20, 500), (0, 0, 20), (50, 50, 500)] {
        let value = format!("{value}ms");
        let view: ProfileView = app
            .lab()
            .put_profile(json!({"db.round_trip": value}))
            .await
            .ok();
        assert_eq!(view.differences, Vec::<String>::new());
        assert_eq!(view.in_force["db.round_trip"], value);
        let took = shortest(&app).await.as_millis();
        assert!((at_least..at_most).contains(&took), "{value}: {took} ms");
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

/// Sends so many requests at once, each of which needs the database; the statuses.
async fn statuses(people: &[Person]) -> Vec<u16> {
    let asked = people.iter().map(|person| person.get(paths::BOOKINGS));
    let mut statuses: Vec<u16> = together(asked).await.iter().map(|one| one.status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn a_small_pool_times_out_where_statements_wait_and_a_large_one_does_not() {
    let settings = [
        "db.round_trip=50ms",
        "cache.bookings=off",
        "cache.users=off",
        // A connection is made in it; all of the requests together take several times as long.
        "pool.acquire_timeout=1s",
        "pool.max=1",
    ];
    let app = TestApp::with(&settings).start().await;
    let people: Vec<Person> = (1..=40).map(|n| app.student(n)).collect();
    let before = app.state.engine().db.snapshot();
    let starved = statuses(&people).await;
    let after = app.state.engine().db.snapshot();
    assert!(starved.contains(&503), "{starved:?}");
    assert!(after.timeouts > before.timeouts);
    app.lab()
        .put_profile(json!({"pool.max": 20, "pool.acquire_timeout": "30s"}))
        .await
        .ok::<ProfileView>();
    assert_eq!(statuses(&people).await, vec![200; people.len()]);
    app.finish().await;
}
