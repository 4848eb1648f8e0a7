//! Which lesson a student reads, and answers about courses that are wrong.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use shared::{
    api::courses::{EnrolmentView, QuizResult},
    dataset::RowKind,
    ids::{CourseId, LessonId, UserId},
    problem::{Code, Problem},
};

use super::{
    fixture::{enrolment, lesson},
    steps::{check_completed, check_enrolment, check_quiz, not_behind, upload_request},
    *,
};
use crate::features::scripted::{self, all_right, iterate, reply};

#[test]
fn progress_that_decreases_and_the_enrolment_of_another_are_noticed() {
    not_behind(&enrolment(2), &enrolment(2)).unwrap();
    not_behind(&enrolment(2), &enrolment(1)).unwrap_err();
    let scored = EnrolmentView {
        quiz_best: Some(3),
        ..enrolment(2)
    };
    not_behind(&scored, &enrolment(2)).unwrap_err();
    let completed = EnrolmentView {
        completed_at: Some(chrono::DateTime::UNIX_EPOCH),
        ..enrolment(8)
    };
    not_behind(&enrolment(8), &completed).unwrap();
    not_behind(&completed, &completed).unwrap();
    not_behind(&completed, &enrolment(8)).unwrap_err();
    let someone = UserId(uuid::Uuid::max());
    check_enrolment(enrolment(2), someone, 0).unwrap_err();
    check_enrolment(enrolment(9), enrolment(9).student_id, 0).unwrap_err();
    check_enrolment(enrolment(2), enrolment(2).student_id, 1).unwrap_err();
    check_enrolment(enrolment(2), enrolment(2).student_id, 0).unwrap();
}

#[test]
fn a_lesson_that_is_completed_is_counted() {
    let judged = |before: i32, after: i32| {
        let answer = reply(200, &enrolment(after));
        check_completed(&answer, &enrolment(before), 0, 2).is_ok()
    };
    assert!(judged(2, 3));
    // Another user of the account was quicker.
    assert!(judged(2, 4));
    assert!(!judged(2, 2));
    assert!(!judged(4, 3));
}

#[test]
fn a_wrong_score_is_noticed() {
    let result = |score, passed| QuizResult {
        attempt: 1,
        score,
        questions: 5,
        passed,
        attempts_left: 9,
    };
    check_quiz(&reply(201, &result(4, true)), 4).unwrap();
    check_quiz(&reply(201, &result(5, true)), 4).unwrap_err();
    check_quiz(&reply(201, &result(4, false)), 4).unwrap_err();
}

#[test]
fn an_upload_states_its_type_and_digest() {
    let request = upload_request("/x", Bytes::from_static(b"abc"), &Sha256::digest(b"abc"));
    let value = |name: &str| {
        let found = request.headers.iter().find(|(one, _)| one == name);
        found.unwrap().1.to_str().unwrap().to_owned()
    };
    assert_eq!(value("content-type"), "text/plain");
    assert_eq!(
        value("content-digest"),
        "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"
    );
    assert_eq!(request.check(false), Ok(()));
}

/// The enrolment of the scripted student who has completed so many lessons.
fn own(course_id: CourseId, lessons_completed: i32) -> EnrolmentView {
    EnrolmentView {
        course_id,
        ..enrolment(lessons_completed)
    }
}

/// What a student sends to read a lesson who has completed so many of its course, or is in no course yet;
/// and the place of that lesson in its course.
async fn lesson_of(completed: Option<i32>, number: u64) -> (Vec<&'static str>, u32) {
    let world = scripted::world();
    let (mut enrolled, mut done) = (completed.is_some(), completed.unwrap_or(0));
    let (mut current, mut read) = (course(0), None);
    let target = |op: &'static str, request: &Request| {
        let id: uuid::Uuid = request.path.path().split('/').nth(4)?.parse().ok()?;
        Some(match op {
            "courses.enrolment" if !enrolled => {
                reply(403, &Problem::new(Code::NotEnrolled, "not yet"))
            }
            "courses.enrolment" | "courses.enrol" => {
                current = CourseId(id);
                let status = if enrolled { 200 } else { 201 };
                enrolled = true;
                reply(status, &own(current, done))
            }
            "courses.lesson" => {
                read = Some(id);
                reply(200, &lesson(LessonId(id), current))
            }
            "courses.quiz" => reply(409, &Problem::new(Code::AttemptsUsed, "ten")),
            _ => {
                done += 1;
                reply(200, &own(current, done))
            }
        })
    };
    let sent = iterate("courses.lesson", &world, number, target).await;
    let place = (0..COURSES * COURSE_LESSONS)
        .find(|n| Some(dataset::id(RowKind::Lesson, *n)) == read)
        .unwrap();
    (all_right(&sent), place % COURSE_LESSONS)
}

#[tokio::test]
async fn a_student_enrols_once_and_completes_each_lesson_once() {
    for number in 0..8 {
        let (ops, lesson) = lesson_of(None, number).await;
        let first = [
            "courses.enrolment",
            "courses.enrol",
            "courses.lesson",
            "courses.complete_lesson",
        ];
        assert_eq!((&ops[..4], lesson), (&first[..], 0));
        let (ops, lesson) = lesson_of(Some(3), number).await;
        let later = [
            "courses.enrolment",
            "courses.lesson",
            "courses.complete_lesson",
        ];
        assert_eq!((&ops[..3], lesson), (&later[..], 3));
        let (ops, _) = lesson_of(Some(COURSE_LESSONS as i32), number).await;
        assert_eq!(ops[..2], ["courses.enrolment", "courses.lesson"]);
        assert!(!ops.contains(&"courses.complete_lesson"), "{ops:?}");
    }
}
