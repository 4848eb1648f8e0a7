//! The switch `db.via`: refused where it cannot be in force, read back where it is, and everything
//! that people do goes through.

use serde_json::json;
use shared::{
    api::lab::ProfileView,
    dataset::{RowKind, id},
    ids::SlotId,
    problem::Code,
    snapshot::Snapshot,
};

use crate::support::{TestApp, right_strategies, together};

const THROUGH: [&str; 2] = ["db.via=pgbouncer", "db.statement_cache=off"];

/// An application that reaches its database through PgBouncer.
async fn through(settings: &[&str]) -> TestApp {
    let settings: Vec<&str> = THROUGH.iter().chain(settings).copied().collect();
    TestApp::with(&settings).with_pooler().start().await
}

#[tokio::test]
async fn without_a_pooler_the_way_through_it_is_refused_in_one_line() {
    let app = TestApp::start().await;
    let changes = json!({"db.via": "pgbouncer", "db.statement_cache": "off"});
    let problem = app
        .lab()
        .put_profile(changes)
        .await
        .refused(Code::ProfileRefused);
    assert!(
        problem.detail.contains("PGBOUNCER_URL"),
        "{}",
        problem.detail
    );
    assert!(!problem.detail.contains('\n'));
    assert_eq!(app.lab().profile().await.in_force["db.via"], "direct");
    app.finish().await;
}

#[tokio::test]
async fn the_way_and_the_settings_are_read_from_the_connections_and_can_be_changed() {
    let app = through(&["pool.max=4"]).await;
    for (via, commit, limit) in [
        ("pgbouncer", "off", "7s"),
        ("direct", "on", "off"),
        ("pgbouncer", "on", "1m"),
    ] {
        let changes = json!({
            "db.via": via, "db.synchronous_commit": commit, "db.statement_timeout": limit,
        });
        let view: ProfileView = app.lab().put_profile(changes).await.ok();
        assert_eq!(view.differences, Vec::<String>::new());
        assert_eq!(view.in_force["db.via"], via);
        assert_eq!(view.in_force["db.synchronous_commit"], commit);
        assert_eq!(view.in_force["db.statement_timeout"], limit);
    }
    app.finish().await;
}

#[tokio::test]
async fn telemetry_has_the_clients_and_servers_of_the_pooler() {
    let app = through(&["pool.max=4", "pool.min=4"]).await;
    app.anonymous()
        .mentors("sort=newest")
        .await
        .ok::<serde_json::Value>();
    let snapshot: Snapshot = app.lab().telemetry().await;
    let pooler = snapshot.pooler.expect("PgBouncer is asked");
    assert!(pooler.servers >= 1, "{pooler:?}");
    assert!(pooler.clients_active >= 4, "{pooler:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_sixty_gets_the_slot_under_each_strategy_with_fewer_servers_than_clients() {
    for strategy in right_strategies() {
        for checkout in ["per_query", "per_request"] {
            let settings = [
                format!("bookings.strategy={strategy}"),
                format!("pool.checkout={checkout}"),
                "pool.max=60".to_owned(),
            ];
            let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
            let app = through(&settings).await;
            let slot = SlotId(id(RowKind::RaceSlot, 0));
            let clients = (0..60).map(|n| {
                let student = app.student(n);
                async move { student.book(slot).await }
            });
            let answers = together(clients).await;
            let won = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(won, 1, "{strategy} {checkout}");
            app.lab().audits_clean().await;
            app.finish().await;
        }
    }
}
