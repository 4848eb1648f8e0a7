//! SQL of students. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{api::students::StudentCard, ids::UserId};
use sqlx::{FromRow, PgConnection, query_as, query_scalar};
use uuid::Uuid;

use super::model::{StudentFilter, StudentViewer};
use crate::{db::DbError, timing};

#[derive(FromRow)]
struct CardRow {
    id: Uuid,
    display_name: String,
    grade: Option<i16>,
}

impl From<CardRow> for StudentCard {
    fn from(row: CardRow) -> Self {
        Self {
            id: UserId(row.id),
            display_name: row.display_name,
            grade: row.grade,
        }
    }
}

/// The lessons of a student at an instant.
#[derive(Debug, Clone, Copy, PartialEq, FromRow)]
pub(super) struct LessonCounts {
    pub(super) held: i64,
    pub(super) upcoming: i64,
    pub(super) last_at: Option<DateTime<Utc>>,
    pub(super) next_at: Option<DateTime<Utc>>,
}

/// The students that a filter finds: `name`, `grade`; with the last parameter a mentor's only.
macro_rules! found_sql {
    ($select:literal, $end:literal, $mentor:literal) => {
        concat!(
            "select ",
            $select,
            "
             from app_user
             where role = 'student'
               and ($1::text is null or position(lower($1) in lower(display_name)) > 0)
               and ($2::smallint is null or grade = $2)
               and (",
            $mentor,
            ")
             ",
            $end
        )
    };
}

/// A page of all students: `name`, `grade`, `limit`, `offset`.
pub(super) const PAGE: &str = found_sql!(
    "id, display_name, grade",
    "order by display_name, id limit $3 offset $4",
    "true"
);

/// A page of a mentor's students: `name`, `grade`, `limit`, `offset`, `mentor`.
const PAGE_OF_MENTOR: &str = found_sql!(
    "id, display_name, grade",
    "order by display_name, id limit $3 offset $4",
    "id in (select student_id from booking where mentor_id = $5 and status <> 'cancelled')"
);

/// How many students there are: `name`, `grade`.
pub(super) const COUNT: &str = found_sql!("count(*)", "", "true");

/// How many students a mentor has: `name`, `grade`, `mentor`.
const COUNT_OF_MENTOR: &str = found_sql!(
    "count(*)",
    "",
    "id in (select student_id from booking where mentor_id = $3 and status <> 'cancelled')"
);

/// One page of students, by name.
pub(super) async fn page(
    conn: &mut PgConnection,
    viewer: StudentViewer,
    filter: &StudentFilter,
) -> Result<Vec<StudentCard>, DbError> {
    let text = match viewer {
        StudentViewer::Admin => PAGE,
        StudentViewer::Mentor(_) => PAGE_OF_MENTOR,
    };
    let mut query = query_as::<_, CardRow>(text)
        .bind(filter.name.as_deref())
        .bind(filter.grade)
        .bind(filter.page.limit())
        .bind(filter.page.offset());
    if let Some(mentor) = viewer.mentor() {
        query = query.bind(mentor.0);
    }
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(StudentCard::from).collect())
}

/// How many students are on all pages.
pub(super) async fn count(
    conn: &mut PgConnection,
    viewer: StudentViewer,
    filter: &StudentFilter,
) -> Result<i64, DbError> {
    let text = match viewer {
        StudentViewer::Admin => COUNT,
        StudentViewer::Mentor(_) => COUNT_OF_MENTOR,
    };
    let mut query = query_scalar(text)
        .bind(filter.name.as_deref())
        .bind(filter.grade);
    if let Some(mentor) = viewer.mentor() {
        query = query.bind(mentor.0);
    }
    Ok(timing::db(query.fetch_one(conn)).await?)
}

/// One student; to a mentor only with an active booking.
pub(super) async fn find(
    conn: &mut PgConnection,
    viewer: StudentViewer,
    student: UserId,
) -> Result<Option<StudentCard>, DbError> {
    let query = query_as::<_, CardRow>(
        "select id, display_name, grade
         from app_user
         where id = $1
           and role = 'student'
           and (
               $2::uuid is null
               or exists (
                   select
                   from booking
                   where student_id = $1
                     and mentor_id = $2
                     and status <> 'cancelled'
               )
           )",
    )
    .bind(student.0)
    .bind(viewer.mentor().map(|mentor| mentor.0));
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(StudentCard::from))
}

/// The lessons of a student that the viewer sees: `student`, `mentor`, `now`. One that has begun while its place
/// is held unpaid was not held: its place is released if it stays unpaid.
pub(super) const LESSONS: &str = "select
         count(*) filter (where scheduled_at <= $3 and not is_unpaid) as held,
         count(*) filter (where scheduled_at > $3) as upcoming,
         max(scheduled_at) filter (where scheduled_at <= $3 and not is_unpaid) as last_at,
         min(scheduled_at) filter (where scheduled_at > $3) as next_at
     from (
         select b.scheduled_at, h.booking_id is not null as is_unpaid
         from booking b
         left join booking_hold h on h.booking_id = b.id
         where b.student_id = $1
           and ($2::uuid is null or b.mentor_id = $2)
           and b.status <> 'cancelled'
     ) lessons";

/// How many lessons a student has before and after an instant.
pub(super) async fn lessons(
    conn: &mut PgConnection,
    viewer: StudentViewer,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<LessonCounts, DbError> {
    let query = query_as(LESSONS)
        .bind(student.0)
        .bind(viewer.mentor().map(|mentor| mentor.0))
        .bind(now);
    Ok(timing::db(query.fetch_one(conn)).await?)
}
