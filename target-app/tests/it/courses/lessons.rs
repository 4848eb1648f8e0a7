//! Lessons and progress.

use shared::{
    api::courses::{EnrolmentView, LessonView},
    dataset::COURSE_LESSONS,
    paths::{self, with_id},
};

use super::step::{complete_lesson, course, enrol, lesson, progress};
use crate::support::{TestApp, together};

#[tokio::test]
async fn an_enrolled_student_reads_a_lesson() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 2).await;
    let read: LessonView = student
        .get(&with_id(paths::LESSON, lesson(2, 3)))
        .await
        .ok();
    assert_eq!((read.course_id, read.number), (course(2), 3));
    assert!(read.content.len() > 500);
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_counts_once_and_progress_never_decreases() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let mut before = 0;
    for number in [3, 1, 3, 2, 1] {
        let now: EnrolmentView = complete_lesson(&student, 0, number).await.ok();
        assert!(now.lessons_completed >= before);
        before = now.lessons_completed;
    }
    assert_eq!(before, 3);
    app.finish().await;
}

#[tokio::test]
async fn all_lessons_completed_at_once_and_twice_are_all_counted() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let twice = (1..=COURSE_LESSONS).chain(1..=COURSE_LESSONS);
    let answers = together(twice.map(|number| complete_lesson(&student, 0, number))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let done = progress(&student, 0).await;
    assert_eq!(done.lessons_completed, done.lessons);
    app.lab().audits_clean().await;
    app.finish().await;
}
