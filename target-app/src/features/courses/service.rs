//! The rules of courses. Whatever a student changes in a course locks their enrolment first.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::courses::{
        CourseDetail, EnrolmentView, LessonView, MAX_QUIZ_ATTEMPTS, QuizResult, SubmissionList,
        passes,
    },
    ids::{CourseId, LessonId, UserId},
    problem::Code,
};
use sqlx::PgConnection;

use super::{
    cached,
    model::{self, CourseFailure, Enrolment},
    repository,
    repository_progress::{self, NewAttempt},
};
use crate::{
    db::{DbError, Isolation, Retry},
    engine::Engine,
    error::ApiError,
    paging::PageNumber,
    timing,
};

/// Times that a change is run again after it lost against another: those of one enrolment take
/// turns, so only a deadlock with something else is left.
pub(super) const RETRIES: Retry = Retry::Serialization(4);

/// One page of the catalogue, as JSON.
pub(super) async fn list(engine: &Engine, part: PageNumber) -> Result<Bytes, ApiError> {
    cached::catalogue(engine, part).await
}

/// One page of the courses that a student is enrolled in, as JSON.
pub(super) async fn list_mine(
    engine: &Engine,
    student: UserId,
    part: PageNumber,
) -> Result<Bytes, ApiError> {
    cached::mine(engine, student, part).await
}

/// A course with the headings of its lessons and its questions.
pub(super) async fn detail(engine: &Engine, id: CourseId) -> Result<CourseDetail, ApiError> {
    let mut session = engine.db.reader();
    let mut course = repository::find(&mut *session.conn().await?, id).await?;
    if course.is_none() && session.insist_on_primary() {
        course = repository::find(&mut *session.conn().await?, id).await?;
    }
    let course = course.ok_or_else(|| ApiError::not_found("course"))?;
    let lessons = repository::headings(&mut *session.conn().await?, id).await?;
    let quiz = repository::questions(&mut *session.conn().await?, id).await?;
    Ok(CourseDetail {
        lessons,
        quiz,
        ..course
    })
}

/// A lesson with its content, for those who are enrolled.
pub(super) async fn lesson(
    engine: &Engine,
    student: UserId,
    id: LessonId,
) -> Result<LessonView, ApiError> {
    let mut session = engine.db.session();
    let (lesson, enrolled) = repository::find_lesson(&mut *session.conn().await?, id, student)
        .await?
        .ok_or_else(|| ApiError::not_found("lesson"))?;
    if enrolled {
        Ok(lesson)
    } else {
        Err(model::not_enrolled())
    }
}

/// How far a student is in a course.
pub(super) async fn enrolment(
    engine: &Engine,
    student: UserId,
    course: CourseId,
) -> Result<EnrolmentView, ApiError> {
    Ok(enrolled(engine, student, course).await?.view)
}

/// A student's submissions for a course.
pub(super) async fn submissions(
    engine: &Engine,
    student: UserId,
    course: CourseId,
) -> Result<SubmissionList, ApiError> {
    let enrolment = enrolled(engine, student, course).await?;
    let mut session = engine.db.session();
    let items = repository_progress::submissions(&mut *session.conn().await?, &enrolment).await?;
    Ok(SubmissionList { items })
}

/// The enrolment; a refusal says whether the course exists.
pub(super) async fn enrolled(
    engine: &Engine,
    student: UserId,
    course: CourseId,
) -> Result<Enrolment, ApiError> {
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    let found = repository_progress::find(&mut conn, student, course).await?;
    match found {
        Some(enrolment) => Ok(enrolment),
        None => Err(absent(&mut conn, course).await?),
    }
}

/// Why there is no enrolment.
async fn absent(conn: &mut PgConnection, course: CourseId) -> Result<ApiError, DbError> {
    Ok(match repository::find(conn, course).await? {
        Some(_) => model::not_enrolled(),
        None => ApiError::not_found("course"),
    })
}

/// Enrols a student; doing it again changes nothing. Returns whether it is new.
pub(super) async fn enrol(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    student: UserId,
    course: CourseId,
) -> Result<(bool, EnrolmentView), ApiError> {
    changed(engine, student, move |conn| {
        async move {
            if repository::find(conn, course).await?.is_none() {
                return Err(CourseFailure::Refused(ApiError::not_found("course")));
            }
            let new = repository_progress::enrol(conn, course, student, now).await?;
            Ok((new, found(conn, student, course).await?.view))
        }
        .boxed()
    })
    .await
}

/// Completes a lesson; doing it again changes nothing.
pub(super) async fn complete_lesson(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    student: UserId,
    id: LessonId,
) -> Result<EnrolmentView, ApiError> {
    let course = lesson(&engine, student, id).await?.course_id;
    changed(engine, student, move |conn| {
        async move {
            let enrolment = locked(conn, student, course).await?;
            repository_progress::complete_lesson(conn, enrolment.id, id, now).await?;
            Ok(found(conn, student, course).await?.view)
        }
        .boxed()
    })
    .await
}

/// Scores a quiz attempt and stores it.
pub(super) async fn attempt_quiz(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    student: UserId,
    course: CourseId,
    answers: Vec<i16>,
) -> Result<QuizResult, ApiError> {
    enrolled(&engine, student, course).await?;
    changed(engine, student, move |conn| {
        let answers = answers.clone();
        async move {
            let enrolment = locked(conn, student, course).await?;
            let right = repository::right_answers(conn, course).await?;
            if right.len() != answers.len() {
                let wanted = format!("one answer for each of {} questions", right.len());
                return Err(CourseFailure::Refused(ApiError::invalid(
                    "answers", &wanted,
                )));
            }
            let before = repository_progress::attempts(conn, enrolment.id).await?;
            if before >= MAX_QUIZ_ATTEMPTS {
                return Err(CourseFailure::used("quiz attempts", MAX_QUIZ_ATTEMPTS));
            }
            let attempt = NewAttempt {
                number: before + 1,
                score: model::score(&right, &answers),
                answers,
            };
            repository_progress::insert_attempt(conn, enrolment.id, &attempt, now).await?;
            let questions = enrolment.view.questions;
            Ok(QuizResult {
                attempt: attempt.number,
                score: attempt.score,
                questions,
                passed: passes(attempt.score, questions),
                attempts_left: MAX_QUIZ_ATTEMPTS - attempt.number,
            })
        }
        .boxed()
    })
    .await
}

/// Completes a course of which everything is done; doing it again changes nothing.
pub(super) async fn complete(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    student: UserId,
    course: CourseId,
) -> Result<EnrolmentView, ApiError> {
    enrolled(&engine, student, course).await?;
    changed(engine, student, move |conn| {
        async move {
            let enrolment = locked(conn, student, course).await?;
            if let Some(missing) = model::missing(&enrolment.view) {
                let refusal = ApiError::new(Code::CourseIncomplete, missing);
                return Err(CourseFailure::Refused(refusal));
            }
            repository_progress::complete(conn, enrolment.id, now).await?;
            Ok(found(conn, student, course).await?.view)
        }
        .boxed()
    })
    .await
}

/// Runs a change of a student's courses in a transaction and invalidates the lists that show them.
pub(super) async fn changed<T, F>(
    engine: Arc<Engine>,
    student: UserId,
    work: F,
) -> Result<T, ApiError>
where
    F: for<'c> Fn(
            &'c mut PgConnection,
        ) -> futures_util::future::BoxFuture<'c, Result<T, CourseFailure>>
        + Send
        + Sync
        + 'static,
    T: Send + 'static,
{
    timing::shielded(async move {
        let work = engine.change(Isolation::ReadCommitted, RETRIES, move |conn, touched| {
            let work = work(conn);
            async move {
                let value = work.await?;
                touched.add([cached::group(student)]);
                Ok::<_, CourseFailure>(value)
            }
            .boxed()
        });
        Ok(work.await?)
    })
    .await
}

/// The enrolment, locked.
pub(super) async fn locked(
    conn: &mut PgConnection,
    student: UserId,
    course: CourseId,
) -> Result<Enrolment, CourseFailure> {
    if !repository_progress::lock(conn, student, course).await? {
        return Err(CourseFailure::not_enrolled());
    }
    found(conn, student, course).await
}

async fn found(
    conn: &mut PgConnection,
    student: UserId,
    course: CourseId,
) -> Result<Enrolment, CourseFailure> {
    repository_progress::find(conn, student, course)
        .await?
        .ok_or_else(CourseFailure::not_enrolled)
}
