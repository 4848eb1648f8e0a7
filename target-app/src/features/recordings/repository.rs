//! Statements over recordings. Who may see one is part of the statement: a participant of the
//! lesson, that is its student or its mentor.

use chrono::{DateTime, Utc};
use shared::ids::{BookingId, RecordingId, SessionId, UserId};
use sqlx::{FromRow, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::model::Recording;
use crate::{db::DbError, paging::PageNumber, timing};

#[derive(FromRow)]
struct RecordingRow {
    id: Uuid,
    booking_id: Uuid,
    title: String,
    duration_seconds: i32,
    size_bytes: i64,
    media_key: String,
    recorded_at: DateTime<Utc>,
}

impl From<RecordingRow> for Recording {
    fn from(row: RecordingRow) -> Self {
        Self {
            id: RecordingId(row.id),
            booking: BookingId(row.booking_id),
            title: row.title,
            duration_seconds: row.duration_seconds,
            size_bytes: row.size_bytes,
            media_key: row.media_key,
            recorded_at: row.recorded_at,
        }
    }
}

/// A student's recordings: `student`, `limit`, `offset`.
pub(super) const OF_STUDENT: &str =
    "select r.id, r.booking_id, r.title, r.duration_seconds, r.size_bytes, r.media_key,
            r.recorded_at
     from booking b
     join recording r on r.booking_id = b.id
     where b.student_id = $1
     order by r.recorded_at desc, r.id desc
     limit $2 offset $3";

/// Recordings of the lessons that a student took, newest first.
pub(super) async fn of_student(
    conn: &mut PgConnection,
    student: UserId,
    part: PageNumber,
) -> Result<Vec<Recording>, DbError> {
    let found = query_as::<_, RecordingRow>(OF_STUDENT)
        .bind(student.0)
        .bind(part.limit())
        .bind(part.offset());
    let rows = timing::db(found.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(Recording::from).collect())
}

/// Recordings of the lessons that a mentor gave, newest first.
pub(super) async fn of_mentor(
    conn: &mut PgConnection,
    user: UserId,
    part: PageNumber,
) -> Result<Vec<Recording>, DbError> {
    let found = query_as::<_, RecordingRow>(
        "select r.id, r.booking_id, r.title, r.duration_seconds, r.size_bytes, r.media_key,
                r.recorded_at
         from mentor m
         join booking b on b.mentor_id = m.id
         join recording r on r.booking_id = b.id
         where m.user_id = $1
         order by r.recorded_at desc, r.id desc
         limit $2 offset $3",
    )
    .bind(user.0)
    .bind(part.limit())
    .bind(part.offset());
    let rows = timing::db(found.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(Recording::from).collect())
}

/// Their number: `student`.
pub(super) const COUNT_OF_STUDENT: &str = "select count(*)
     from booking b
     join recording r on r.booking_id = b.id
     where b.student_id = $1";

/// How many recordings a student has.
pub(super) async fn count_of_student(
    conn: &mut PgConnection,
    student: UserId,
) -> Result<i64, DbError> {
    let counted = query_scalar(COUNT_OF_STUDENT).bind(student.0);
    Ok(timing::db(counted.fetch_one(conn)).await?)
}

/// How many recordings a mentor has.
pub(super) async fn count_of_mentor(conn: &mut PgConnection, user: UserId) -> Result<i64, DbError> {
    let counted = query_scalar(
        "select count(*)
         from mentor m
         join booking b on b.mentor_id = m.id
         join recording r on r.booking_id = b.id
         where m.user_id = $1",
    )
    .bind(user.0);
    Ok(timing::db(counted.fetch_one(conn)).await?)
}

/// One recording, if the person took part in the lesson.
pub(super) async fn find_for(
    conn: &mut PgConnection,
    id: RecordingId,
    participant: UserId,
) -> Result<Option<Recording>, DbError> {
    let found = query_as::<_, RecordingRow>(
        "select r.id, r.booking_id, r.title, r.duration_seconds, r.size_bytes, r.media_key,
                r.recorded_at
         from recording r
         join booking b on b.id = r.booking_id
         join mentor m on m.id = b.mentor_id
         where r.id = $1
           and (b.student_id = $2 or m.user_id = $2)",
    )
    .bind(id.0)
    .bind(participant.0);
    Ok(timing::db(found.fetch_optional(conn))
        .await?
        .map(Recording::from))
}

/// Key of a recording's file, for the bearer of a signed link.
pub(super) async fn find_media_key(
    conn: &mut PgConnection,
    id: RecordingId,
) -> Result<Option<String>, DbError> {
    let found = query_scalar("select media_key from recording where id = $1").bind(id.0);
    Ok(timing::db(found.fetch_optional(conn)).await?)
}

/// Makes the recording of a session that has ended.
pub(super) async fn insert_of_session(
    conn: &mut PgConnection,
    id: RecordingId,
    session: SessionId,
    media_key: &str,
    size_bytes: i64,
) -> Result<(), DbError> {
    let insert = query(
        "insert into recording
             (id, booking_id, session_id, part, title, duration_seconds, media_key, size_bytes,
              recorded_at)
         select $1, c.booking_id, c.id, c.part, 'Class with ' || m.display_name,
                greatest(1, extract(epoch from c.ended_at - c.started_at)::integer), $3, $4,
                c.started_at
         from class_session c
         join booking b on b.id = c.booking_id
         join mentor m on m.id = b.mentor_id
         where c.id = $2",
    )
    .bind(id.0)
    .bind(session.0)
    .bind(media_key)
    .bind(size_bytes);
    timing::db(insert.execute(conn)).await?;
    Ok(())
}
