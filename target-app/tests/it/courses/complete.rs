//! Completion: only of a course of which everything is done.

use shared::{api::courses::EnrolmentView, dataset::COURSE_LESSONS, paths, problem::Code};

use super::step::{attempt, complete_lesson, course, enrol, post, submit};
use crate::support::TestApp;

#[tokio::test]
async fn a_course_is_completed_by_all_lessons_a_passed_quiz_and_a_submission() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let refused = async |missing: &str| {
        let answer = post(&student, paths::COURSE_COMPLETION, course(0)).await;
        let problem = answer.refused(Code::CourseIncomplete);
        assert!(problem.detail.contains(missing), "{}", problem.detail);
    };
    refused("8 of 8 lessons").await;
    for number in 1..=COURSE_LESSONS {
        assert_eq!(complete_lesson(&student, 0, number).await.status, 200);
    }
    refused("a passed quiz").await;
    assert_eq!(attempt(&student, 0, 3).await.status, 201);
    refused("a passed quiz").await;
    assert_eq!(attempt(&student, 0, 4).await.status, 201);
    refused("a submission").await;
    assert_eq!(submit(&student, 0, "text/plain", b"done").await.status, 201);
    let done = post(&student, paths::COURSE_COMPLETION, course(0)).await;
    let done: EnrolmentView = done.ok();
    assert!(done.completed_at.is_some());
    let again = post(&student, paths::COURSE_COMPLETION, course(0)).await;
    assert_eq!(again.ok::<EnrolmentView>(), done);
    app.lab().audits_clean().await;
    app.finish().await;
}
