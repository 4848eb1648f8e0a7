//! SQL of sessions. Every function is one statement. Who may see a session is part of it: a participant
//! of its booking, that is the student or the mentor.

use chrono::{DateTime, Utc};
use shared::{
    api::sessions::SessionView,
    ids::{BookingId, RecordingId, SessionId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{BookingStanding, ClassBooking, LiveSession, NewSession};
use crate::{db::DbError, timing};

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    booking_id: Uuid,
    part: i16,
    student_id: Uuid,
    mentor_id: Uuid,
    started_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    recording_id: Option<Uuid>,
}

impl From<SessionRow> for SessionView {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId(row.id),
            booking_id: BookingId(row.booking_id),
            part: row.part,
            student_id: UserId(row.student_id),
            mentor_id: UserId(row.mentor_id),
            started_at: row.started_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            recording_id: row.recording_id.map(RecordingId),
        }
    }
}

#[derive(sqlx::FromRow)]
struct ClassRow {
    status: String,
    scheduled_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    class_opens_at: Option<DateTime<Utc>>,
    is_unpaid: bool,
    parts: i16,
    former_ended_at: Option<DateTime<Utc>>,
    live_id: Option<Uuid>,
    live_expires_at: Option<DateTime<Utc>>,
}

/// A booking that a person takes part in: `booking`, `person`.
pub(super) const PARTICIPANT: &str = "select id
     from booking
     where id = $1
       and (
           student_id = $2
           or mentor_id in (
               select id
               from mentor
               where user_id = $2
           )
       )
     for no key update";

/// Locks a booking of a participant until the transaction ends; whether it is theirs. References to it
/// may still be made: who ends a session makes one.
pub(super) async fn lock_booking(
    conn: &mut PgConnection,
    booking: BookingId,
    person: UserId,
) -> Result<bool, DbError> {
    let query = sqlx::query(PARTICIPANT).bind(booking.0).bind(person.0);
    Ok(timing::db(query.fetch_optional(conn)).await?.is_some())
}

/// A booking as initiating its class sees it: `booking`.
pub(super) const CLASS: &str = "select b.status, b.scheduled_at, b.ends_at, s.class_opens_at,
            h.booking_id is not null as is_unpaid,
            coalesce((
                select max(part)
                from class_session
                where booking_id = b.id
            ), 0::smallint) as parts,
            (
                select max(ended_at)
                from class_session
                where booking_id = b.id
            ) as former_ended_at,
            live.id as live_id, live.expires_at as live_expires_at
     from booking b
     join slot s on s.id = b.slot_id
     left join booking_hold h on h.booking_id = b.id
     left join class_session live on live.booking_id = b.id and live.ended_at is null
     where b.id = $1";

/// A booking as initiating its class sees it; read under its lock, in a statement of its own, because one
/// that waited for the lock would see the rest as it was before.
pub(super) async fn find_class(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<ClassBooking>, DbError> {
    let query = sqlx::query_as::<_, ClassRow>(CLASS).bind(booking.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(|row| ClassBooking {
        id: booking,
        standing: match row.status.as_str() {
            "confirmed" if row.is_unpaid => BookingStanding::Unpaid,
            "confirmed" => BookingStanding::Confirmed,
            _ => BookingStanding::NotActive,
        },
        opens_at: row.class_opens_at,
        starts_at: row.scheduled_at,
        ends_at: row.ends_at,
        parts: row.parts,
        former_ended_at: row.former_ended_at,
        live: row
            .live_id
            .zip(row.live_expires_at)
            .map(|(id, expires_at)| LiveSession {
                id: SessionId(id),
                expires_at,
            }),
    }))
}

/// Makes a session, under the lock of its booking, and writes the booking as it is: a serializable transaction that
/// has looked for sessions before loses by that once it wants the booking, where the lock alone would let it go on.
pub(super) async fn insert(conn: &mut PgConnection, new: &NewSession) -> Result<(), DbError> {
    let query = sqlx::query(
        "with written as (
             update booking
             set status = status
             where id = $2
         )
         insert into class_session (id, booking_id, part, initiated_by, started_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.id.0)
    .bind(new.booking.0)
    .bind(new.part)
    .bind(new.initiator.0)
    .bind(new.started_at)
    .bind(new.expires_at);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// A session by its `id`, for its `person`.
const SESSION: &str = "select c.id, c.booking_id, c.part, b.student_id, m.user_id as mentor_id,
            c.started_at, c.expires_at, c.ended_at, r.id as recording_id
     from class_session c
     join booking b on b.id = c.booking_id
     join mentor m on m.id = b.mentor_id
     left join recording r on r.session_id = c.id
     where c.id = $1
       and $2 in (b.student_id, m.user_id)";

/// A session, for a participant.
pub(super) async fn find_for(
    conn: &mut PgConnection,
    id: SessionId,
    person: UserId,
) -> Result<Option<SessionView>, DbError> {
    let query = sqlx::query_as::<_, SessionRow>(SESSION)
        .bind(id.0)
        .bind(person.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(SessionView::from))
}

/// Ends a session that is live, now or when its time was over; whether it did.
pub(super) async fn end(
    conn: &mut PgConnection,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    // Never before it began, whichever clock of several instances is ahead.
    let query = sqlx::query(
        "update class_session
         set ended_at = greatest(started_at, least($2, expires_at))
         where id = $1
           and ended_at is null",
    )
    .bind(id.0)
    .bind(now);
    Ok(timing::db(query.execute(conn)).await?.rows_affected() == 1)
}

/// The live session of a booking.
pub(super) async fn find_live(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<SessionId>, DbError> {
    let query = sqlx::query_scalar(
        "select id
         from class_session
         where booking_id = $1
           and ended_at is null",
    )
    .bind(booking.0);
    let id: Option<Uuid> = timing::db(query.fetch_optional(conn)).await?;
    Ok(id.map(SessionId))
}

/// Locks up to `limit` live sessions whose time is over, without waiting.
pub(super) async fn lock_expired(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<SessionId>, DbError> {
    let query = sqlx::query_scalar(
        "select id
         from class_session
         where ended_at is null
           and expires_at <= $1
         order by expires_at
         limit $2
         for update skip locked",
    )
    .bind(now)
    .bind(limit as i64);
    let ids: Vec<Uuid> = timing::db(query.fetch_all(conn)).await?;
    Ok(ids.into_iter().map(SessionId).collect())
}
