//! The switches of the database's connections: asked of the server, and read back from it.

use serde_json::json;
use shared::api::lab::ProfileView;

use crate::support::TestApp;

/// Requests after which a server would have kept as many statements, if none were dropped.
const REQUESTS: u32 = 500;

/// Prepared statements of the pool's only connection.
async fn prepared(app: &TestApp) -> i64 {
    let engine = app.state.engine();
    sqlx::query_scalar("select count(*) from pg_prepared_statements")
        .persistent(false)
        .fetch_one(engine.db.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn what_the_server_has_in_force_is_what_the_switches_say() {
    let app = TestApp::start().await;
    for (commit, cache, limit, in_server) in [
        ("off", "off", "2500ms", "2500ms"),
        ("on", "on", "off", "0"),
        ("off", "on", "1m", "1min"),
    ] {
        let changes = json!({
            "db.synchronous_commit": commit, "db.statement_cache": cache, "db.statement_timeout": limit,
        });
        let view: ProfileView = app.lab().put_profile(changes).await.ok();
        assert_eq!(view.differences, Vec::<String>::new());
        assert_eq!(view.in_force["db.synchronous_commit"], commit);
        assert_eq!(view.in_force["db.statement_cache"], cache);
        assert_eq!(
            view.in_force["db.statement_timeout"],
            view.profile.get("db.statement_timeout").unwrap()
        );
        let engine = app.state.engine();
        let said: (String, String) = sqlx::query_as(
            "select current_setting('synchronous_commit'), current_setting('statement_timeout')",
        )
        .fetch_one(engine.db.pool())
        .await
        .unwrap();
        assert_eq!(said, (commit.to_owned(), in_server.to_owned()));
    }
    app.finish().await;
}

#[tokio::test]
async fn without_the_cache_answers_are_the_same_and_the_server_keeps_a_bounded_number() {
    let app = TestApp::with(&["pool.max=1", "cache.mentors=off"])
        .start()
        .await;
    let anyone = app.anonymous();
    let kept = anyone.mentors("sort=newest").await;
    for _ in 0..5 {
        assert_eq!(anyone.mentors("sort=newest").await.body, kept.body);
    }
    let with = prepared(&app).await;
    assert!((1..20).contains(&with), "{with} are kept by the cache");
    let view: ProfileView = app
        .lab()
        .put_profile(json!({"db.statement_cache": "off"}))
        .await
        .ok();
    assert_eq!(view.differences, Vec::<String>::new());
    for _ in 0..REQUESTS {
        assert_eq!(anyone.mentors("sort=newest").await.body, kept.body);
    }
    // Dropped at one return in sixteen: that hundreds are missed has a chance of one in millions.
    let without = prepared(&app).await;
    assert!(without < i64::from(REQUESTS), "{without} were left behind");
    app.finish().await;
}
