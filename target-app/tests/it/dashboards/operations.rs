//! Dashboards in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use shared::paths;

use crate::{
    access::{
        operations::{CachedValue, FeatureOperations, SentOperations},
        stage::Stage,
    },
    support::{Client, TestApp},
};

/// The cached dashboards that show a lesson of the student and the mentor.
pub(crate) const DASHBOARDS_OF_A_LESSON: &[&str] = &[
    "dashboard of all",
    "dashboard of the mentor",
    "dashboard of the student",
];

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    values,
    send_all,
    ..FeatureOperations::NONE
};

fn values(stage: &Stage) -> Vec<CachedValue> {
    [
        ("dashboard of all", stage.admin(), paths::DASHBOARD_ADMIN),
        (
            "dashboard of the mentor",
            stage.mentor(),
            paths::DASHBOARD_MENTOR,
        ),
        (
            "dashboard of another mentor",
            stage.other_mentor(),
            paths::DASHBOARD_MENTOR,
        ),
        (
            "dashboard of the student",
            stage.student(),
            paths::DASHBOARD_STUDENT,
        ),
        (
            "dashboard of another student",
            stage.other_student(),
            paths::DASHBOARD_STUDENT,
        ),
    ]
    .map(|(name, person, path)| (name, Client::clone(&person), path))
    .into()
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let shown = app.admin().get(paths::DASHBOARD_ADMIN).await;
        sent.done("dashboards.admin", shown);
        let shown = app.mentor(0).get(paths::DASHBOARD_MENTOR).await;
        sent.done("dashboards.mentor", shown);
        let shown = app.student(1).get(paths::DASHBOARD_STUDENT).await;
        sent.done("dashboards.student", shown);
    })
}
