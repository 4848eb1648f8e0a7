//! Courses: a new student enrols; a student reads and completes the next lesson and attempts the quiz; a
//! student submits a file; a student does what is left and completes the course. Who opens a course for the
//! first time enrols in it. A course that allows no further attempt is an expected response.

mod complete;
#[cfg(test)]
mod fixture;
mod steps;

use rand::RngExt as _;
use shared::{
    api::{
        auth::RegisteredRole,
        courses::{CourseDetail, CourseView, SubmissionList, SubmissionView},
    },
    dataset::{self, COURSE_LESSONS, COURSES, QUIZ_CHOICES, QUIZ_QUESTIONS},
    page::{MAX_PER_PAGE, Page},
    paths::{self, with_id},
};

use self::steps::{
    COMPLETE_LESSON, ENROL, ENROLMENT, LESSON, QUIZ, SUBMIT, course, enrolled, opened, right,
};
use super::auth;
use crate::flows::{AppFlow, AppIteration, CachedReads, FeatureFlows, Op, until_failure};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Share of the students who attempt the quiz after a lesson.
const QUIZZES: f64 = 0.25;
/// Share of right answers.
const RIGHT: f64 = 0.8;

static LIST: Op = Op::get("courses.list");
static DETAIL: Op = Op::get("courses.detail");
static SUBMISSIONS: Op = Op::get("courses.submissions");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &LIST,
        &DETAIL,
        &ENROL,
        &ENROLMENT,
        &LESSON,
        &COMPLETE_LESSON,
        &QUIZ,
        &SUBMIT,
        &SUBMISSIONS,
        &complete::COMPLETE,
    ],
    headline: &[&ENROL, &LESSON, &SUBMIT],
    completes: &[
        ("enrolments", &[&ENROL]),
        ("lessons completed", &[&COMPLETE_LESSON]),
        ("quizzes taken", &[&QUIZ]),
        ("assignments submitted", &[&SUBMIT]),
        ("courses completed", &[&complete::COMPLETE]),
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
                &ENROLMENT,
            ],
            needs_sessions: false,
            at_once: 1,
            run: |it| until_failure(enrol(it)),
        },
        AppFlow {
            name: "courses.lesson",
            help: "a student opens a course, reads the next lesson, completes it, sometimes attempts the quiz, and sees the progress",
            operations: &[&ENROLMENT, &ENROL, &LESSON, &COMPLETE_LESSON, &QUIZ],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(read_lesson(it)),
        },
        AppFlow {
            name: "courses.assignment",
            help: "a student opens a course, reads what it asks for, submits a file and finds it listed",
            operations: &[&ENROLMENT, &ENROL, &DETAIL, &SUBMIT, &SUBMISSIONS],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(submit(it)),
        },
        complete::FLOW,
    ],
    caches: &[CachedReads {
        switch: "cache.courses",
        operation: &LIST,
        weights: None,
    }],
    ..FeatureFlows::new("courses", "Courses")
};

async fn enrol(mut it: AppIteration<'_>) -> Option<()> {
    let n = it.rng.random_range(0..COURSES);
    let email = format!(
        "learner-{:x}-{:x}@codeconnect.test",
        it.world.nonce,
        it.rng.random::<u64>()
    );
    let register = auth::register_request(email.clone(), "Load Learner", RegisteredRole::Student);
    it.call(&auth::REGISTER, register, |reply| {
        auth::check_session(reply, 201, &email)
    })
    .await?;
    let login = auth::login_with(email.clone());
    let session = it
        .call(&auth::LOGIN, login, |reply| {
            auth::check_session(reply, 200, &email)
        })
        .await?;
    let token = &session.tokens.access_token;
    let list = Request::get(format!("{}?per_page={MAX_PER_PAGE}", paths::COURSES)).bearer(token);
    it.call(&LIST, list, check_list).await?;
    let detail = Request::get(with_id(paths::COURSE, course(n))).bearer(token);
    it.call(&DETAIL, detail, |reply| check_detail(reply, n))
        .await?;
    let before = enrolled(&mut it, token, session.user.id, n).await?;
    steps::progress(&mut it, token, &before).await;
    Some(())
}

async fn read_lesson(mut it: AppIteration<'_>) -> Option<()> {
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
    let account = it.world.any_account(it.rng)?;
    let held = account.token.get();
    let (token, student) = (&*held, account.id);
    let mut latest = opened(&mut it, token, student, n).await?;
    // Lessons are completed in their order; of a completed course any is read again.
    let next = u32::try_from(latest.lessons_completed).unwrap_or(0);
    let is_new = next < COURSE_LESSONS;
    let number = if is_new { next } else { any };
    steps::read(&mut it, token, n, number).await?;
    if is_new {
        latest = steps::complete_lesson(&mut it, token, &latest, n, number).await?;
    }
    if attempts {
        steps::attempt(&mut it, token, n, answers).await?;
    }
    steps::progress(&mut it, token, &latest).await;
    Some(())
}

async fn submit(mut it: AppIteration<'_>) -> Option<()> {
    let n = it.rng.random_range(0..COURSES);
    let bytes = steps::file(it.rng);
    let account = it.world.any_account(it.rng)?;
    let held = account.token.get();
    let (token, student) = (&*held, account.id);
    opened(&mut it, token, student, n).await?;
    let detail = Request::get(with_id(paths::COURSE, course(n))).bearer(token);
    it.call(&DETAIL, detail, |reply| check_detail(reply, n))
        .await?;
    let stored = steps::submit(&mut it, token, n, bytes).await?;
    let path = with_id(paths::COURSE_SUBMISSIONS, course(n));
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
            stored.as_ref().ok().is_none_or(listed),
            "the stored submission is not listed",
        )
    })
    .await;
    Some(())
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

#[cfg(test)]
mod tests;
