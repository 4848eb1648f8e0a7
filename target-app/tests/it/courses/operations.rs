//! Courses in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::{
    dataset::{self, COURSE_LESSONS, QUIZ_QUESTIONS, RowKind, quiz_answer},
    paths::{self, with_id},
};

use super::step::{attempt, complete_lesson, course, enrol, lesson, post, submit};
use crate::{
    access::{
        operations::{Actor::Student, CachedValue, FeatureOperations, SentOperations},
        stage::{COURSE, RequestParts, Stage},
    },
    support::{Client, TestApp},
};

/// The cached values that show how far the student is in a course.
const SHOWN: &[&str] = &["courses of the student"];

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("courses.attempt_quiz", Student, SHOWN),
        ("courses.complete_lesson", Student, SHOWN),
        ("courses.complete", Student, SHOWN),
        ("courses.enrol", Student, SHOWN),
        ("courses.submit", Student, SHOWN),
    ],
    values,
    request,
    send_all,
    kept_tables: &[
        "course",
        "enrolment",
        "lesson",
        "lesson_completion",
        "quiz_attempt",
        "quiz_question",
        "submission",
    ],
};

fn values(stage: &Stage) -> Vec<CachedValue> {
    let student = Client::clone(&stage.student());
    let other = Client::clone(&stage.other_student());
    vec![
        ("catalogue of courses", student.clone(), paths::COURSES),
        ("courses of the student", student, paths::COURSES_MINE),
        ("courses of another student", other, paths::COURSES_MINE),
    ]
}

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        let of_the_course = RequestParts::of(course(COURSE).0);
        match operation {
            "courses.attempt_quiz" => {
                let answers: Vec<i16> = (1..=QUIZ_QUESTIONS)
                    .map(|question| quiz_answer(COURSE, question))
                    .collect();
                of_the_course.with_json(json!({ "answers": answers }))
            }
            "courses.enrol" => RequestParts::of(course(COURSE + 1).0),
            "courses.complete" => {
                fill(stage).await;
                of_the_course
            }
            "courses.detail" | "courses.enrolment" | "courses.submissions" => of_the_course,
            "courses.submit" => of_the_course.with_text("done"),
            "courses.lesson" | "courses.complete_lesson" => RequestParts::of(lesson(COURSE, 1).0),
            _ => RequestParts::default(),
        }
    })
}

/// Does what is missing in the course, so that it can be completed.
async fn fill(stage: &Stage) {
    let done = format!(
        "select count(*) from enrolment
         where student_id = '{}' and course_id = '{}'
           and lessons_completed = {COURSE_LESSONS}",
        dataset::id(RowKind::Student, stage.student_number),
        course(COURSE)
    );
    if stage.app.db.count(&done).await > 0 {
        return;
    }
    let student = stage.student();
    for number in 1..=COURSE_LESSONS {
        let completed = complete_lesson(&student, COURSE, number).await;
        assert_eq!(completed.status, 200);
    }
    let attempted = attempt(&student, COURSE, QUIZ_QUESTIONS).await;
    assert_eq!(attempted.status, 201);
    let submitted = submit(&student, COURSE, "text/plain", b"done").await;
    assert_eq!(submitted.status, 201);
}

/// Takes a course from the enrolment to its completion, as a student of this round alone: the
/// attempts of a course are limited.
fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let student = app.student(100 + sent.round);
        let course = course(0);
        let at = |template| with_id(template, course);
        sent.done("courses.list", student.get(paths::COURSES).await);
        sent.done("courses.detail", student.get(&at(paths::COURSE)).await);
        sent.done("courses.enrol", enrol(&student, 0).await);
        let enrolment = student.get(&at(paths::COURSE_ENROLMENT)).await;
        sent.done("courses.enrolment", enrolment);
        sent.done("courses.list_mine", student.get(paths::COURSES_MINE).await);
        let first = with_id(paths::LESSON, lesson(0, 1));
        sent.done("courses.lesson", student.get(&first).await);
        for number in 1..=COURSE_LESSONS {
            let answer = complete_lesson(&student, 0, number).await;
            sent.done("courses.complete_lesson", answer);
        }
        let attempted = attempt(&student, 0, QUIZ_QUESTIONS).await;
        sent.done("courses.attempt_quiz", attempted);
        let submitted = submit(&student, 0, "text/plain", b"done").await;
        sent.done("courses.submit", submitted);
        let submissions = student.get(&at(paths::COURSE_SUBMISSIONS)).await;
        sent.done("courses.submissions", submissions);
        let completed = post(&student, paths::COURSE_COMPLETION, course).await;
        sent.done("courses.complete", completed);
    })
}
