//! The catalogue and one course of it.

use shared::{
    api::courses::{CourseDetail, CourseView},
    dataset::{COURSE_LESSONS, COURSES, QUIZ_QUESTIONS},
    paths::{self, with_id},
    problem::Code,
};

use super::step::{course, lesson};
use crate::support::TestApp;

#[tokio::test]
async fn the_pages_of_the_catalogue_have_every_course_once_by_title() {
    for store in ["off", "redis"] {
        let app = TestApp::with(&[]).with_every_cache(store).start().await;
        let student = app.student(1);
        for _ in 0..2 {
            let all: Vec<CourseView> = student.all_pages(paths::COURSES, 9).await;
            assert_eq!(all.len(), COURSES as usize);
            assert!(all.is_sorted_by(|a, b| (&a.title, a.id) < (&b.title, b.id)));
        }
        let path = format!("{}?page=0", paths::COURSES);
        student.get(&path).await.refused(Code::InvalidRequest);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_course_shows_its_lessons_and_questions_but_no_answer() {
    let app = TestApp::start().await;
    let answer = app.student(1).get(&with_id(paths::COURSE, course(3))).await;
    let detail: CourseDetail = answer.ok();
    assert_eq!(detail.lessons.len(), COURSE_LESSONS as usize);
    assert_eq!(detail.quiz.len(), QUIZ_QUESTIONS as usize);
    for (heading, number) in detail.lessons.iter().zip(1..) {
        assert_eq!(heading.id, lesson(3, number));
    }
    assert!(!String::from_utf8_lossy(&answer.body).contains("\"answer\""));
    app.finish().await;
}
