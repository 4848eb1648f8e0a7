//! What several flows do in a course: open it, read a lesson and complete it, attempt the quiz, submit a
//! file, look at the progress. Each checks its response.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use shared::{
    api::courses::{EnrolmentView, LessonView, QuizRequest, QuizResult, SubmissionView, passes},
    dataset::{self, COURSE_LESSONS, RowKind},
    hex,
    ids::{CourseId, LessonId, UserId},
    paths::{self, with_id},
    problem::Code,
};

use crate::flows::{AppIteration, Op};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};
use loadgen_stats::seed::Chance;

/// Bytes of a submitted file, at least and at most.
const FILE_BYTES: std::ops::RangeInclusive<usize> = 4 * 1_024..=64 * 1_024;

pub(super) static ENROL: Op = Op::post("courses.enrol");
pub(super) static ENROLMENT: Op = Op::get("courses.enrolment");
pub(super) static LESSON: Op = Op::get("courses.lesson");
pub(super) static COMPLETE_LESSON: Op = Op::post("courses.complete_lesson");
pub(super) static QUIZ: Op = Op::post("courses.quiz");
pub(super) static SUBMIT: Op = Op::post("courses.submit");

/// Seeded course `n`.
pub(super) fn course(n: u32) -> CourseId {
    CourseId(dataset::id(RowKind::Course, n))
}

/// Lesson `number`, from 0, of seeded course `n`.
fn lesson(n: u32, number: u32) -> LessonId {
    LessonId(dataset::id(RowKind::Lesson, n * COURSE_LESSONS + number))
}

/// Opens a course: how far the student is, who is enrolled where that is not so yet.
pub(super) async fn opened(
    it: &mut AppIteration<'_>,
    token: &str,
    student: UserId,
    n: u32,
) -> Option<EnrolmentView> {
    let ask = Request::get(with_id(paths::COURSE_ENROLMENT, course(n))).bearer(token);
    let found = it
        .call(&ENROLMENT, ask, |reply| check_opened(reply, student, n))
        .await?;
    match found {
        Some(enrolment) => Some(enrolment),
        None => enrolled(it, token, student, n).await,
    }
}

/// Enrols a student, who may be enrolled already.
pub(super) async fn enrolled(
    it: &mut AppIteration<'_>,
    token: &str,
    student: UserId,
    n: u32,
) -> Option<EnrolmentView> {
    let enrol = Request::post(with_id(paths::COURSE_ENROLMENT, course(n))).bearer(token);
    it.call(&ENROL, enrol, |reply| {
        let status = if reply.status == 200 { 200 } else { 201 };
        check_enrolment(check::json(reply, status)?, student, n)
    })
    .await
}

/// Reads a lesson; `None` if that failed.
pub(super) async fn read(
    it: &mut AppIteration<'_>,
    token: &str,
    n: u32,
    number: u32,
) -> Option<()> {
    let id = lesson(n, number);
    let ask = Request::get(with_id(paths::LESSON, id)).bearer(token);
    it.call(&LESSON, ask, |reply| {
        let lesson: LessonView = check::json(reply, 200)?;
        right(
            lesson.id == id && lesson.course_id == course(n) && !lesson.content.is_empty(),
            "not the lesson that was requested",
        )
    })
    .await
}

/// Completes a lesson; the enrolment after that.
pub(super) async fn complete_lesson(
    it: &mut AppIteration<'_>,
    token: &str,
    before: &EnrolmentView,
    n: u32,
    number: u32,
) -> Option<EnrolmentView> {
    let path = with_id(paths::LESSON_COMPLETION, lesson(n, number));
    let complete = Request::post(path).bearer(token);
    it.call(&COMPLETE_LESSON, complete, |reply| {
        check_completed(reply, before, n, number)
    })
    .await
}

/// Attempts the quiz; whether it is passed by that, which it is not where the course allows no further attempt.
/// `None` if that failed.
pub(super) async fn attempt(
    it: &mut AppIteration<'_>,
    token: &str,
    n: u32,
    answers: Vec<i16>,
) -> Option<bool> {
    let path = with_id(paths::COURSE_QUIZ, course(n));
    let expected = (1..)
        .zip(&answers)
        .filter(|(question, answer)| dataset::quiz_answer(n, *question) == **answer)
        .count() as i32;
    let quiz = Request::post_json(path, &QuizRequest { answers }).bearer(token);
    let scored = it.call(&QUIZ, quiz, |reply| check_quiz(reply, expected));
    let result = scored.await?;
    Some(result.is_some_and(|result| result.passed))
}

/// A file that no other iteration submits.
pub(super) fn file(rng: &mut Chance) -> Bytes {
    let length = rng.random_range(FILE_BYTES);
    let first: u64 = rng.random();
    let bytes: Vec<u8> = format!("{first:x} ").bytes().cycle().take(length).collect();
    Bytes::from(bytes)
}

/// Submits a file: the submission, or the refusal where the course allows no more of them. `None` if that
/// failed.
pub(super) async fn submit(
    it: &mut AppIteration<'_>,
    token: &str,
    n: u32,
    bytes: Bytes,
) -> Option<Result<SubmissionView, Code>> {
    let digest = Sha256::digest(&bytes);
    let (digits, length) = (hex::of(&digest), bytes.len());
    let path = with_id(paths::COURSE_SUBMISSIONS, course(n));
    let upload = upload_request(&path, bytes, &digest).bearer(token);
    it.call(&SUBMIT, upload, |reply| {
        check_submit(reply, &digits, length)
    })
    .await
}

/// Asks for the progress, which is not behind what was seen before.
pub(super) async fn progress(it: &mut AppIteration<'_>, token: &str, before: &EnrolmentView) {
    let path = with_id(paths::COURSE_ENROLMENT, before.course_id);
    it.call(&ENROLMENT, Request::get(path).bearer(token), |reply| {
        let now: EnrolmentView = check::json(reply, 200)?;
        right(
            now.course_id == before.course_id && now.student_id == before.student_id,
            "another enrolment",
        )?;
        not_behind(before, &now)
    })
    .await;
}

/// The request that submits a file.
pub(super) fn upload_request(path: &str, bytes: Bytes, digest: &[u8]) -> Request {
    let mut request =
        Request::post(path).with(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    let digest = format!("sha-256=:{}:", STANDARD.encode(digest));
    // Base64 is always a header value.
    if let Ok(value) = HeaderValue::from_str(&digest) {
        request = request.with(HeaderName::from_static("content-digest"), value);
    }
    request.body = bytes;
    request
}

/// A mismatch unless that holds.
pub(super) fn right(holds: bool, otherwise: &str) -> Result<(), Mismatch> {
    if holds {
        Ok(())
    } else {
        Err(Mismatch::new(otherwise))
    }
}

/// The enrolment, if it is that student's in that course.
pub(super) fn check_enrolment(
    enrolment: EnrolmentView,
    student: UserId,
    n: u32,
) -> Result<EnrolmentView, Mismatch> {
    let own = enrolment.course_id == course(n) && enrolment.student_id == student;
    right(own, "another enrolment")?;
    let within = (0..=enrolment.lessons).contains(&enrolment.lessons_completed);
    right(within, "more lessons completed than there are")?;
    Ok(enrolment)
}

/// The enrolment of a student; `None` of one who is told that there is none.
fn check_opened(reply: &Reply, student: UserId, n: u32) -> Result<Option<EnrolmentView>, Mismatch> {
    if check::problem_code(reply) == Some(Code::NotEnrolled) {
        return Ok(None);
    }
    check_enrolment(check::json(reply, 200)?, student, n).map(Some)
}

/// The enrolment after lesson `number`, from 0, of course `n` was completed: those before it are completed too.
pub(super) fn check_completed(
    reply: &Reply,
    before: &EnrolmentView,
    n: u32,
    number: u32,
) -> Result<EnrolmentView, Mismatch> {
    let after = check_enrolment(check::json(reply, 200)?, before.student_id, n)?;
    not_behind(before, &after)?;
    let counted = i64::from(after.lessons_completed) > i64::from(number);
    right(counted, "the lesson is not counted as completed")?;
    Ok(after)
}

/// Progress never decreases, and a completed course stays completed.
pub(super) fn not_behind(before: &EnrolmentView, after: &EnrolmentView) -> Result<(), Mismatch> {
    right(
        after.lessons_completed >= before.lessons_completed && after.quiz_best >= before.quiz_best,
        "the progress decreased",
    )?;
    right(
        before.completed_at.is_none() || after.completed_at == before.completed_at,
        "the time of the completion changed",
    )
}

/// The result of an attempt with that score; `None` where the course allows no further one.
pub(super) fn check_quiz(reply: &Reply, expected: i32) -> Result<Option<QuizResult>, Mismatch> {
    if check::problem_code(reply) == Some(Code::AttemptsUsed) {
        return Ok(None);
    }
    let result: QuizResult = check::json(reply, 201)?;
    right(
        result.score == expected && result.passed == passes(result.score, result.questions),
        "the score is wrong",
    )?;
    Ok(Some(result))
}

/// The stored submission, or the refusal where the course allows no more of them.
fn check_submit(
    reply: &Reply,
    hex: &str,
    length: usize,
) -> Result<Result<SubmissionView, Code>, Mismatch> {
    if let Some(code @ Code::AttemptsUsed) = check::problem_code(reply) {
        return Ok(Err(code));
    }
    let stored: SubmissionView = check::json(reply, 201)?;
    right(stored.sha256 == hex, "the digest is another one")?;
    right(
        stored.size_bytes as usize == length,
        "the size is another one",
    )?;
    Ok(Ok(stored))
}
