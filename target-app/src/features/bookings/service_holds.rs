//! Holds: places that are taken and not paid yet. What takes the money and what releases a place
//! that stayed unpaid use these; the locks are in the order of the rest, slot before booking.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    ids::{BookingId, SlotId, UserId},
    money::Cents,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{cached, model::PayableBooking, repository};
use crate::{
    db::{self, DbError, Retry},
    engine::Engine,
    timing,
};

/// Holds that one transaction releases: few enough that their locks are held for milliseconds.
pub(in super::super) const RELEASED_AT_ONCE: usize = 100;

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

/// Makes a new booking a hold.
pub(super) async fn insert(
    conn: &mut PgConnection,
    booking: BookingId,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    let query = sqlx::query("insert into booking_hold (booking_id, expires_at) values ($1, $2)")
        .bind(booking.0)
        .bind(expires_at);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Ends the hold of a booking that was paid or cancelled, if it is one.
pub(in super::super) async fn end_hold(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<(), DbError> {
    let query = sqlx::query("delete from booking_hold where booking_id = $1").bind(booking.0);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Locks a booking until the transaction ends, and reads what a payment has to know of it.
pub(in super::super) async fn lock_payable(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<PayableBooking>, DbError> {
    // Two statements: one that waited for the lock would see the hold as it was before the wait.
    let lock = sqlx::query("select from booking where id = $1 for update").bind(booking.0);
    timing::db(lock.execute(&mut *conn)).await?;
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

/// Cancels a paid booking whose lesson begins after `now`; whether it did.
pub(in super::super) async fn cancel_by_refund(
    conn: &mut PgConnection,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let query = sqlx::query_scalar("select slot_id from booking where id = $1").bind(booking.0);
    let Some(slot) = timing::db(query.fetch_optional(&mut *conn)).await? else {
        return Ok(false);
    };
    let slot = SlotId(slot);
    repository::lock_slot(conn, slot).await?;
    if !repository::cancel(conn, booking, now).await? {
        return Ok(false);
    }
    repository::count(conn, slot, -1).await?;
    end_hold(conn, booking).await?;
    Ok(true)
}

/// Forgets the cached pages of a student whose booking was paid or cancelled.
pub(in super::super) async fn invalidate(engine: &Engine, student: UserId) {
    engine.caches.invalidate(&[cached::group(student)]).await;
}

/// Cancels one batch of the holds that have expired, and returns how many there were. Workers that
/// share a database do it together: each passes over the rows that another one has locked.
pub(in super::super) async fn release_expired(
    engine: &Engine,
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    let work = db::transaction(&engine.db, Retry::Never, move |conn| {
        release(conn, now).boxed()
    });
    let released = work.await?;
    let students: BTreeSet<UserId> = released.iter().copied().collect();
    let groups: Vec<_> = students.into_iter().map(cached::group).collect();
    engine.caches.invalidate(&groups).await;
    Ok(released.len())
}

/// The work of the transaction; returns the student of each hold.
async fn release(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<UserId>, DbError> {
    // Everything that is changed is locked here, without waiting, so that no order of locks of
    // another transaction can deadlock with this one.
    let query = sqlx::query_as::<_, (Uuid, Uuid)>(
        "select b.id, b.student_id
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
    .bind(RELEASED_AT_ONCE as i64);
    let rows = timing::db(query.fetch_all(&mut *conn)).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let bookings: Vec<Uuid> = rows.iter().map(|(booking, _)| *booking).collect();
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
    .bind(&bookings);
    timing::db(query.execute(&mut *conn)).await?;
    let query = sqlx::query(
        "update booking
         set status = 'cancelled', cancelled_at = now()
         where id = any ($1)",
    )
    .bind(&bookings);
    timing::db(query.execute(&mut *conn)).await?;
    let query = sqlx::query("delete from booking_hold where booking_id = any ($1)").bind(&bookings);
    timing::db(query.execute(conn)).await?;
    let students = rows.into_iter().map(|(_, student)| UserId(student));
    Ok(students.collect())
}
