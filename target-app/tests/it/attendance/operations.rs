//! Attendance in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::{
    dataset::{self, RowKind},
    paths::{self, with_id},
};

use crate::{
    access::{
        operations::{Actor::Mentor, FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    dashboards::operations::DASHBOARDS_OF_A_LESSON,
    support::{Lesson, TestApp},
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("attendance.mark", Mentor, DASHBOARDS_OF_A_LESSON),
        ("attendance.mark_all", Mentor, DASHBOARDS_OF_A_LESSON),
    ],
    request,
    send_all,
    kept_tables: &["attendance"],
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        let booking = stage.held().await;
        match operation {
            "attendance.mark" => RequestParts::of(booking.0).with_json(json!({"status": "late"})),
            "attendance.mark_all" => {
                let marks = json!([{"booking_id": booking, "status": "present"}]);
                RequestParts::json(json!({ "marks": marks }))
            }
            _ => RequestParts::of(dataset::id(RowKind::Student, stage.student_number)),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let (student, mentor) = (app.student(1), app.mentor(0));
        let booking = Lesson {
            student: 1,
            mentor: 0,
        };
        let booking = booking.create(&app.db).await;
        let path = with_id(paths::ATTENDANCE_BOOKING, booking);
        let late = json!({"status": "late"});
        sent.done("attendance.mark", mentor.put(&path, &late).await);
        let marks = json!({"marks": [{"booking_id": booking, "status": "present"}]});
        let marked = mentor.put(paths::ATTENDANCE, &marks).await;
        sent.done("attendance.mark_all", marked);
        let path = with_id(paths::STUDENT_ATTENDANCE, student.id);
        sent.done("attendance.summary", mentor.get(&path).await);
    })
}
