//! Plans of an operation's statements: of known operations only, under the profile in force, and
//! without a trace in the data.

use serde_json::Value;
use shared::{api::lab::Explanation, problem::Code};
use target_app::features;

use crate::support::TestApp;

/// The kinds of all nodes of a plan.
fn kinds(node: &Value, out: &mut Vec<String>) {
    out.push(node["Node Type"].as_str().unwrap().to_owned());
    for child in node["Plans"].as_array().into_iter().flatten() {
        kinds(child, out);
    }
}

async fn kinds_of(app: &TestApp, operation: &str) -> Vec<String> {
    let explained: Explanation = app.lab().explain(operation).await.ok();
    let mut all = Vec::new();
    for statement in &explained.statements {
        kinds(&statement.plan[0]["Plan"], &mut all);
    }
    all
}

#[tokio::test]
async fn every_operation_is_explained_with_rows_and_buffers_and_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let message = "select count(*) from chat_message";
    let before = app.db.count(message).await;
    for operation in features::registry().explained {
        let operation = operation.name;
        let explained: Explanation = app.lab().explain(operation).await.ok();
        assert_eq!(explained.operation, operation);
        assert_eq!(
            explained.profile,
            app.lab().profile().await.profile.fingerprint()
        );
        assert!(!explained.statements.is_empty(), "{operation}");
        for statement in &explained.statements {
            let plan = &statement.plan[0]["Plan"];
            assert!(plan["Actual Rows"].is_number(), "{operation}: {plan}");
            assert!(plan["Shared Hit Blocks"].is_number(), "{operation}: {plan}");
            assert!(!statement.sql.starts_with("explain"), "{}", statement.sql);
        }
    }
    assert_eq!(app.db.count(message).await, before);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn the_plan_is_that_of_the_profile_in_force() {
    let scan = |kinds: &[String]| kinds.iter().any(|kind| kind == "Seq Scan");
    let indexed = |kinds: &[String]| kinds.iter().any(|kind| kind.contains("Index"));
    // Tiny tables are cheap to scan: the question is whether the index can serve.
    let start = |state: &'static str| {
        // Without those that could stand in for it.
        let others = ["index.bookings_scheduled=off", "index.bookings_changed=off"];
        TestApp::with(&[state, others[0], others[1]])
            .after_sql("alter database DATABASE set enable_seqscan = off")
            .start()
    };
    let app = start("index.bookings_student=on").await;
    let on = kinds_of(&app, "bookings.mine").await;
    assert!(indexed(&on), "{on:?}");
    app.finish().await;
    let app = start("index.bookings_student=off").await;
    let off = kinds_of(&app, "bookings.mine").await;
    assert!(scan(&off), "{off:?}");
    app.finish().await;
}

#[tokio::test]
async fn the_shape_of_the_queries_follows_its_switch() {
    let app = TestApp::with(&["mentors.query=n_plus_one", "mentors.total=exact"])
        .start()
        .await;
    let loops: Explanation = app.lab().explain("mentors.list").await.ok();
    let what: Vec<&str> = loops
        .statements
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    assert_eq!(what, ["total", "ids", "card", "skills", "rating"]);
    assert_eq!(loops.statements[2].times, 20);
    app.finish().await;
}

#[tokio::test]
async fn an_operation_that_is_not_known_is_refused_with_those_that_are() {
    let app = TestApp::start().await;
    for operation in ["", "mentors.lis", "select 1"] {
        let path = operation.replace(' ', "%20");
        let answer = app.lab().explain(&path).await;
        assert!(answer.text().contains("mentors.list"), "{}", answer.text());
        answer.refused(Code::InvalidRequest);
    }
    app.finish().await;
}
