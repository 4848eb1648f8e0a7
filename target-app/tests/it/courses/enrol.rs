//! Enrolment: once for each student and course, however often and at once it is requested.

use shared::{api::courses::EnrolmentView, page::Page, paths};

use super::step::{attempt, complete_lesson, enrol, progress, submit};
use crate::support::{TestApp, together};

#[tokio::test]
async fn enrolling_again_changes_nothing() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let first: EnrolmentView = enrol(&student, 0).await.created();
    assert_eq!(first.lessons_completed, 0);
    let again: EnrolmentView = enrol(&student, 0).await.ok();
    assert_eq!(again, first);
    assert_eq!(progress(&student, 0).await, first);
    app.finish().await;
}

#[tokio::test]
async fn of_many_enrolments_at_once_one_is_new() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let answers = together((0..16).map(|_| enrol(&student, 0))).await;
    let new = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(new, 1);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer.status, 200 | 201))
    );
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn every_change_is_seen_at_once_in_the_cached_list_and_only_its_student_is_invalidated() {
    let app = TestApp::with(&["cache.invalidation=versioned"])
        .with_every_cache("redis")
        .start()
        .await;
    let (student, other) = (app.student(1), app.student(2));
    let mine = async |person: &crate::support::Person| {
        let page: Page<EnrolmentView> = person.get(paths::COURSES_MINE).await.ok();
        page.items
    };
    enrol(&other, 0).await;
    assert_eq!(mine(&other).await.len(), 1);
    assert_eq!(mine(&student).await, []);
    enrol(&student, 0).await;
    assert_eq!(mine(&student).await[0].lessons_completed, 0);
    complete_lesson(&student, 0, 1).await;
    assert_eq!(mine(&student).await[0].lessons_completed, 1);
    attempt(&student, 0, 2).await;
    assert_eq!(mine(&student).await[0].quiz_best, Some(2));
    submit(&student, 0, "text/plain", b"x").await;
    assert_eq!(mine(&student).await[0].submissions, 1);
    // Changed past the application: the list of the other student is still the cached one.
    app.db.execute("delete from enrolment where student_id in (select id from app_user where email like 'student000002%')").await;
    assert_eq!(mine(&other).await.len(), 1);
    app.finish().await;
}
