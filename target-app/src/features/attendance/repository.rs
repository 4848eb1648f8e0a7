//! SQL of attendance. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    api::attendance::{AttendanceSummary, AttendanceView},
    ids::{BookingId, MentorId, UserId},
};
use sqlx::{FromRow, PgConnection, query, query_as};
use uuid::Uuid;

use super::model::{self, MarkSet, MarkableBooking};
use crate::{db::DbError, timing};

#[derive(FromRow)]
struct ParticipantRow {
    id: Uuid,
    student_id: Uuid,
    mentor_id: Uuid,
    scheduled_at: DateTime<Utc>,
    takes_part: bool,
}

impl From<ParticipantRow> for MarkableBooking {
    fn from(row: ParticipantRow) -> Self {
        Self {
            booking: BookingId(row.id),
            student: UserId(row.student_id),
            mentor: MentorId(row.mentor_id),
            scheduled_at: row.scheduled_at,
            takes_part: row.takes_part,
        }
    }
}

#[derive(FromRow)]
struct MarkRow {
    booking_id: Uuid,
    student_id: Uuid,
    status: String,
    marked_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct SummaryRow {
    lessons: i64,
    present: i64,
    late: i64,
    absent: i64,
}

impl MarkSet {
    /// The bookings as they are bound.
    fn bookings(&self) -> Vec<Uuid> {
        self.as_slice()
            .iter()
            .map(|mark| mark.booking_id.0)
            .collect()
    }
}

/// Locks these bookings against cancellation and moving until the transaction ends.
pub(super) async fn lock_participants(
    conn: &mut PgConnection,
    marks: &MarkSet,
) -> Result<Vec<MarkableBooking>, DbError> {
    // A place that is held unpaid is released later, also after the begin of its lesson.
    let locked = query_as::<_, ParticipantRow>(
        "select b.id, b.student_id, b.mentor_id, b.scheduled_at,
                b.status <> 'cancelled'
                    and not exists (select from booking_hold h where h.booking_id = b.id)
                    as takes_part
         from booking b
         where b.id = any ($1)
         order by b.id
         for share of b",
    )
    .bind(marks.bookings());
    let rows = timing::db(locked.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(MarkableBooking::from).collect())
}

/// Writes marks; one that is the same as before is left as it is.
pub(super) async fn upsert(
    conn: &mut PgConnection,
    marks: &MarkSet,
    person: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let statuses: Vec<&str> = marks
        .as_slice()
        .iter()
        .map(|mark| mark.status.as_str())
        .collect();
    let written = query(
        "insert into attendance (booking_id, status, marked_by, marked_at)
         select booking_id, status, $3, $4
         from unnest($1::uuid[], $2::text[]) as mark (booking_id, status)
         order by booking_id
         on conflict (booking_id) do update
         set status = excluded.status, marked_by = excluded.marked_by,
             marked_at = excluded.marked_at
         where attendance.status <> excluded.status",
    )
    .bind(marks.bookings())
    .bind(statuses)
    .bind(person.0)
    .bind(now);
    timing::db(written.execute(conn)).await?;
    Ok(())
}

/// The marks of these bookings, in their order.
pub(super) async fn marks(
    conn: &mut PgConnection,
    marks: &MarkSet,
) -> Result<Vec<AttendanceView>, DbError> {
    let found = query_as::<_, MarkRow>(
        "select a.booking_id, b.student_id, a.status, a.marked_at
         from attendance a
         join booking b on b.id = a.booking_id
         where a.booking_id = any ($1)
         order by a.booking_id",
    )
    .bind(marks.bookings());
    let rows = timing::db(found.fetch_all(conn)).await?;
    let view = |row: MarkRow| {
        Ok(AttendanceView {
            booking_id: BookingId(row.booking_id),
            student_id: UserId(row.student_id),
            status: model::status(&row.status)?,
            marked_at: row.marked_at,
        })
    };
    rows.into_iter().map(view).collect()
}

/// The lessons of a student that have begun, with their marks: `student`, `mentor`, `now`. One whose place is
/// held unpaid is none yet: it cannot be marked, and its place is released if it stays unpaid.
pub(super) const SUMMARY: &str = "select
         count(*) as lessons,
         count(*) filter (where a.status = 'present') as present,
         count(*) filter (where a.status = 'late') as late,
         count(*) filter (where a.status = 'absent') as absent
     from booking b
     left join attendance a on a.booking_id = b.id
     where b.student_id = $1
       and ($2::uuid is null or b.mentor_id = $2)
       and b.status <> 'cancelled'
       and b.scheduled_at <= $3
       and not exists (select from booking_hold h where h.booking_id = b.id)";

/// The attendance of a student, with one mentor or with all.
pub(super) async fn summary(
    conn: &mut PgConnection,
    student: UserId,
    mentor: Option<MentorId>,
    now: DateTime<Utc>,
) -> Result<AttendanceSummary, DbError> {
    let found = query_as::<_, SummaryRow>(SUMMARY)
        .bind(student.0)
        .bind(mentor.map(|mentor| mentor.0))
        .bind(now);
    let row = timing::db(found.fetch_one(conn)).await?;
    Ok(AttendanceSummary {
        student_id: student,
        lessons: row.lessons,
        present: row.present,
        late: row.late,
        absent: row.absent,
        unmarked: row.lessons - row.present - row.late - row.absent,
    })
}
