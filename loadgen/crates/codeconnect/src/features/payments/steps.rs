//! What several flows do with payments: book and begin to pay, have the money taken, and wait for the outcome.

use std::time::Duration;

use shared::{
    api::{
        bookings::BookingView,
        payments::{PaymentRequest, PaymentStatus, PaymentView},
    },
    paths,
    problem::Code,
};

use crate::features::bookings;
use crate::flows::{AppIteration, Op, TestAccount};
use crate::ledger::LedgerEntry;
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Time between two polls of a payment whose outcome is to come.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// Polls until the webhooks of a payment count as failed.
pub(super) const MOST_POLLS: u32 = 100;

pub(super) static INTENT: Op = Op::post("payments.intent");
pub(super) static CONFIRM: Op = Op::post("payments.confirm");
pub(super) static GET: Op = Op::get("payments.get");

/// A booking that is held, its entry in the ledger, and its payment.
pub(super) struct HeldBooking {
    pub(super) entry: LedgerEntry,
    pub(super) booking: BookingView,
    pub(super) payment: PaymentView,
}

/// Books an open slot and makes the payment of the booking; `None` where that was refused or failed, or where
/// the booking needs no payment.
pub(super) async fn begin(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    booking_key: &str,
    payment_key: &str,
) -> Option<HeldBooking> {
    let slot = bookings::open_slot(it).await?;
    let (entry, booking) = bookings::create(it, account, &slot, booking_key, None).await?;
    let body = PaymentRequest {
        booking_id: booking.id,
    };
    let intent = Request::post_json(paths::PAYMENT_INTENTS, &body)
        .bearer(&account.token.get())
        .idempotency_key(payment_key);
    let made = it
        .call(&INTENT, intent, |reply| check_intent(reply, &booking))
        .await;
    let payment = made??;
    Some(HeldBooking {
        entry,
        booking,
        payment,
    })
}

/// Confirms a payment and reads it until it is decided, or for ten seconds; where it stands then. `None`
/// if a request failed.
pub(super) async fn capture(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    payment: &PaymentView,
) -> Option<PaymentStatus> {
    let path = paths::with_id(paths::PAYMENT_CONFIRM, payment.id);
    let confirm = Request::post(path).bearer(&account.token.get());
    it.call(&CONFIRM, confirm, |reply| check_same(reply, payment))
        .await?;
    decided(it, account, payment, is_open, check_polled).await
}

/// Reads a payment until it is no longer `pending`, or for ten seconds; where it stands then. `None` if a request
/// failed.
pub(super) async fn decided(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    payment: &PaymentView,
    pending: fn(PaymentStatus) -> bool,
    check: fn(&Reply, &PaymentView) -> Result<PaymentStatus, Mismatch>,
) -> Option<PaymentStatus> {
    let mut seen = payment.status;
    for _ in 0..MOST_POLLS {
        it.transport.pause(POLL_EVERY).await;
        let get =
            Request::get(paths::with_id(paths::PAYMENT, payment.id)).bearer(&account.token.get());
        seen = it.call(&GET, get, |reply| check(reply, payment)).await?;
        if !pending(seen) {
            break;
        }
    }
    Some(seen)
}

/// Whether the provider has not yet told the outcome of a payment.
pub(super) fn is_open(status: PaymentStatus) -> bool {
    matches!(status, PaymentStatus::Created | PaymentStatus::Processing)
}

/// The payment of a held booking; `None` where the booking needs none, which the target then says.
pub(super) fn check_intent(
    reply: &Reply,
    booking: &BookingView,
) -> Result<Option<PaymentView>, Mismatch> {
    if booking.hold_expires_at.is_none() && check::problem_code(reply) == Some(Code::PaymentNotDue)
    {
        return Ok(None);
    }
    let payment: PaymentView = check::json(reply, 201)?;
    let is_right = payment.booking_id == booking.id
        && payment.amount_cents == booking.price_cents
        && payment.status == PaymentStatus::Created
        && payment.captured_cents.0 == 0;
    if is_right {
        Ok(Some(payment))
    } else {
        Err(Mismatch::new("the payment is not that of the booking"))
    }
}

/// The payment as it is now.
pub(super) fn check_same(reply: &Reply, payment: &PaymentView) -> Result<PaymentView, Mismatch> {
    let seen: PaymentView = check::json(reply, 200)?;
    if (seen.id, seen.amount_cents) == (payment.id, payment.amount_cents) {
        Ok(seen)
    } else {
        Err(Mismatch::new("another payment is returned"))
    }
}

/// The booking of a payment that stands so after its polls, which a webhook has decided.
pub(super) fn check_booking(
    reply: &Reply,
    booking: &BookingView,
    end: PaymentStatus,
) -> Result<BookingView, Mismatch> {
    let seen: BookingView = check::json(reply, 200)?;
    if seen.id != booking.id {
        return Err(Mismatch::new("another booking is returned"));
    }
    if is_open(end) {
        return Err(Mismatch::new(
            "no webhook has settled the payment after ten seconds",
        ));
    }
    Ok(seen)
}

/// Where a payment stands, and whether its money goes with that.
pub(super) fn check_polled(
    reply: &Reply,
    payment: &PaymentView,
) -> Result<PaymentStatus, Mismatch> {
    let seen = check_same(reply, payment)?;
    let taken = match seen.status {
        PaymentStatus::Captured => seen.amount_cents.0,
        PaymentStatus::Created | PaymentStatus::Processing | PaymentStatus::Failed => 0,
        PaymentStatus::Refunding | PaymentStatus::Refunded => {
            return Err(Mismatch::new(
                "the payment is refunded, and nobody asked for it",
            ));
        }
    };
    if seen.captured_cents.0 == taken && seen.refunded_cents.0 == 0 {
        Ok(seen.status)
    } else {
        Err(Mismatch::new(
            "the amounts of the payment are not those of its status",
        ))
    }
}
