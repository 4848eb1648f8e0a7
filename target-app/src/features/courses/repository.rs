//! SQL of the catalogue: courses, lessons, quiz questions. Every function is one statement.

use shared::{
    api::courses::{CourseDetail, CourseView, LessonHeading, LessonView, QuizQuestion},
    ids::{CourseId, LessonId, UserId},
};
use sqlx::{FromRow, PgConnection, query_as, query_scalar};
use uuid::Uuid;

use crate::{db::DbError, paging::PageNumber, timing};

#[derive(FromRow)]
struct CourseRow {
    id: Uuid,
    title: String,
    lessons: i32,
    questions: i32,
}

impl From<CourseRow> for CourseView {
    fn from(row: CourseRow) -> Self {
        Self {
            id: CourseId(row.id),
            title: row.title,
            lessons: row.lessons,
            questions: row.questions,
        }
    }
}

/// A page of the catalogue: `limit`, `offset`.
pub(super) const PAGE: &str = "select id, title, lessons, questions
     from course
     order by title, id
     limit $1 offset $2";

/// A page of the catalogue, by title.
pub(super) async fn page(
    conn: &mut PgConnection,
    part: PageNumber,
) -> Result<Vec<CourseView>, DbError> {
    let found = query_as::<_, CourseRow>(PAGE)
        .bind(part.limit())
        .bind(part.offset());
    let rows = timing::db(found.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(CourseView::from).collect())
}

/// How many courses there are.
pub(super) async fn count(conn: &mut PgConnection) -> Result<i64, DbError> {
    let counted = query_scalar("select count(*) from course");
    Ok(timing::db(counted.fetch_one(conn)).await?)
}

/// A course with its description, without lessons and quiz.
pub(super) async fn find(
    conn: &mut PgConnection,
    id: CourseId,
) -> Result<Option<CourseDetail>, DbError> {
    #[derive(FromRow)]
    struct DescribedRow {
        #[sqlx(flatten)]
        course: CourseRow,
        description: String,
    }
    let found = query_as::<_, DescribedRow>(
        "select id, title, lessons, questions, description from course where id = $1",
    )
    .bind(id.0);
    let row = timing::db(found.fetch_optional(conn)).await?;
    Ok(row.map(|row| CourseDetail {
        course: row.course.into(),
        description: row.description,
        lessons: Vec::new(),
        quiz: Vec::new(),
    }))
}

/// The headings of a course's lessons, in their order.
pub(super) async fn headings(
    conn: &mut PgConnection,
    id: CourseId,
) -> Result<Vec<LessonHeading>, DbError> {
    let found = query_as::<_, (Uuid, i32, String)>(
        "select id, number, title from lesson where course_id = $1 order by number",
    )
    .bind(id.0);
    let rows = timing::db(found.fetch_all(conn)).await?;
    let heading = |(id, number, title)| LessonHeading {
        id: LessonId(id),
        number,
        title,
    };
    Ok(rows.into_iter().map(heading).collect())
}

/// The questions of a course's quiz, in their order, without the answers.
pub(super) async fn questions(
    conn: &mut PgConnection,
    id: CourseId,
) -> Result<Vec<QuizQuestion>, DbError> {
    let found = query_as::<_, (i32, String, Vec<String>)>(
        "select number, prompt, choices from quiz_question where course_id = $1 order by number",
    )
    .bind(id.0);
    let rows = timing::db(found.fetch_all(conn)).await?;
    let question = |(number, prompt, choices)| QuizQuestion {
        number,
        prompt,
        choices,
    };
    Ok(rows.into_iter().map(question).collect())
}

/// The right answers of a course's quiz, in the order of its questions.
pub(super) async fn right_answers(
    conn: &mut PgConnection,
    id: CourseId,
) -> Result<Vec<i16>, DbError> {
    let found =
        query_scalar("select answer from quiz_question where course_id = $1 order by number")
            .bind(id.0);
    Ok(timing::db(found.fetch_all(conn)).await?)
}

/// A lesson, and whether a student is enrolled in its course: `lesson`, `student`.
pub(super) const LESSON: &str = "select l.id, l.course_id, l.number, l.title, l.content,
            exists (select from enrolment e where e.course_id = l.course_id and e.student_id = $2)
              as enrolled
     from lesson l
     where l.id = $1";

/// A lesson, and whether the person is enrolled in its course.
pub(super) async fn find_lesson(
    conn: &mut PgConnection,
    id: LessonId,
    student: UserId,
) -> Result<Option<(LessonView, bool)>, DbError> {
    #[derive(FromRow)]
    struct LessonRow {
        id: Uuid,
        course_id: Uuid,
        number: i32,
        title: String,
        content: String,
        enrolled: bool,
    }
    let found = query_as::<_, LessonRow>(LESSON).bind(id.0).bind(student.0);
    let row = timing::db(found.fetch_optional(conn)).await?;
    Ok(row.map(|row| {
        let lesson = LessonView {
            id: LessonId(row.id),
            course_id: CourseId(row.course_id),
            number: row.number,
            title: row.title,
            content: row.content,
        };
        (lesson, row.enrolled)
    }))
}
