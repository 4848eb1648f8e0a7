//! Who may do what in a course.

use shared::{
    ids::CourseId,
    paths::{self, with_id},
    problem::Code,
};

use super::step::{attempt, complete_lesson, course, enrol, lesson, post, submit};
use crate::support::TestApp;

#[tokio::test]
async fn only_students_enrol() {
    let app = TestApp::start().await;
    enrol(&app.mentor(1), 0).await.refused(Code::Forbidden);
    assert_eq!(enrol(&app.student(1), 0).await.status, 201);
    app.finish().await;
}

#[tokio::test]
async fn whoever_is_not_enrolled_sees_and_does_nothing() {
    let app = TestApp::start().await;
    assert_eq!(enrol(&app.student(1), 0).await.status, 201);
    // Neither another student nor one enrolled in another course, nor a mentor.
    let elsewhere = app.student(3);
    enrol(&elsewhere, 1).await;
    for person in [app.student(2), elsewhere, app.mentor(1)] {
        for template in [paths::COURSE_ENROLMENT, paths::COURSE_SUBMISSIONS] {
            let path = with_id(template, course(0));
            person.get(&path).await.refused(Code::NotEnrolled);
        }
        let content = person.get(&with_id(paths::LESSON, lesson(0, 1))).await;
        content.refused(Code::NotEnrolled);
        complete_lesson(&person, 0, 1)
            .await
            .refused(Code::NotEnrolled);
        attempt(&person, 0, 5).await.refused(Code::NotEnrolled);
        submit(&person, 0, "text/plain", b"x")
            .await
            .refused(Code::NotEnrolled);
        let completed = post(&person, paths::COURSE_COMPLETION, course(0)).await;
        completed.refused(Code::NotEnrolled);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_course_or_lesson_that_does_not_exist_is_not_found() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let nowhere = CourseId(uuid::Uuid::now_v7());
    for template in [paths::COURSE, paths::COURSE_ENROLMENT, paths::LESSON] {
        let path = with_id(template, nowhere);
        student.get(&path).await.refused(Code::NotFound);
    }
    for template in [
        paths::COURSE_ENROLMENT,
        paths::COURSE_COMPLETION,
        paths::LESSON_COMPLETION,
    ] {
        post(&student, template, nowhere)
            .await
            .refused(Code::NotFound);
    }
    app.finish().await;
}
