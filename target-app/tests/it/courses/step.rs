//! What several of these tests do.

use http::Method;
use serde_json::json;
use shared::{
    api::courses::EnrolmentView,
    dataset::{COURSE_LESSONS, QUIZ_QUESTIONS, RowKind, id, quiz_answer},
    ids::{CourseId, LessonId},
    paths::{self, with_id},
};

use crate::support::{Answer, Person, send};

/// Seeded course `n`.
pub(crate) fn course(n: u32) -> CourseId {
    CourseId(id(RowKind::Course, n))
}

/// Lesson `number`, from 1, of seeded course `n`.
pub(crate) fn lesson(n: u32, number: u32) -> LessonId {
    LessonId(id(RowKind::Lesson, n * COURSE_LESSONS + number - 1))
}

/// A `POST` without a body.
pub(super) async fn post(person: &Person, template: &str, id: impl std::fmt::Display) -> Answer {
    person.post_empty(&with_id(template, id)).await
}

pub(crate) async fn enrol(person: &Person, n: u32) -> Answer {
    post(person, paths::COURSE_ENROLMENT, course(n)).await
}

pub(crate) async fn progress(person: &Person, n: u32) -> EnrolmentView {
    let path = with_id(paths::COURSE_ENROLMENT, course(n));
    person.get(&path).await.ok()
}

pub(crate) async fn complete_lesson(person: &Person, n: u32, number: u32) -> Answer {
    post(person, paths::LESSON_COMPLETION, lesson(n, number)).await
}

/// Attempts the quiz with so many right answers.
pub(crate) async fn attempt(person: &Person, n: u32, right: u32) -> Answer {
    let answers: Vec<i16> = (1..=QUIZ_QUESTIONS)
        .map(|question| {
            let answer = quiz_answer(n, question);
            if question <= right {
                answer
            } else {
                (answer + 1) % 4
            }
        })
        .collect();
    let path = with_id(paths::COURSE_QUIZ, course(n));
    person.post(&path, &json!({ "answers": answers })).await
}

/// Submits a file.
pub(crate) async fn submit(person: &Person, n: u32, kind: &str, bytes: &[u8]) -> Answer {
    let path = with_id(paths::COURSE_SUBMISSIONS, course(n));
    let request = person.request(Method::POST, &path);
    send(request.header("content-type", kind).body(bytes.to_vec())).await
}
