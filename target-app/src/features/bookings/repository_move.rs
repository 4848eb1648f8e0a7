//! SQL of moving a slot and the bookings in it. Every function is one statement.
//!
//! Bookings of a slot are looked for by mentor and begin as well, which have an index; the slot alone
//! has one of active bookings only.

use chrono::{DateTime, Utc};
use shared::ids::{BookingId, MentorId, SlotId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{model::MovableSlot, repository};
use crate::{
    db::{self, DbError, LockName},
    timing,
};

#[derive(sqlx::FromRow)]
struct MovableRow {
    id: Uuid,
    mentor_id: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

impl From<MovableRow> for MovableSlot {
    fn from(row: MovableRow) -> Self {
        Self {
            id: SlotId(row.id),
            mentor: MentorId(row.mentor_id),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
        }
    }
}

/// The lock under which the moves of one mentor take turns.
pub(super) const fn mentor_lock(user: UserId) -> LockName {
    LockName::new("booking.move", user.0)
}

/// Makes the bookings of these students wait until the transaction ends. The students are in the order of
/// [`students`], as those of every other move are.
pub(super) async fn lock_students(
    conn: &mut PgConnection,
    students: &[UserId],
) -> Result<(), DbError> {
    let names: Vec<LockName> = students
        .iter()
        .map(|student| repository::student_lock(*student))
        .collect();
    db::lock_by_names(conn, &names).await
}

/// A slot of the mentor with that account, without a lock.
pub(super) async fn find_own(
    conn: &mut PgConnection,
    id: SlotId,
    user: UserId,
) -> Result<Option<MovableSlot>, DbError> {
    let query = sqlx::query_as::<_, MovableRow>(
        "select s.id, s.mentor_id, s.starts_at, s.ends_at
         from slot s
         join mentor m on m.id = s.mentor_id
         where s.id = $1
           and m.user_id = $2",
    )
    .bind(id.0)
    .bind(user.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(MovableSlot::from))
}

/// The students with an active booking in a slot, in the order in which they are locked.
pub(super) async fn students(
    conn: &mut PgConnection,
    slot: &MovableSlot,
) -> Result<Vec<UserId>, DbError> {
    let query = sqlx::query_scalar(
        "select student_id
         from booking
         where slot_id = $1
           and mentor_id = $2
           and scheduled_at = $3
           and status in ('confirmed', 'completed')
         order by student_id",
    )
    .bind(slot.id.0)
    .bind(slot.mentor.0)
    .bind(slot.starts_at);
    let ids: Vec<Uuid> = timing::db(query.fetch_all(conn)).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// The mentor's first other slot, booked or not, that overlaps with a half-open span.
pub(super) async fn find_mentor_overlap(
    conn: &mut PgConnection,
    slot: &MovableSlot,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>, DbError> {
    let query = sqlx::query_as(
        "select starts_at, ends_at
         from slot
         where mentor_id = $1
           and starts_at < $3
           and ends_at > $2
           and id <> $4
         order by starts_at
         limit 1",
    )
    .bind(slot.mentor.0)
    .bind(from)
    .bind(to)
    .bind(slot.id.0);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// The first confirmed lesson that one of these students has elsewhere in a half-open span.
pub(super) async fn find_students_overlap(
    conn: &mut PgConnection,
    slot: SlotId,
    students: &[UserId],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>, DbError> {
    let ids: Vec<Uuid> = students.iter().map(|student| student.0).collect();
    let query = sqlx::query_as(
        "select scheduled_at, ends_at
         from booking
         where student_id = any($1)
           and status = 'confirmed'
           and scheduled_at < $3
           and ends_at > $2
           and slot_id <> $4
         order by scheduled_at
         limit 1",
    )
    .bind(ids)
    .bind(from)
    .bind(to)
    .bind(slot.0);
    Ok(timing::db(query.fetch_optional(conn)).await?)
}

/// Gives a slot another begin and end.
pub(super) async fn move_slot(
    conn: &mut PgConnection,
    slot: SlotId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update slot
         set starts_at = $2, ends_at = $3
         where id = $1",
    )
    .bind(slot.0)
    .bind(from)
    .bind(to);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// A booking that has another time now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MovedBooking {
    /// Which booking.
    pub(super) id: BookingId,
    /// Whose booking it is.
    pub(super) student: UserId,
    /// Whether it was not cancelled.
    pub(super) is_active: bool,
}

/// Gives every booking of a slot, the cancelled ones too, the slot's new begin and end.
pub(super) async fn move_bookings(
    conn: &mut PgConnection,
    slot: &MovableSlot,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<MovedBooking>, DbError> {
    let query = sqlx::query_as(
        "update booking
         set scheduled_at = $4, ends_at = $5
         where slot_id = $1
           and mentor_id = $2
           and scheduled_at = $3
         returning id, student_id, status <> 'cancelled'",
    )
    .bind(slot.id.0)
    .bind(slot.mentor.0)
    .bind(slot.starts_at)
    .bind(from)
    .bind(to);
    let rows: Vec<(Uuid, Uuid, bool)> = timing::db(query.fetch_all(conn)).await?;
    let moved = |(id, student, is_active)| MovedBooking {
        id: BookingId(id),
        student: UserId(student),
        is_active,
    };
    Ok(rows.into_iter().map(moved).collect())
}
