//! Dashboards through their cache: figures, days and the audit.

use chrono::{TimeDelta, Utc};
use shared::{api::dashboards::Dashboard, invariant::AuditReport, paths, timing::ServerCount};
use target_app::clock::Clock;

use crate::support::TestApp;

#[tokio::test]
async fn a_dashboard_is_computed_once_a_day_and_equals_the_database() {
    for store in ["memory", "redis"] {
        let clock = Clock::manual(Utc::now());
        let app = TestApp::with(&[
            &format!("cache.dashboards={store}"),
            "cache.dashboards.ttl=2h",
        ])
        .with_clock(&clock)
        .start()
        .await;
        let first: Dashboard = app.admin().get(paths::DASHBOARD_ADMIN).await.ok();
        let again = app.admin().get(paths::DASHBOARD_ADMIN).await;
        assert_eq!(again.timing().counts[ServerCount::Misses], 0, "{store}");
        assert_eq!(again.ok::<Dashboard>(), first);
        clock.advance(TimeDelta::days(1));
        let next: Dashboard = app.admin().get(paths::DASHBOARD_ADMIN).await.ok();
        assert_eq!(next.date, first.date.succ_opt().unwrap());
        let report: AuditReport = app.lab().audit().await;
        let check = &report.cached["dashboards"];
        assert_eq!((check.compared, check.wrong), (2, 0), "{store}: both days");
        // Past the application, which can tell its caches nothing of it.
        app.db
            .execute("update booking set price_cents = price_cents + 1")
            .await;
        let report: AuditReport = app.lab().audit().await;
        assert_eq!(report.cached["dashboards"].wrong, 2, "{store}");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_dashboard_is_three_statements_and_none_from_the_cache() {
    let app = TestApp::with(&["cache.dashboards=memory", "cache.users=memory"])
        .start()
        .await;
    for path in [paths::DASHBOARD_STUDENT, paths::DASHBOARD_MENTOR] {
        let person = if path == paths::DASHBOARD_STUDENT {
            app.student(1)
        } else {
            app.mentor(0)
        };
        person.me().await;
        let queries = async || person.get(path).await.timing().counts[ServerCount::Queries];
        assert_eq!(queries().await, 3, "{path}");
        assert_eq!(queries().await, 0, "{path}");
    }
    app.finish().await;
}
