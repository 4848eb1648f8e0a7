//! A student does what a course still asks for and completes it.
//!
//! A course whose quiz was failed as often as it may be attempted cannot be completed: that refusal is an
//! expected response. Errors are a completion of which something is missing, and one that changes later.

use bytes::Bytes;
use rand::RngExt as _;
use shared::{
    api::courses::{EnrolmentView, passes},
    dataset::{self, COURSE_LESSONS, COURSES, QUIZ_QUESTIONS},
    paths::{self, with_id},
    problem::Code,
};

use super::steps::{
    self, COMPLETE_LESSON, ENROL, ENROLMENT, LESSON, QUIZ, SUBMIT, check_enrolment, course,
    not_behind, right,
};
use crate::flows::{AppFlow, AppIteration, Op, until_failure};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

pub(super) static COMPLETE: Op = Op::post("courses.complete");

pub(super) const FLOW: AppFlow = AppFlow {
    name: "courses.complete",
    help: "a student reads the lessons that are left, passes the quiz, submits a file, completes the course and sees that",
    operations: &[
        &ENROLMENT,
        &ENROL,
        &LESSON,
        &COMPLETE_LESSON,
        &QUIZ,
        &SUBMIT,
        &COMPLETE,
    ],
    needs_sessions: true,
    at_once: 1,
    run: |it| until_failure(complete(it)),
};

async fn complete(mut it: AppIteration<'_>) -> Option<()> {
    let n = it.rng.random_range(0..COURSES);
    let bytes = steps::file(it.rng);
    let account = it.world.any_account(it.rng)?;
    let held = account.token.get();
    let token = &*held;
    let before = steps::opened(&mut it, token, account.id, n).await?;
    let (before, is_done) = finish(&mut it, token, before, n, bytes).await?;
    let request = Request::post(with_id(paths::COURSE_COMPLETION, course(n))).bearer(token);
    let completed = it
        .call(&COMPLETE, request, |reply| {
            check_complete(reply, &before, n, is_done)
        })
        .await;
    if let Some(Some(after)) = completed {
        steps::progress(&mut it, token, &after).await;
    }
    Some(())
}

/// Does what is left of a course: how far the student is then, and whether that is all of it. `None` if a
/// request failed.
async fn finish(
    it: &mut AppIteration<'_>,
    token: &str,
    mut latest: EnrolmentView,
    n: u32,
    bytes: Bytes,
) -> Option<(EnrolmentView, bool)> {
    // Lessons are completed in their order.
    let done = u32::try_from(latest.lessons_completed).unwrap_or(0);
    for number in done..COURSE_LESSONS {
        steps::read(it, token, n, number).await?;
        latest = steps::complete_lesson(it, token, &latest, n, number).await?;
    }
    let mut is_passed = has_passed(&latest);
    if !is_passed {
        let questions = 1..=QUIZ_QUESTIONS;
        let answers = questions.map(|question| dataset::quiz_answer(n, question));
        is_passed = steps::attempt(it, token, n, answers.collect()).await?;
    }
    if latest.submissions == 0 {
        // A refusal says that there are as many as there may be.
        let _submitted_or_refused = steps::submit(it, token, n, bytes).await?;
    }
    Some((latest, is_passed))
}

fn has_passed(enrolment: &EnrolmentView) -> bool {
    let best = enrolment.quiz_best;
    best.is_some_and(|best| passes(best, enrolment.questions))
}

/// The enrolment in the completed course; `None` where it is refused, which it may be unless all is done.
fn check_complete(
    reply: &Reply,
    before: &EnrolmentView,
    n: u32,
    is_done: bool,
) -> Result<Option<EnrolmentView>, Mismatch> {
    if !is_done && check::problem_code(reply) == Some(Code::CourseIncomplete) {
        return Ok(None);
    }
    let after = check_enrolment(check::json(reply, 200)?, before.student_id, n)?;
    not_behind(before, &after)?;
    right(after.completed_at.is_some(), "the course is not completed")?;
    right(
        after.lessons_completed == after.lessons && has_passed(&after) && after.submissions > 0,
        "a course is completed of which something is missing",
    )?;
    Ok(Some(after))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use sha2::{Digest as _, Sha256};
    use shared::{
        api::courses::{QuizRequest, QuizResult, SubmissionView},
        hex,
        ids::{CourseId, LessonId, SubmissionId},
        problem::Problem,
    };
    use uuid::Uuid;

    use super::*;
    use crate::features::{
        courses::fixture,
        scripted::{self, SentRequest, all_right, iterate, reply},
    };
    use loadgen_engine::sample::Outcome;

    /// The enrolment of the scripted student in course 0.
    fn enrolment(
        lessons_completed: u32,
        quiz_best: Option<i32>,
        submissions: i32,
    ) -> EnrolmentView {
        EnrolmentView {
            quiz_best,
            submissions,
            ..fixture::enrolment(lessons_completed as i32)
        }
    }

    fn completed(enrolment: EnrolmentView, at: i64) -> EnrolmentView {
        EnrolmentView {
            completed_at: DateTime::<Utc>::from_timestamp(at, 0),
            ..enrolment
        }
    }

    /// What a student sends who begins with that enrolment, to a target whose quiz is passed by right answers
    /// unless its attempts are used, and that completes the course or refuses it.
    async fn sent(begin: EnrolmentView, is_used: bool, is_refused: bool) -> Vec<SentRequest> {
        let world = scripted::world();
        let (mut now, mut course_id) = (begin, None);
        let target = |op: &'static str, request: &Request| {
            let id: Uuid = request.path.path().split('/').nth(4)?.parse().ok()?;
            now.course_id = *course_id.get_or_insert(CourseId(id));
            Some(match op {
                "courses.lesson" => reply(200, &fixture::lesson(LessonId(id), now.course_id)),
                "courses.complete_lesson" => {
                    now.lessons_completed += 1;
                    reply(200, &now)
                }
                "courses.quiz" if is_used => reply(409, &Problem::new(Code::AttemptsUsed, "ten")),
                "courses.quiz" => {
                    let asked: QuizRequest = serde_json::from_slice(&request.body).ok()?;
                    let n = (0..COURSES).find(|n| course(*n) == now.course_id)?;
                    let score = (1..)
                        .zip(&asked.answers)
                        .filter(|(question, answer)| dataset::quiz_answer(n, *question) == **answer)
                        .count() as i32;
                    now.quiz_best = Some(score);
                    let result = QuizResult {
                        attempt: 1,
                        score,
                        questions: now.questions,
                        passed: passes(score, now.questions),
                        attempts_left: 9,
                    };
                    reply(201, &result)
                }
                "courses.submit" => {
                    now.submissions += 1;
                    let stored = SubmissionView {
                        id: SubmissionId(Uuid::nil()),
                        course_id: now.course_id,
                        number: 1,
                        size_bytes: request.body.len() as i32,
                        media_type: "text/plain".to_owned(),
                        sha256: hex::of(&Sha256::digest(&request.body)),
                        submitted_at: DateTime::UNIX_EPOCH,
                    };
                    reply(201, &stored)
                }
                "courses.complete" if is_refused => reply(
                    409,
                    &Problem::new(Code::CourseIncomplete, "missing: a quiz"),
                ),
                "courses.complete" => {
                    now = completed(now.clone(), 1);
                    reply(200, &now)
                }
                _ => reply(200, &now),
            })
        };
        iterate("courses.complete", &world, 0, target).await
    }

    #[tokio::test]
    async fn a_student_does_what_is_left_and_completes_the_course() {
        let last = ["courses.complete", "courses.enrolment"];
        let ops = all_right(&sent(enrolment(COURSE_LESSONS - 2, None, 0), false, false).await);
        let lesson = ["courses.lesson", "courses.complete_lesson"];
        let left = ["courses.quiz", "courses.submit"];
        let expected = [&["courses.enrolment"][..], &lesson, &lesson, &left, &last].concat();
        assert_eq!(ops, expected);
        let ops = all_right(&sent(enrolment(COURSE_LESSONS, Some(4), 1), false, false).await);
        assert_eq!(ops, [&["courses.enrolment"][..], &last].concat());
    }

    #[tokio::test]
    async fn only_a_student_without_a_passed_quiz_may_be_refused() {
        let ops = all_right(&sent(enrolment(COURSE_LESSONS, Some(3), 1), true, true).await);
        let expected = ["courses.enrolment", "courses.quiz", "courses.complete"];
        assert_eq!(ops, expected);
        let refused = sent(enrolment(COURSE_LESSONS, Some(3), 1), false, true).await;
        let last = ("courses.complete", Some(Outcome::HttpError));
        assert_eq!(refused.last(), Some(&last));
    }

    #[test]
    fn a_completed_course_has_everything_and_keeps_its_time() {
        let before = enrolment(COURSE_LESSONS, Some(4), 1);
        let judged = |before: &EnrolmentView, after: &EnrolmentView| {
            check_complete(&reply(200, after), before, 0, true)
        };
        let right = completed(before.clone(), 1);
        assert_eq!(judged(&before, &right), Ok(Some(right.clone())));
        assert_eq!(judged(&right, &right), Ok(Some(right.clone())));
        assert!(judged(&right, &completed(before.clone(), 2)).is_err());
        assert!(judged(&before, &before).is_err());
        let (few, failed) = (
            enrolment(COURSE_LESSONS - 1, Some(4), 1),
            enrolment(COURSE_LESSONS, Some(3), 1),
        );
        let none = enrolment(COURSE_LESSONS, Some(4), 0);
        for begun in [few, failed, none] {
            assert!(
                judged(&begun, &completed(begun.clone(), 1)).is_err(),
                "{begun:?}"
            );
        }
        let other = EnrolmentView {
            course_id: course(1),
            ..right
        };
        assert!(judged(&before, &other).is_err());
        let incomplete = reply(409, &Problem::new(Code::CourseIncomplete, "no"));
        assert_eq!(check_complete(&incomplete, &before, 0, false), Ok(None));
        assert!(check_complete(&incomplete, &before, 0, true).is_err());
    }
}
