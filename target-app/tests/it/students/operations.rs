//! Students in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use shared::{
    dataset::{self, RowKind},
    paths::{self, with_id},
};

use crate::{
    access::{
        operations::{FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    support::TestApp,
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    request,
    send_all,
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "students.detail" => {
                stage.held().await;
                RequestParts::of(dataset::id(RowKind::Student, stage.student_number))
            }
            _ => RequestParts::default(),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let listed = app.mentor(0).get(paths::STUDENTS).await;
        sent.done("students.list", listed);
        let path = with_id(paths::STUDENT, app.student(1).id);
        sent.done("students.detail", app.admin().get(&path).await);
    })
}
