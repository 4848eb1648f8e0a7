//! SQL of enrolments and of what students do in them. Every function is one statement.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use shared::{
    api::courses::{EnrolmentView, SubmissionView},
    ids::{CourseId, LessonId, SubmissionId, UserId},
};
use sqlx::{FromRow, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::model::{Enrolment, Upload};
use crate::{db::DbError, paging::PageNumber, timing};

#[derive(FromRow)]
struct EnrolmentRow {
    id: Uuid,
    course_id: Uuid,
    title: String,
    student_id: Uuid,
    lessons_completed: i32,
    lessons: i32,
    quiz_best: Option<i32>,
    questions: i32,
    submissions: i32,
    enrolled_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

impl From<EnrolmentRow> for Enrolment {
    fn from(row: EnrolmentRow) -> Self {
        Self {
            id: row.id,
            view: EnrolmentView {
                course_id: CourseId(row.course_id),
                title: row.title,
                student_id: UserId(row.student_id),
                lessons_completed: row.lessons_completed,
                lessons: row.lessons,
                quiz_best: row.quiz_best,
                questions: row.questions,
                submissions: row.submissions,
                enrolled_at: row.enrolled_at,
                completed_at: row.completed_at,
            },
        }
    }
}

/// Enrols a student; returns whether they were not enrolled before.
pub(super) async fn enrol(
    conn: &mut PgConnection,
    course: CourseId,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let made = query(
        "insert into enrolment (id, course_id, student_id, enrolled_at)
         values ($1, $2, $3, $4)
         on conflict on constraint enrolment_student_id_course_id_key do nothing",
    )
    .bind(Uuid::now_v7())
    .bind(course.0)
    .bind(student.0)
    .bind(now);
    Ok(timing::db(made.execute(conn)).await?.rows_affected() == 1)
}

/// A student's enrolment: `student`, `course`.
pub(super) const ENROLMENT: &str =
    "select e.id, e.course_id, c.title, e.student_id, e.lessons_completed, c.lessons, e.quiz_best,
            c.questions, (select count(*) from submission s where s.enrolment_id = e.id)::integer
              as submissions, e.enrolled_at, e.completed_at
     from enrolment e
     join course c on c.id = e.course_id
     where e.student_id = $1 and e.course_id = $2";

/// A student's enrolment in a course.
pub(super) async fn find(
    conn: &mut PgConnection,
    student: UserId,
    course: CourseId,
) -> Result<Option<Enrolment>, DbError> {
    let found = query_as::<_, EnrolmentRow>(ENROLMENT)
        .bind(student.0)
        .bind(course.0);
    Ok(timing::db(found.fetch_optional(conn))
        .await?
        .map(Enrolment::from))
}

/// Makes the changes of one enrolment take turns until the transaction ends; returns whether there
/// is one.
pub(super) async fn lock(
    conn: &mut PgConnection,
    student: UserId,
    course: CourseId,
) -> Result<bool, DbError> {
    let locked: Option<Uuid> = timing::db(
        query_scalar(
            "select id from enrolment where student_id = $1 and course_id = $2 for update",
        )
        .bind(student.0)
        .bind(course.0)
        .fetch_optional(conn),
    )
    .await?;
    Ok(locked.is_some())
}

/// A page of a student's enrolments, by the course's title.
pub(super) async fn page(
    conn: &mut PgConnection,
    student: UserId,
    part: PageNumber,
) -> Result<Vec<EnrolmentView>, DbError> {
    let found = query_as::<_, EnrolmentRow>(
        "select e.id, e.course_id, c.title, e.student_id, e.lessons_completed, c.lessons,
                e.quiz_best, c.questions,
                (select count(*) from submission s where s.enrolment_id = e.id)::integer
                  as submissions, e.enrolled_at, e.completed_at
         from enrolment e
         join course c on c.id = e.course_id
         where e.student_id = $1
         order by c.title, c.id
         limit $2 offset $3",
    )
    .bind(student.0)
    .bind(part.limit())
    .bind(part.offset());
    let rows = timing::db(found.fetch_all(conn)).await?;
    let view = |row| Enrolment::from(row).view;
    Ok(rows.into_iter().map(view).collect())
}

/// In how many courses a student is enrolled.
pub(super) async fn count(conn: &mut PgConnection, student: UserId) -> Result<i64, DbError> {
    let counted =
        query_scalar("select count(*) from enrolment where student_id = $1").bind(student.0);
    Ok(timing::db(counted.fetch_one(conn)).await?)
}

/// Completes a lesson: a lesson that was completed before counts no second time, and the number
/// of completed lessons only grows.
pub(super) async fn complete_lesson(
    conn: &mut PgConnection,
    enrolment: Uuid,
    lesson: LessonId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let done = query(
        "with new as (
             insert into lesson_completion (enrolment_id, lesson_id, completed_at)
             values ($1, $2, $3)
             on conflict do nothing
             returning enrolment_id
         )
         update enrolment
         set lessons_completed = lessons_completed + 1
         from new
         where enrolment.id = new.enrolment_id",
    )
    .bind(enrolment)
    .bind(lesson.0)
    .bind(now);
    timing::db(done.execute(conn)).await?;
    Ok(())
}

/// How many quiz attempts an enrolment has.
pub(super) async fn attempts(conn: &mut PgConnection, enrolment: Uuid) -> Result<i16, DbError> {
    let counted = query_scalar(
        "select coalesce(max(number), 0::smallint) from quiz_attempt where enrolment_id = $1",
    )
    .bind(enrolment);
    Ok(timing::db(counted.fetch_one(conn)).await?)
}

/// A quiz attempt about to be stored.
#[derive(Debug, Clone)]
pub(super) struct NewAttempt {
    /// Its number, from 1.
    pub(super) number: i16,
    /// As the student gave them.
    pub(super) answers: Vec<i16>,
    /// How many are right.
    pub(super) score: i32,
}

/// Stores a quiz attempt and raises the best score to its score.
pub(super) async fn insert_attempt(
    conn: &mut PgConnection,
    enrolment: Uuid,
    attempt: &NewAttempt,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let stored = query(
        "with new as (
             insert into quiz_attempt (enrolment_id, number, answers, score, taken_at)
             values ($1, $2, $3, $4, $5)
             returning enrolment_id, score
         )
         update enrolment
         set quiz_best = greatest(quiz_best, new.score)
         from new
         where enrolment.id = new.enrolment_id",
    )
    .bind(enrolment)
    .bind(attempt.number)
    .bind(&attempt.answers)
    .bind(attempt.score)
    .bind(now);
    timing::db(stored.execute(conn)).await?;
    Ok(())
}

/// Marks a course as completed, once.
pub(super) async fn complete(
    conn: &mut PgConnection,
    enrolment: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let done =
        query("update enrolment set completed_at = $2 where id = $1 and completed_at is null")
            .bind(enrolment)
            .bind(now);
    timing::db(done.execute(conn)).await?;
    Ok(())
}

/// A submission as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewSubmission {
    /// Its id, also the name of its file.
    pub(super) id: SubmissionId,
    /// Its number, from 1.
    pub(super) number: i16,
    /// When it was stored.
    pub(super) at: DateTime<Utc>,
}

/// Stores the row of a file that is stored already.
pub(super) async fn insert_submission(
    conn: &mut PgConnection,
    enrolment: Uuid,
    new: NewSubmission,
    upload: &Upload,
) -> Result<(), DbError> {
    let stored = query(
        "insert into submission
             (id, enrolment_id, number, size_bytes, media_type, sha256, submitted_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id.0)
    .bind(enrolment)
    .bind(new.number)
    .bind(i32::try_from(upload.bytes.len()).unwrap_or(i32::MAX))
    .bind(upload.media_type.as_str())
    .bind(&upload.sha256[..])
    .bind(new.at);
    timing::db(stored.execute(conn)).await?;
    Ok(())
}

/// A student's submissions for a course, in the order of their numbers.
pub(super) async fn submissions(
    conn: &mut PgConnection,
    enrolment: &Enrolment,
) -> Result<Vec<SubmissionView>, DbError> {
    #[derive(FromRow)]
    struct SubmissionRow {
        id: Uuid,
        number: i16,
        size_bytes: i32,
        media_type: String,
        sha256: String,
        submitted_at: DateTime<Utc>,
    }
    let found = query_as::<_, SubmissionRow>(
        "select id, number, size_bytes, media_type, encode(sha256, 'hex') as sha256, submitted_at
         from submission
         where enrolment_id = $1
         order by number",
    )
    .bind(enrolment.id);
    let rows = timing::db(found.fetch_all(conn)).await?;
    let view = |row: SubmissionRow| SubmissionView {
        id: SubmissionId(row.id),
        course_id: enrolment.view.course_id,
        number: row.number,
        size_bytes: row.size_bytes,
        media_type: row.media_type,
        sha256: row.sha256,
        submitted_at: row.submitted_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Which of these submissions have a row.
pub(super) async fn existing(
    conn: &mut PgConnection,
    ids: &[SubmissionId],
) -> Result<HashSet<SubmissionId>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let found = query_scalar::<_, Uuid>("select id from submission where id = any($1)").bind(ids);
    let found = timing::db(found.fetch_all(conn)).await?;
    Ok(found.into_iter().map(SubmissionId).collect())
}
