//! Courses: a new student enrols; a student reads and completes the next lesson and attempts the quiz; a
//! student submits a file. Who opens a course for the first time enrols in it. A course that allows no
//! further attempt is an expected response.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use shared::{
    api::{
        auth::{LoginRequest, RegisterRequest, RegisteredRole, Session},
        courses::{
            CourseDetail, CourseView, EnrolmentView, LessonView, QuizRequest, QuizResult,
            SubmissionList, SubmissionView, passes,
        },
    },
    dataset::{self, COURSE_LESSONS, COURSES, QUIZ_CHOICES, QUIZ_QUESTIONS, RowKind},
    hex,
    ids::{CourseId, LessonId, UserId},
    page::{MAX_PER_PAGE, Page},
    paths::{self, with_id},
    problem::Code,
};

use super::auth;
use crate::flows::{AppFlow, AppIteration, CachedReads, FeatureFlows, FlowFuture, Op};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Bytes of a submitted file, at least and at most.
const FILE_BYTES: std::ops::RangeInclusive<usize> = 4 * 1_024..=64 * 1_024;
/// Share of the students who attempt the quiz after a lesson.
const QUIZZES: f64 = 0.25;
/// Share of right answers.
const RIGHT: f64 = 0.8;

static LIST: Op = Op::get("courses.list");
static DETAIL: Op = Op::get("courses.detail");
static ENROL: Op = Op::post("courses.enrol");
static PROGRESS: Op = Op::get("courses.progress");
static LESSON: Op = Op::get("courses.lesson");
static COMPLETE_LESSON: Op = Op::post("courses.complete_lesson");
static QUIZ: Op = Op::post("courses.quiz");
static SUBMIT: Op = Op::post("courses.submit");
static SUBMISSIONS: Op = Op::get("courses.submissions");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &LIST,
        &DETAIL,
        &ENROL,
        &PROGRESS,
        &LESSON,
        &COMPLETE_LESSON,
        &QUIZ,
        &SUBMIT,
        &SUBMISSIONS,
    ],
    headline: &[&ENROL, &LESSON, &SUBMIT],
    completes: &[
        ("enrolments", &[&ENROL]),
        ("lessons completed", &[&COMPLETE_LESSON]),
        ("quizzes taken", &[&QUIZ]),
        ("assignments submitted", &[&SUBMIT]),
    ],
    flows: &[
        AppFlow {
            name: "courses.enrol",
            help: "someone registers, logs in, browses the catalogue, enrols in a course and sees the progress",
            operations: &[
                &auth::REGISTER,
                &auth::LOGIN,
                &LIST,
                &DETAIL,
                &ENROL,
                &PROGRESS,
            ],
            needs_sessions: false,
            at_once: 1,
            run: |it| FlowFuture::new(enrol(it)),
        },
        AppFlow {
            name: "courses.lesson",
            help: "a student opens a course, reads the next lesson, completes it, sometimes attempts the quiz, and sees the progress",
            operations: &[&PROGRESS, &ENROL, &LESSON, &COMPLETE_LESSON, &QUIZ],
            needs_sessions: true,
            at_once: 1,
            run: |it| FlowFuture::new(read_lesson(it)),
        },
        AppFlow {
            name: "courses.assignment",
            help: "a student opens a course, reads what it asks for, submits a file and finds it listed",
            operations: &[&PROGRESS, &ENROL, &DETAIL, &SUBMIT, &SUBMISSIONS],
            needs_sessions: true,
            at_once: 1,
            run: |it| FlowFuture::new(submit(it)),
        },
    ],
    caches: &[CachedReads {
        switch: "cache.courses",
        operation: &LIST,
        weights: None,
    }],
    ..FeatureFlows::new("courses", "Courses")
};

/// Seeded course `n`.
fn course(n: u32) -> CourseId {
    CourseId(dataset::id(RowKind::Course, n))
}

async fn enrol(mut it: AppIteration<'_>) {
    let n = it.rng.random_range(0..COURSES);
    let email = format!(
        "learner-{:x}-{:x}@codeconnect.test",
        it.world.nonce,
        it.rng.random::<u64>()
    );
    let request = RegisterRequest {
        email: email.clone(),
        password: dataset::PASSWORD.to_owned(),
        display_name: "Load Learner".to_owned(),
        role: RegisteredRole::Student,
    };
    let register = Request::post_json(paths::AUTH_REGISTER, &request);
    let registered = it
        .call(&auth::REGISTER, register, |reply| {
            check_session(reply, 201, &email)
        })
        .await;
    if registered.is_none() {
        return;
    }
    let request = LoginRequest {
        email: email.clone(),
        password: dataset::PASSWORD.to_owned(),
    };
    let login = Request::post_json(paths::AUTH_LOGIN, &request);
    let Some(session) = it
        .call(&auth::LOGIN, login, |reply| {
            check_session(reply, 200, &email)
        })
        .await
    else {
        return;
    };
    let token = &session.tokens.access_token;
    let list = Request::get(format!("{}?per_page={MAX_PER_PAGE}", paths::COURSES)).bearer(token);
    if it.call(&LIST, list, check_list).await.is_none() {
        return;
    }
    let detail = Request::get(with_id(paths::COURSE, course(n))).bearer(token);
    let detailed = it
        .call(&DETAIL, detail, |reply| check_detail(reply, n))
        .await;
    if detailed.is_none() {
        return;
    }
    let Some(before) = enrolled(&mut it, token, session.user.id, n).await else {
        return;
    };
    progress(&mut it, token, &before).await;
}

async fn read_lesson(mut it: AppIteration<'_>) {
    let n = it.rng.random_range(0..COURSES);
    let any = it.rng.random_range(0..COURSE_LESSONS);
    let attempts = it.rng.random_bool(QUIZZES);
    let answers: Vec<i16> = (1..=QUIZ_QUESTIONS)
        .map(|question| {
            let right = dataset::quiz_answer(n, question);
            let wrong = (right + 1) % QUIZ_CHOICES as i16;
            if it.rng.random_bool(RIGHT) {
                right
            } else {
                wrong
            }
        })
        .collect();
    let Some(account) = it.world.any_account(it.rng) else {
        return;
    };
    let held = account.token.get();
    let (token, student) = (&*held, account.id);
    let Some(mut latest) = opened(&mut it, token, student, n).await else {
        return;
    };
    // Lessons are completed in their order; of a completed course any is read again.
    let next = u32::try_from(latest.lessons_completed).unwrap_or(0);
    let is_new = next < COURSE_LESSONS;
    let number = if is_new { next } else { any };
    let id = LessonId(dataset::id(RowKind::Lesson, n * COURSE_LESSONS + number));
    let lesson = Request::get(with_id(paths::LESSON, id)).bearer(token);
    let read = it
        .call(&LESSON, lesson, |reply| {
            let lesson: LessonView = check::json(reply, 200)?;
            right(
                lesson.id == id && lesson.course_id == course(n) && !lesson.content.is_empty(),
                "not the lesson that was requested",
            )
        })
        .await;
    if read.is_none() {
        return;
    }
    if is_new {
        let complete = Request::post(with_id(paths::LESSON_COMPLETION, id)).bearer(token);
        let after = it
            .call(&COMPLETE_LESSON, complete, |reply| {
                let after = check_enrolment(check::json(reply, 200)?, student, n)?;
                not_behind(&latest, &after)?;
                right(after.lessons_completed >= 1, "no lesson is completed")?;
                Ok(after)
            })
            .await;
        let Some(after) = after else {
            return;
        };
        latest = after;
    }
    if attempts {
        let path = with_id(paths::COURSE_QUIZ, course(n));
        let expected = (1..)
            .zip(&answers)
            .filter(|(question, answer)| dataset::quiz_answer(n, *question) == **answer)
            .count() as i32;
        let quiz = Request::post_json(path, &QuizRequest { answers }).bearer(token);
        let scored = it
            .call(&QUIZ, quiz, |reply| check_quiz(reply, expected))
            .await;
        if scored.is_none() {
            return;
        }
    }
    progress(&mut it, token, &latest).await;
}

async fn submit(mut it: AppIteration<'_>) {
    let n = it.rng.random_range(0..COURSES);
    let length = it.rng.random_range(FILE_BYTES);
    let first: u64 = it.rng.random();
    let bytes: Vec<u8> = format!("{first:x} ").bytes().cycle().take(length).collect();
    let Some(account) = it.world.any_account(it.rng) else {
        return;
    };
    let held = account.token.get();
    let (token, student) = (&*held, account.id);
    if opened(&mut it, token, student, n).await.is_none() {
        return;
    }
    let detail = Request::get(with_id(paths::COURSE, course(n))).bearer(token);
    let detailed = it
        .call(&DETAIL, detail, |reply| check_detail(reply, n))
        .await;
    if detailed.is_none() {
        return;
    }
    let digest = Sha256::digest(&bytes);
    let path = with_id(paths::COURSE_SUBMISSIONS, course(n));
    let upload = upload_request(&path, Bytes::from(bytes), &digest).bearer(token);
    let digits = hex::of(&digest);
    let Some(stored) = it
        .call(&SUBMIT, upload, |reply| {
            check_submit(reply, &digits, length)
        })
        .await
    else {
        return;
    };
    let list = Request::get(path).bearer(token);
    it.call(&SUBMISSIONS, list, |reply| {
        let list: SubmissionList = check::json(reply, 200)?;
        let dense = list
            .items
            .iter()
            .zip(1..)
            .all(|(one, number)| one.number == number);
        right(dense, "the submissions are not numbered without gaps")?;
        let listed = |stored: &SubmissionView| {
            let same = |one: &&SubmissionView| one.id == stored.id;
            list.items
                .iter()
                .find(same)
                .is_some_and(|one| one.sha256 == stored.sha256)
        };
        right(
            stored.as_ref().is_none_or(listed),
            "the stored submission is not listed",
        )
    })
    .await;
}

/// Opens a course: how far the student is, who is enrolled where that is not so yet.
async fn opened(
    it: &mut AppIteration<'_>,
    token: &str,
    student: UserId,
    n: u32,
) -> Option<EnrolmentView> {
    let ask = Request::get(with_id(paths::COURSE_ENROLMENT, course(n))).bearer(token);
    let found = it
        .call(&PROGRESS, ask, |reply| check_opened(reply, student, n))
        .await?;
    match found {
        Some(enrolment) => Some(enrolment),
        None => enrolled(it, token, student, n).await,
    }
}

/// Enrols a student, who may be enrolled already.
async fn enrolled(
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

/// Asks for the progress, which is not behind what was seen before.
async fn progress(it: &mut AppIteration<'_>, token: &str, before: &EnrolmentView) {
    let path = with_id(paths::COURSE_ENROLMENT, before.course_id);
    it.call(&PROGRESS, Request::get(path).bearer(token), |reply| {
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
fn upload_request(path: &str, bytes: Bytes, digest: &[u8]) -> Request {
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

fn right(holds: bool, otherwise: &str) -> Result<(), Mismatch> {
    if holds {
        Ok(())
    } else {
        Err(Mismatch::new(otherwise))
    }
}

fn check_session(reply: &Reply, status: u16, email: &str) -> Result<Session, Mismatch> {
    let session: Session = check::json(reply, status)?;
    right(session.user.email == email, "another user's e-mail")?;
    right(!session.tokens.access_token.is_empty(), "a token is empty")?;
    Ok(session)
}

fn check_list(reply: &Reply) -> Result<(), Mismatch> {
    let page: Page<CourseView> = check::json(reply, 200)?;
    right(page.items.len() == COURSES as usize, "a course is missing")?;
    let ordered = page.items.is_sorted_by(|a, b| a.title <= b.title);
    right(ordered, "the courses are not in the order of their titles")
}

fn check_detail(reply: &Reply, n: u32) -> Result<(), Mismatch> {
    let detail: CourseDetail = check::json(reply, 200)?;
    right(detail.course.id == course(n), "another course")?;
    right(
        detail.lessons.len() == COURSE_LESSONS as usize
            && detail.quiz.len() == QUIZ_QUESTIONS as usize,
        "lessons or questions are missing",
    )
}

fn check_enrolment(
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

/// Progress never decreases.
fn not_behind(before: &EnrolmentView, after: &EnrolmentView) -> Result<(), Mismatch> {
    right(
        after.lessons_completed >= before.lessons_completed && after.quiz_best >= before.quiz_best,
        "the progress decreased",
    )
}

fn check_quiz(reply: &Reply, expected: i32) -> Result<(), Mismatch> {
    if check::problem_code(reply) == Some(Code::AttemptsUsed) {
        return Ok(());
    }
    let result: QuizResult = check::json(reply, 201)?;
    right(
        result.score == expected && result.passed == passes(result.score, result.questions),
        "the score is wrong",
    )
}

/// The stored submission; `None` if the course allows no more of them.
fn check_submit(
    reply: &Reply,
    hex: &str,
    length: usize,
) -> Result<Option<SubmissionView>, Mismatch> {
    if check::problem_code(reply) == Some(Code::AttemptsUsed) {
        return Ok(None);
    }
    let stored: SubmissionView = check::json(reply, 201)?;
    right(stored.sha256 == hex, "the digest is another one")?;
    right(
        stored.size_bytes as usize == length,
        "the size is another one",
    )?;
    Ok(Some(stored))
}

#[cfg(test)]
mod tests;
