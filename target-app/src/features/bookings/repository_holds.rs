//! SQL of holds that there are. Every function is one statement. A hold is made with its booking.

use chrono::{DateTime, Utc};
use shared::{
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::PayableBooking;
use crate::{db::DbError, timing};

#[derive(sqlx::FromRow)]
struct PayableRow {
    student_id: Uuid,
    price_cents: i64,
    status: String,
    expires_at: Option<DateTime<Utc>>,
}

impl From<PayableRow> for PayableBooking {
    fn from(row: PayableRow) -> Self {
        Self {
            student: UserId(row.student_id),
            price: Cents(row.price_cents),
            is_active: row.status != "cancelled",
            hold_expires_at: row.expires_at,
        }
    }
}

/// Deletes the holds of these bookings, those of them that are holds.
pub(super) async fn delete(conn: &mut PgConnection, bookings: &[Uuid]) -> Result<(), DbError> {
    let query = sqlx::query("delete from booking_hold where booking_id = any ($1)").bind(bookings);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Locks a booking until the transaction ends.
pub(super) async fn lock_booking(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<(), DbError> {
    let query = sqlx::query("select from booking where id = $1 for update").bind(booking.0);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// What a payment has to know of a booking.
pub(super) async fn find_payable(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<PayableBooking>, DbError> {
    let query = sqlx::query_as::<_, PayableRow>(
        "select b.student_id, b.price_cents, b.status, h.expires_at
         from booking b
         left join booking_hold h on h.booking_id = b.id
         where b.id = $1",
    )
    .bind(booking.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(PayableBooking::from))
}

/// Slot, student and mentor of a booking.
pub(super) async fn find_parts(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<(SlotId, UserId, MentorId)>, DbError> {
    let query = sqlx::query_as::<_, (Uuid, Uuid, Uuid)>(
        "select slot_id, student_id, mentor_id from booking where id = $1",
    )
    .bind(booking.0);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(|(slot, student, mentor)| (SlotId(slot), UserId(student), MentorId(mentor))))
}

/// Up to `limit` bookings whose holds have expired, each with its student and mentor. Hold,
/// booking and slot are locked without waiting; where another transaction has one of them, the hold is
/// passed over.
pub(super) async fn lock_expired(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid, Uuid)>, DbError> {
    let query = sqlx::query_as(
        "select b.id, b.student_id, b.mentor_id
         from booking_hold h
         join booking b on b.id = h.booking_id
         join slot s on s.id = b.slot_id
         where h.expires_at <= $1
           and b.status = 'confirmed'
         order by h.expires_at, b.id
         limit $2
         for update of h, b, s skip locked",
    )
    .bind(now)
    .bind(limit);
    Ok(timing::db(query.fetch_all(conn)).await?)
}

/// Counts the places of these bookings down in their slots.
pub(super) async fn count_down(conn: &mut PgConnection, bookings: &[Uuid]) -> Result<(), DbError> {
    let query = sqlx::query(
        "update slot
         set booked = booked - gone.places
         from (
             select slot_id, count(*)::integer as places
             from booking
             where id = any ($1)
             group by slot_id
         ) gone
         where slot.id = gone.slot_id",
    )
    .bind(bookings);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Cancels these bookings, whose holds are released; under their locks.
pub(super) async fn cancel_all(conn: &mut PgConnection, bookings: &[Uuid]) -> Result<(), DbError> {
    let query = sqlx::query(
        "update booking
         set status = 'cancelled', cancelled_at = now(), released_at = now()
         where id = any ($1)",
    )
    .bind(bookings);
    timing::db(query.execute(conn)).await?;
    Ok(())
}
