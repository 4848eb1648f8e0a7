//! Mentors in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::{
    dataset::{self, RowKind},
    ids::MentorId,
    paths,
};

use crate::{
    access::{
        operations::{
            Actor::{Mentor, Student},
            CachedValue, FeatureOperations, SentOperations,
        },
        stage::{RequestParts, Stage},
    },
    support::{Lesson, TestApp},
};

/// The cached values that show a mentor.
const SHOWN: &[&str] = &["list of mentors"];

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("mentors.create_review", Student, SHOWN),
        ("mentors.set_active", Mentor, SHOWN),
        ("mentors.update_own", Mentor, SHOWN),
    ],
    values,
    request,
    send_all,
    kept_tables: &["mentor", "mentor_skill", "review", "skill"],
};

fn values(stage: &Stage) -> Vec<CachedValue> {
    let anyone = stage.app.anonymous().clone();
    vec![("list of mentors", anyone, paths::MENTORS)]
}

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        let of_the_mentor = RequestParts::of(dataset::id(RowKind::Mentor, stage.mentor_number));
        match operation {
            "mentors.availability" | "mentors.detail" | "mentors.list_reviews" => of_the_mentor,
            "mentors.create_review" => {
                stage.held().await;
                of_the_mentor.with_json(json!({"stars": 5, "body": "Clear and patient."}))
            }
            "mentors.set_active" => RequestParts::json(json!({"active": true})),
            "mentors.update_own" => RequestParts::json(json!({"headline": "New words"})),
            _ => RequestParts::default(),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let anyone = app.anonymous();
        let (student, mentor) = (app.student(1), app.mentor(0));
        let id = MentorId(dataset::id(RowKind::Mentor, 0));
        sent.done("mentors.list", anyone.mentors("").await);
        sent.done("mentors.list", anyone.mentors("q=rust&page=2").await);
        sent.done("mentors.detail", anyone.mentor(id).await);
        sent.done("mentors.availability", anyone.availability(id, "").await);
        sent.done("mentors.list_reviews", anyone.reviews(id, "").await);
        let lesson = Lesson {
            student: 1,
            mentor: 0,
        };
        lesson.create(&app.db).await;
        let review = student.review(id, 5, "clear").await;
        sent.done("mentors.create_review", review);
        let update = mentor.update_own(json!({"headline": "Rust"})).await;
        sent.done("mentors.update_own", update);
        sent.done("mentors.set_active", mentor.set_active(true).await);
    })
}
