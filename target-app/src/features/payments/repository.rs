//! SQL of payments. Every function is one statement.

use chrono::{DateTime, Utc};
use shared::{
    api::payments::{EventOutcome, PaymentEvent, PaymentStatus},
    ids::{BookingId, PaymentId, UserId},
    money::Cents,
};
use sqlx::{FromRow, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::model::Payment;
use crate::{db::DbError, paging::PageNumber, timing};

#[derive(FromRow)]
struct PaymentRow {
    id: Uuid,
    booking_id: Uuid,
    student_id: Uuid,
    amount_cents: i64,
    status: String,
    captured_cents: i64,
    refunded_cents: i64,
    reference: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<PaymentRow> for Payment {
    fn from(row: PaymentRow) -> Self {
        let known = PaymentStatus::named(&row.status);
        Self {
            id: PaymentId(row.id),
            booking: BookingId(row.booking_id),
            student: UserId(row.student_id),
            amount: Cents(row.amount_cents),
            // The column's check admits these and no other.
            status: known.unwrap_or(PaymentStatus::Created),
            captured: Cents(row.captured_cents),
            refunded: Cents(row.refunded_cents),
            reference: row.reference,
            created_at: row.created_at,
        }
    }
}

macro_rules! select_payment {
    ($rest:literal) => {
        concat!(
            "select id, booking_id, student_id, amount_cents, status, captured_cents,
                    refunded_cents, reference, created_at
             from payment
             ",
            $rest
        )
    };
}

/// A payment, without a lock.
pub(super) async fn find(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Payment>, DbError> {
    let found = query_as::<_, PaymentRow>(select_payment!("where id = $1")).bind(id.0);
    let row = timing::db(found.fetch_optional(conn)).await?;
    Ok(row.map(Payment::from))
}

/// A payment, locked until the transaction ends.
pub(super) async fn lock(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Payment>, DbError> {
    let found = query_as::<_, PaymentRow>(select_payment!("where id = $1 for update")).bind(id.0);
    let row = timing::db(found.fetch_optional(conn)).await?;
    Ok(row.map(Payment::from))
}

/// The payment of a booking that is being made.
pub(super) async fn find_open(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<Payment>, DbError> {
    let text = select_payment!("where booking_id = $1 and status in ('created', 'processing')");
    let found = query_as::<_, PaymentRow>(text).bind(booking.0);
    let row = timing::db(found.fetch_optional(conn)).await?;
    Ok(row.map(Payment::from))
}

/// Inserts a payment that is being made, unless its booking has one that is being made or was captured;
/// answers when it did.
pub(super) async fn insert_unless_live(
    conn: &mut PgConnection,
    id: PaymentId,
    booking: BookingId,
    student: UserId,
    amount: Cents,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let inserted = query_scalar(
        "insert into payment (id, booking_id, student_id, amount_cents, status)
         values ($1, $2, $3, $4, 'created')
         on conflict (booking_id) where status in ('created', 'processing', 'captured') do nothing
         returning created_at",
    )
    .bind(id.0)
    .bind(booking.0)
    .bind(student.0)
    .bind(amount.0);
    Ok(timing::db(inserted.fetch_optional(conn)).await?)
}

/// Keeps the provider's name of a payment, unless it has one.
pub(super) async fn set_reference(
    conn: &mut PgConnection,
    id: PaymentId,
    reference: &str,
) -> Result<(), DbError> {
    let updated = query("update payment set reference = $2 where id = $1 and reference is null")
        .bind(id.0)
        .bind(reference);
    timing::db(updated.execute(conn)).await?;
    Ok(())
}

/// Notes that the student has confirmed, unless an event has come already; the payment where it did.
pub(super) async fn set_processing(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Payment>, DbError> {
    let updated = query_as::<_, PaymentRow>(
        "update payment
         set status = 'processing', updated_at = now()
         where id = $1
           and status = 'created'
         returning id, booking_id, student_id, amount_cents, status, captured_cents,
                   refunded_cents, reference, created_at",
    )
    .bind(id.0);
    let row = timing::db(updated.fetch_optional(conn)).await?;
    Ok(row.map(Payment::from))
}

/// Records an event that changes nothing; whether it is new.
pub(super) async fn insert_event(
    conn: &mut PgConnection,
    event: &PaymentEvent,
    outcome: EventOutcome,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let inserted = query(
        "insert into payment_event (id, payment_id, kind, outcome, received_at)
         values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing",
    )
    .bind(&event.id)
    .bind(event.payment_id.0)
    .bind(event.kind.as_str())
    .bind(outcome.as_str())
    .bind(now);
    Ok(timing::db(inserted.execute(conn)).await?.rows_affected() == 1)
}

/// Records an event and, only if it is new, moves its payment to a status; whether it is new. The money
/// goes along: captured and refunded are all of it or none. A refund that is due is queued, and one that
/// was confirmed is taken off the queue.
pub(super) async fn apply_event(
    conn: &mut PgConnection,
    event: &PaymentEvent,
    status: PaymentStatus,
    settled_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let applied = query(
        "with recorded as (
             insert into payment_event (id, payment_id, kind, outcome, received_at)
             values ($1, $2, $3, $4, $5)
             on conflict (id) do nothing
             returning payment_id
         ),
         moved as (
             update payment
             set status = $6,
                 captured_cents = case when $7 then amount_cents else 0 end,
                 refunded_cents = case when $8 then amount_cents else 0 end,
                 settled_at = coalesce(settled_at, $9),
                 updated_at = now()
             from recorded
             where payment.id = recorded.payment_id
             returning payment.id
         ),
         queued as (
             insert into payment_refund (payment_id, due_at)
             select id, $5
             from moved
             where $6 = 'refunding'
         ),
         ended as (
             delete from payment_refund
             using moved
             where payment_refund.payment_id = moved.id
               and $6 = 'refunded'
         )
         select from recorded",
    )
    .bind(&event.id)
    .bind(event.payment_id.0)
    .bind(event.kind.as_str())
    .bind(EventOutcome::Applied.as_str())
    .bind(now)
    .bind(status.as_str())
    .bind(status >= PaymentStatus::Captured)
    .bind(status == PaymentStatus::Refunded)
    .bind(settled_at);
    Ok(timing::db(applied.execute(conn)).await?.rows_affected() == 1)
}

/// Notes that a captured payment is to be given back, and queues its refund.
pub(super) async fn queue_refund(
    conn: &mut PgConnection,
    id: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let queued = query(
        "with moved as (
             update payment
             set status = 'refunding', updated_at = now()
             where id = $1
             returning id
         )
         insert into payment_refund (payment_id, due_at)
         select id, $2
         from moved",
    )
    .bind(id.0)
    .bind(now);
    timing::db(queued.execute(conn)).await?;
    Ok(())
}

/// The captured payment of a booking, locked until the transaction ends.
pub(super) async fn lock_captured(
    conn: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<PaymentId>, DbError> {
    let found = query_scalar(
        "select id
         from payment
         where booking_id = $1
           and status = 'captured'
         for update",
    )
    .bind(booking.0);
    let id: Option<Uuid> = timing::db(found.fetch_optional(conn)).await?;
    Ok(id.map(PaymentId))
}

/// The refunds that are due, each put off by a time that doubles up to ten minutes. Rows that another
/// worker has locked are passed over.
pub(super) async fn claim_refunds(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Payment>, DbError> {
    let claimed = query_as::<_, PaymentRow>(
        "with due as (
             select payment_id
             from payment_refund
             where due_at <= $1
             order by due_at
             limit $2
             for update skip locked
         ),
         claimed as (
             update payment_refund r
             set attempts = r.attempts + 1,
                 due_at = $1 + make_interval(secs => least(600, power(2, least(r.attempts, 10))))
             from due
             where r.payment_id = due.payment_id
             returning r.payment_id
         )
         select p.id, p.booking_id, p.student_id, p.amount_cents, p.status, p.captured_cents,
                p.refunded_cents, p.reference, p.created_at
         from claimed
         join payment p on p.id = claimed.payment_id",
    )
    .bind(now)
    .bind(limit);
    let rows = timing::db(claimed.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

/// A student's payments: `student`, `limit`, `offset`.
pub(super) const OF_STUDENT: &str =
    select_payment!("where student_id = $1 order by created_at desc, id desc limit $2 offset $3");

/// A page of a student's payments, newest first.
pub(super) async fn of_student(
    conn: &mut PgConnection,
    student: UserId,
    part: PageNumber,
) -> Result<Vec<Payment>, DbError> {
    let found = query_as::<_, PaymentRow>(OF_STUDENT)
        .bind(student.0)
        .bind(part.limit())
        .bind(part.offset());
    let rows = timing::db(found.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

/// Their number: `student`.
pub(super) const COUNT_OF_STUDENT: &str = "select count(*) from payment where student_id = $1";

/// How many payments a student has.
pub(super) async fn count_of_student(
    conn: &mut PgConnection,
    student: UserId,
) -> Result<i64, DbError> {
    let counted = query_scalar(COUNT_OF_STUDENT).bind(student.0);
    Ok(timing::db(counted.fetch_one(conn)).await?)
}
