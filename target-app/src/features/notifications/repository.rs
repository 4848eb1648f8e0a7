//! SQL of notifications. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    api::notifications::{MAX_UNREAD, NotificationKind, NotificationView},
    ids::{BookingId, NotificationId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Audience;
use crate::{db::DbError, paging::PageNumber, timing};

#[derive(sqlx::FromRow)]
struct NotificationRow {
    id: Uuid,
    kind: String,
    booking_id: Uuid,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct AddressedRow {
    user_id: Uuid,
    #[sqlx(flatten)]
    notification: NotificationRow,
}

impl TryFrom<NotificationRow> for NotificationView {
    type Error = DbError;

    fn try_from(row: NotificationRow) -> Result<Self, DbError> {
        let kind = NotificationKind::named(&row.kind);
        Ok(Self {
            id: NotificationId(row.id),
            // The column's check admits these and no other.
            kind: kind.ok_or_else(|| sqlx::Error::ColumnDecode {
                index: "kind".to_owned(),
                source: row.kind.into(),
            })?,
            booking_id: BookingId(row.booking_id),
            created_at: row.created_at,
            read_at: row.read_at,
        })
    }
}

/// A page of a person's notifications: `user`, `unread`, `limit`, `offset`.
pub(super) const LIST: &str = "select id, kind, booking_id, created_at, read_at
     from notification
     where user_id = $1
       and (not $2 or read_at is null)
     order by created_at desc, id desc
     limit $3
     offset $4";

/// A page of a person's notifications, newest first.
pub(super) async fn list(
    conn: &mut PgConnection,
    user: UserId,
    unread: bool,
    part: PageNumber,
) -> Result<Vec<NotificationView>, DbError> {
    let query = sqlx::query_as::<_, NotificationRow>(LIST)
        .bind(user.0)
        .bind(unread)
        .bind(part.limit())
        .bind(part.offset());
    let rows = timing::db(query.fetch_all(conn)).await?;
    rows.into_iter().map(NotificationView::try_from).collect()
}

/// Their number: `user`, `unread`.
pub(super) const COUNT: &str = "select count(*)
     from notification
     where user_id = $1
       and (not $2 or read_at is null)";

/// How many notifications a person has.
pub(super) async fn count(
    conn: &mut PgConnection,
    user: UserId,
    unread: bool,
) -> Result<i64, DbError> {
    let query = sqlx::query_scalar(COUNT).bind(user.0).bind(unread);
    Ok(timing::db(query.fetch_one(conn)).await?)
}

/// How many of a person's notifications are unread, counted up to [`MAX_UNREAD`].
pub(super) async fn count_unread(conn: &mut PgConnection, user: UserId) -> Result<u32, DbError> {
    let query = sqlx::query_scalar(
        "select count(*)
         from (
             select
             from notification
             where user_id = $1
               and read_at is null
             limit $2
         ) unread",
    )
    .bind(user.0)
    .bind(i64::from(MAX_UNREAD));
    let count: i64 = timing::db(query.fetch_one(conn)).await?;
    Ok(u32::try_from(count).unwrap_or(MAX_UNREAD))
}

/// Marks a notification of a person read, unless it is; the notification as it is then.
pub(super) async fn mark_read(
    conn: &mut PgConnection,
    user: UserId,
    id: NotificationId,
    now: DateTime<Utc>,
) -> Result<Option<NotificationView>, DbError> {
    // Never before it was written, whichever clock of several instances is ahead.
    let query = sqlx::query_as::<_, NotificationRow>(
        "update notification
         set read_at = coalesce(read_at, greatest($3, created_at))
         where id = $1
           and user_id = $2
         returning id, kind, booking_id, created_at, read_at",
    )
    .bind(id.0)
    .bind(user.0)
    .bind(now);
    let row = timing::db(query.fetch_optional(conn)).await?;
    row.map(NotificationView::try_from).transpose()
}

/// Marks all notifications of a person read; how many were unread.
pub(super) async fn mark_all_read(
    conn: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<u64, DbError> {
    let query = sqlx::query(
        "update notification
         set read_at = greatest($2, created_at)
         where user_id = $1
           and read_at is null",
    )
    .bind(user.0)
    .bind(now);
    Ok(timing::db(query.execute(conn)).await?.rows_affected())
}

/// Writes a notification of one kind about each of these bookings, and returns them with their readers.
pub(super) async fn insert(
    conn: &mut PgConnection,
    kind: NotificationKind,
    audience: Audience,
    bookings: &[BookingId],
    now: DateTime<Utc>,
) -> Result<Vec<(UserId, NotificationView)>, DbError> {
    let ids: Vec<Uuid> = bookings.iter().map(|_| Uuid::now_v7()).collect();
    let bookings: Vec<Uuid> = bookings.iter().map(|booking| booking.0).collect();
    // `$4` is who acted: the notification is for the other one. Without, it is for the student.
    let query = sqlx::query_as::<_, AddressedRow>(
        "insert into notification (id, user_id, kind, booking_id, created_at)
         select new.id, case when b.student_id = $4 then m.user_id else b.student_id end, $3, b.id, $5
         from unnest($1::uuid[], $2::uuid[]) new (id, booking_id)
         join booking b on b.id = new.booking_id
         join mentor m on m.id = b.mentor_id
         returning user_id, id, kind, booking_id, created_at, read_at",
    )
    .bind(ids)
    .bind(bookings)
    .bind(kind.as_str())
    .bind(audience.actor().map(|actor| actor.0))
    .bind(now);
    let rows = timing::db(query.fetch_all(conn)).await?;
    rows.into_iter()
        .map(|row| Ok((UserId(row.user_id), row.notification.try_into()?)))
        .collect()
}
