//! SQL of the calendar. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    api::{
        bookings::BookingStatus,
        calendar::{CalendarEvent, CalendarLesson},
    },
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{CalendarOwner, EventSpan};
use crate::{db::DbError, timing};

#[derive(sqlx::FromRow)]
struct EventRow {
    id: Uuid,
    mentor_id: Uuid,
    mentor_name: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    capacity: i32,
    booked: i32,
    price_cents: i64,
}

#[derive(sqlx::FromRow)]
struct CountedRow {
    #[sqlx(flatten)]
    event: EventRow,
    total: i64,
}

#[derive(sqlx::FromRow)]
struct LessonRow {
    slot_id: Uuid,
    booking_id: Uuid,
    student_id: Uuid,
    student_name: String,
    completed: bool,
}

impl From<EventRow> for CalendarEvent {
    fn from(row: EventRow) -> Self {
        Self {
            id: SlotId(row.id),
            mentor_id: MentorId(row.mentor_id),
            mentor_name: row.mentor_name,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            capacity: row.capacity,
            booked: row.booked,
            price_cents: Cents(row.price_cents),
            lessons: Vec::new(),
        }
    }
}

impl From<LessonRow> for (SlotId, CalendarLesson) {
    fn from(row: LessonRow) -> Self {
        let lesson = CalendarLesson {
            booking_id: BookingId(row.booking_id),
            student_id: UserId(row.student_id),
            student_name: row.student_name,
            status: if row.completed {
                BookingStatus::Completed
            } else {
                BookingStatus::Confirmed
            },
        };
        (SlotId(row.slot_id), lesson)
    }
}

impl CalendarOwner {
    /// The key as it is bound.
    fn id(self) -> Uuid {
        match self {
            Self::Mentor(id) => id.0,
            Self::Student(id) => id.0,
        }
    }
}

/// The mentor profile of an account.
pub(super) async fn find_mentor(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<MentorId>, DbError> {
    let query = sqlx::query_scalar("select id from mentor where user_id = $1").bind(user.0);
    let id: Option<Uuid> = timing::db(query.fetch_optional(conn)).await?;
    Ok(id.map(MentorId))
}

/// A mentor's slots that begin in a span: `mentor`, `from`, `to`, `limit`, `offset`.
pub(super) const OF_MENTOR: &str =
    "select s.id, s.mentor_id, m.display_name as mentor_name, s.starts_at, s.ends_at,
            s.capacity, s.booked, s.price_cents, s.total
     from (
         select *, count(*) over () as total
         from slot
         where mentor_id = $1
           and starts_at >= $2
           and starts_at < $3
         order by starts_at, id
         limit $4
         offset $5
     ) s
     join mentor m on m.id = s.mentor_id
     order by s.starts_at, s.id";

/// The slots of a student's active bookings in a span: `student`, `from`, `to`, `limit`, `offset`.
const OF_STUDENT: &str =
    "select s.id, s.mentor_id, m.display_name as mentor_name, s.starts_at, s.ends_at,
            s.capacity, s.booked, s.price_cents, b.total
     from (
         select slot_id, scheduled_at, count(*) over () as total
         from booking
         where student_id = $1
           and scheduled_at >= $2
           and scheduled_at < $3
           and status in ('confirmed', 'completed')
         order by scheduled_at, slot_id
         limit $4
         offset $5
     ) b
     join slot s on s.id = b.slot_id
     join mentor m on m.id = s.mentor_id
     order by b.scheduled_at, b.slot_id";

/// One page of events, earliest first and without who takes part, and how many there are in all.
/// The total is unknown (`None`) when the page is empty.
pub(super) async fn events(
    conn: &mut PgConnection,
    owner: CalendarOwner,
    span: &EventSpan,
) -> Result<(Vec<CalendarEvent>, Option<i64>), DbError> {
    let sql = match owner {
        CalendarOwner::Mentor(_) => OF_MENTOR,
        CalendarOwner::Student(_) => OF_STUDENT,
    };
    let query = sqlx::query_as::<_, CountedRow>(sql)
        .bind(owner.id())
        .bind(span.from)
        .bind(span.to)
        .bind(span.page.limit())
        .bind(span.page.offset());
    let rows = timing::db(query.fetch_all(conn)).await?;
    let total = rows.first().map(|row| row.total);
    let events = rows.into_iter().map(|row| row.event.into()).collect();
    Ok((events, total))
}

/// How many events a span has on all its pages.
pub(super) async fn count(
    conn: &mut PgConnection,
    owner: CalendarOwner,
    span: &EventSpan,
) -> Result<i64, DbError> {
    let sql = match owner {
        CalendarOwner::Mentor(_) => {
            "select count(*)
             from slot
             where mentor_id = $1
               and starts_at >= $2
               and starts_at < $3"
        }
        CalendarOwner::Student(_) => {
            "select count(*)
             from booking
             where student_id = $1
               and scheduled_at >= $2
               and scheduled_at < $3
               and status in ('confirmed', 'completed')"
        }
    };
    let query = sqlx::query_scalar(sql)
        .bind(owner.id())
        .bind(span.from)
        .bind(span.to);
    Ok(timing::db(query.fetch_one(conn)).await?)
}

/// The two statements of lessons differ in one column; each must be a static text of its own.
macro_rules! lessons_sql {
    ($owner:literal) => {
        concat!(
            "select b.slot_id, b.id as booking_id, b.student_id, u.display_name as student_name,
                    b.status = 'completed' as completed
             from booking b
             join app_user u on u.id = b.student_id
             where b.",
            $owner,
            " = $1
               and b.scheduled_at >= $2
               and b.scheduled_at <= $3
               and b.status in ('confirmed', 'completed')
             order by b.slot_id, b.seat"
        )
    };
}

/// A mentor's active bookings from the begin of one event to that of another: `mentor`, `from`, `to`.
pub(super) const LESSONS_OF_MENTOR: &str = lessons_sql!("mentor_id");
const LESSONS_OF_STUDENT: &str = lessons_sql!("student_id");

/// Active bookings of events that begin from `from` to `to`, both included, by slot and seat.
pub(super) async fn lessons(
    conn: &mut PgConnection,
    owner: CalendarOwner,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<(SlotId, CalendarLesson)>, DbError> {
    let sql = match owner {
        CalendarOwner::Mentor(_) => LESSONS_OF_MENTOR,
        CalendarOwner::Student(_) => LESSONS_OF_STUDENT,
    };
    let query = sqlx::query_as::<_, LessonRow>(sql)
        .bind(owner.id())
        .bind(from)
        .bind(to);
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One event of the mentor with that account, without who takes part.
pub(super) async fn find_own(
    conn: &mut PgConnection,
    id: SlotId,
    user: UserId,
) -> Result<Option<CalendarEvent>, DbError> {
    let query = sqlx::query_as::<_, EventRow>(
        "select s.id, s.mentor_id, m.display_name as mentor_name, s.starts_at, s.ends_at,
                s.capacity, s.booked, s.price_cents
         from slot s
         join mentor m on m.id = s.mentor_id
         where s.id = $1
           and m.user_id = $2",
    )
    .bind(id.0)
    .bind(user.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(CalendarEvent::from))
}
