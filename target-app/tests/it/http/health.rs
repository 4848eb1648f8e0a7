//! Is it up, is it ready, and its counters for Prometheus.

use shared::{api::lab::Readiness, paths, problem::Code};

use crate::support::{NewSlot, TestApp};

#[tokio::test]
async fn an_application_with_both_services_is_ready() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let live: Readiness = anyone.get(paths::HEALTH_LIVE).await.ok();
    assert_eq!(live.status, "live");
    let mut ready: Readiness = anyone.ready().await.ok();
    // Redis is not waited for long, and this machine has other tests to run.
    for _ in 0..20 {
        if ready.parts["redis"] == "ok" {
            break;
        }
        ready = anyone.ready().await.ok();
    }
    assert_eq!(ready.status, "ready");
    for part in ["postgres", "redis"] {
        assert_eq!(ready.parts[part], "ok");
    }
    app.finish().await;
}

#[tokio::test]
async fn without_its_database_it_is_up_but_not_ready() {
    let app = TestApp::start().await;
    // New connections are refused; the application's own connections are cut.
    let name = app.db.name().to_owned();
    let mut conn = target_app::db::database::maintenance(app.db.url())
        .await
        .unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "alter database {name} with allow_connections false;
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    )))
    .execute(&mut conn)
    .await
    .unwrap();
    let anyone = app.anonymous();
    assert_eq!(anyone.get(paths::HEALTH_LIVE).await.status, 200);
    let answer = anyone.get(paths::HEALTH_READY).await;
    assert_eq!(answer.status, 503);
    let ready: Readiness = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(ready.status, "not_ready");
    // Refused at once, or too late for the server on a busy machine.
    assert!(ready.parts["postgres"].contains("not answer"), "{ready:?}");
    let refused = anyone.mentors("").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(!refused.text().contains(&name), "internals are not shown");

    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "alter database {name} with allow_connections true"
    )))
    .execute(&mut conn)
    .await
    .unwrap();
    assert_eq!(anyone.mentors("").await.status, 200);
    assert_eq!(anyone.ready().await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_not_ready_and_what_it_refuses_is_no_fault() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let name = app.db.name().to_owned();
    app.db
        .execute(&format!(
            "alter database {name} set default_transaction_read_only = on"
        ))
        .await;
    // It is of new connections.
    app.db
        .execute(
            "select pg_terminate_backend(pid)
             from pg_stat_activity
             where datname = current_database() and application_name = 'target-app'",
        )
        .await;
    assert_eq!(said_of_postgres(&app).await, "is read-only");
    let student = app.student(1);
    let mut detail = String::new();
    // Before it is asked again, a connection that was ended may be found.
    for _ in 0..20 {
        detail = student.book(slot).await.refused(Code::Unavailable).detail;
        if detail.contains("no writes") {
            break;
        }
    }
    assert!(detail.contains("no writes"), "{detail}");
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_role_that_may_not_insert_is_not_ready() {
    let app = TestApp::start().await;
    let name = app.db.name().to_owned();
    // Of new connections, with the privileges of a role that may read everything and nothing else.
    app.db
        .execute(&format!(
            "alter database {name} set role = 'pg_read_all_data'"
        ))
        .await;
    assert_eq!(
        app.db.text("select current_user::text").await,
        "pg_read_all_data"
    );
    assert_eq!(
        app.db
            .text("select current_setting('transaction_read_only')")
            .await,
        "off"
    );
    assert_eq!(said_of_postgres(&app).await, "is read-only");

    app.db
        .execute(&format!("alter database {name} reset role"))
        .await;
    assert_eq!(app.anonymous().ready().await.status, 200);
    app.finish().await;
}

/// What a server that is not ready says of PostgreSQL, which is not waited for long: this machine has other tests
/// to run.
async fn said_of_postgres(app: &TestApp) -> String {
    let mut said = String::new();
    for _ in 0..20 {
        let answer = app.anonymous().get(paths::HEALTH_READY).await;
        assert_eq!(answer.status, 503);
        let ready: Readiness = serde_json::from_slice(&answer.body).unwrap();
        said.clone_from(&ready.parts["postgres"]);
        if !said.contains("not answer") {
            break;
        }
    }
    said
}

#[tokio::test]
async fn the_counters_are_prometheus_text() {
    let app = TestApp::start().await;
    app.student(1).bookings("").await;
    let answer = app.anonymous().get(paths::METRICS).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let text = answer.text();
    for name in [
        "targetapp_http_requests_total",
        "targetapp_pool_connections",
        "targetapp_cache_lookups_total",
    ] {
        assert!(
            text.contains(&format!("# TYPE {name}")),
            "{name} in:\n{text}"
        );
    }
    let by_route = format!("route=\"{}\"", paths::BOOKINGS);
    assert!(text.contains(&by_route), "{text}");
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let (_, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    app.finish().await;
}
