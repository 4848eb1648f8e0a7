//! SQL of what a booking looks at before it takes a place. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{BookableSlot, BookingPrecheck, KeyedPrecheck};
use crate::{
    db::DbError,
    idempotency::{CLAIMED, IdempotentRequest},
    timing,
};

/// Of a slot that there is, all but the last two columns.
#[derive(sqlx::FromRow)]
struct PrecheckRow {
    id: Option<Uuid>,
    mentor_id: Option<Uuid>,
    mentor_name: Option<String>,
    is_active: Option<bool>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    capacity: Option<i32>,
    price_cents: Option<i64>,
    asked_at: Option<DateTime<Utc>>,
    busy_from: Option<DateTime<Utc>>,
    busy_to: Option<DateTime<Utc>>,
}

impl PrecheckRow {
    /// What it says of a slot; nothing where there is none.
    fn found(self) -> Option<BookingPrecheck> {
        Some(BookingPrecheck {
            slot: BookableSlot {
                id: SlotId(self.id?),
                mentor_id: MentorId(self.mentor_id?),
                mentor_name: self.mentor_name?,
                offered: self.is_active?,
                starts_at: self.starts_at?,
                ends_at: self.ends_at?,
                capacity: self.capacity?,
                price_cents: Cents(self.price_cents?),
            },
            overlap: self.busy_from.zip(self.busy_to),
            now: self.asked_at?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct KeyedPrecheckRow {
    is_claimed: bool,
    #[sqlx(flatten)]
    seen: PrecheckRow,
}

/// The lessons that overlap are all that the student has, or those of them that the text admits.
macro_rules! precheck_sql {
    ($among:literal) => {
        concat!(
            "select s.id, s.mentor_id, m.display_name as mentor_name, m.is_active,
                    s.starts_at, s.ends_at, s.capacity, s.price_cents,
                    o.scheduled_at as busy_from, o.ends_at as busy_to, now() as asked_at
             from slot s
             join mentor m on m.id = s.mentor_id
             left join lateral (
                 select b.scheduled_at, b.ends_at
                 from booking b
                 where b.student_id = $2
                   and b.status = 'confirmed'
                   and b.scheduled_at < s.ends_at
                   and b.ends_at > s.starts_at ",
            $among,
            " order by b.scheduled_at
                 limit 1
             ) o on true
             where s.id = $1"
        )
    };
}

/// A slot by its id, and the first confirmed lesson of a student that overlaps with it: `id`, `student`.
pub(super) const PRECHECK: &str = precheck_sql!("");

/// What decides whether a student may ask for a place of a slot, without a lock on it.
pub(super) async fn precheck(
    conn: &mut PgConnection,
    id: SlotId,
    student: UserId,
) -> Result<Option<BookingPrecheck>, DbError> {
    let query = sqlx::query_as::<_, PrecheckRow>(PRECHECK)
        .bind(id.0)
        .bind(student.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.and_then(PrecheckRow::found))
}

/// [`precheck`] for a booking that the student has already, which is in nobody's way.
pub(super) async fn precheck_for(
    conn: &mut PgConnection,
    id: SlotId,
    student: UserId,
    booking: BookingId,
) -> Result<Option<BookingPrecheck>, DbError> {
    let query = sqlx::query_as::<_, PrecheckRow>(precheck_sql!("and b.id <> $3"))
        .bind(id.0)
        .bind(student.0)
        .bind(booking.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.and_then(PrecheckRow::found))
}

/// [`precheck`] that claims the key of the student's request before, as `idempotency::guarded` does: where
/// another transaction holds the key, this waits until that one has ended.
pub(super) async fn claim_and_precheck(
    conn: &mut PgConnection,
    id: SlotId,
    request: &IdempotentRequest,
) -> Result<KeyedPrecheck, DbError> {
    let query = sqlx::query_as::<_, KeyedPrecheckRow>(concat!(
        "with claimed as (
             insert into idempotency_key (user_id, key, digest, status, body)
             values ($2, $3, $4, $5, 'null')
             on conflict (user_id, key) do nothing
             returning user_id
         )
         select claim.is_claimed, seen.*
         from (select exists (select from claimed) as is_claimed) claim
         left join (",
        precheck_sql!(""),
        ") seen on true"
    ))
    .bind(id.0)
    .bind(request.user.0)
    .bind(&request.key)
    .bind(request.digest.as_slice())
    .bind(CLAIMED);
    let row = timing::db(query.fetch_one(conn)).await?;
    Ok(if row.is_claimed {
        KeyedPrecheck::Claimed(row.seen.found())
    } else {
        KeyedPrecheck::Taken
    })
}
