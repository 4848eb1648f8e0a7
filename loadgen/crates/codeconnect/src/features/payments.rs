//! Payments: a student books, pays, and waits until the money is taken.
//!
//! Where the target's bookings need no payment, it says so, and that is the whole of it.

use std::time::Duration;

use shared::{
    api::{
        bookings::BookingView,
        payments::{PaymentRequest, PaymentStatus, PaymentView},
    },
    paths,
    problem::Code,
};

use super::{bookings, mentors};
use crate::flows::{AppFlow, AppIteration, FeatureFlows, FlowFuture, Op, TestAccount};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Time between two looks at a payment that is being captured.
const LOOK: Duration = Duration::from_millis(100);
/// Looks until a payment counts as lost.
const LOOKS: u32 = 100;

static INTENT: Op = Op::post("payments.intent");
static CONFIRM: Op = Op::post("payments.confirm");
static GET: Op = Op::get("payments.get");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&INTENT, &CONFIRM, &GET],
    headline: &[&CONFIRM],
    completes: &[("payments confirmed", &[&CONFIRM])],
    flows: &[AppFlow {
        name: "payments.pay",
        help: "a student books an open slot, pays for it, and reads the payment until it is captured",
        operations: &[
            &mentors::AVAILABILITY,
            &bookings::CREATE,
            &INTENT,
            &CONFIRM,
            &GET,
        ],
        needs_sessions: true,
        at_once: 1,
        run: |it| FlowFuture::new(pay(it)),
    }],
    ..FeatureFlows::new("payments", "Payments")
};

async fn pay(mut it: AppIteration<'_>) {
    let booking_key = bookings::fresh_key(it.world, it.rng);
    let payment_key = bookings::fresh_key(it.world, it.rng);
    let Some(account) = it.world.any_account(it.rng) else {
        return;
    };
    let Some(slot) = bookings::open_slot(&mut it).await else {
        return;
    };
    let ledger = &it.world.ledger;
    let entry = ledger.booking(account.id, slot.id);
    let request = bookings::create_request(account, slot.id, &booking_key);
    let created = it
        .call(&bookings::CREATE, request, |reply| {
            bookings::check_create(reply, &slot, account.id)
        })
        .await;
    let booking = match created {
        Some(Ok(booking)) => booking,
        Some(Err(refusal)) => return ledger.refused(entry, refusal == Code::SlotFull),
        None => return,
    };
    ledger.booked(entry, &booking);
    let body = PaymentRequest {
        booking_id: booking.id,
    };
    let intent = Request::post_json(paths::PAYMENT_INTENTS, &body)
        .bearer(&account.token)
        .idempotency_key(&payment_key);
    let made = it
        .call(&INTENT, intent, |reply| check_intent(reply, &booking))
        .await;
    if let Some(Some(payment)) = made {
        capture(&mut it, account, &payment).await;
    }
}

/// Confirms a payment and reads it until it is decided.
async fn capture(it: &mut AppIteration<'_>, account: &TestAccount, payment: &PaymentView) {
    let path = paths::with_id(paths::PAYMENT_CONFIRM, payment.id);
    let confirm = Request::post(path).bearer(&account.token);
    let confirmed = it
        .call(&CONFIRM, confirm, |reply| check_same(reply, payment))
        .await;
    if confirmed.is_none() {
        return;
    }
    for look in 1..=LOOKS {
        it.transport.pause(LOOK).await;
        let get = Request::get(paths::with_id(paths::PAYMENT, payment.id)).bearer(&account.token);
        let seen = it
            .call(&GET, get, |reply| check_look(reply, payment, look == LOOKS))
            .await;
        match seen {
            Some(PaymentStatus::Created | PaymentStatus::Processing) => {}
            _ => return,
        }
    }
}

/// The payment of a held booking; `None` where the booking needs none, which the target then says.
fn check_intent(reply: &Reply, booking: &BookingView) -> Result<Option<PaymentView>, Mismatch> {
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

fn check_same(reply: &Reply, payment: &PaymentView) -> Result<PaymentView, Mismatch> {
    let seen: PaymentView = check::json(reply, 200)?;
    if (seen.id, seen.amount_cents) == (payment.id, payment.amount_cents) {
        Ok(seen)
    } else {
        Err(Mismatch::new("another payment is returned"))
    }
}

/// Where a payment stands, and whether its money goes with that.
fn check_look(
    reply: &Reply,
    payment: &PaymentView,
    is_last: bool,
) -> Result<PaymentStatus, Mismatch> {
    let seen = check_same(reply, payment)?;
    let taken = match seen.status {
        PaymentStatus::Captured => seen.amount_cents.0,
        PaymentStatus::Created | PaymentStatus::Processing if is_last => {
            return Err(Mismatch::new(
                "the payment is not decided after ten seconds",
            ));
        }
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use shared::{ids::PaymentId, money::Cents, problem::Problem};

    use super::*;

    fn payment(status: PaymentStatus, captured: i64) -> PaymentView {
        PaymentView {
            id: PaymentId(uuid::Uuid::from_u128(1)),
            booking_id: shared::ids::BookingId(uuid::Uuid::from_u128(2)),
            status,
            amount_cents: Cents(4_500),
            captured_cents: Cents(captured),
            refunded_cents: Cents(0),
            created_at: loadgen_engine::clock::time_of_day().into(),
        }
    }

    fn reply<T: serde::Serialize>(status: u16, body: &T) -> Reply {
        let body = Bytes::from(serde_json::to_vec(body).unwrap());
        Reply::new(status, HeaderMap::new(), body)
    }

    #[test]
    fn a_captured_payment_has_taken_its_whole_amount() {
        let made = payment(PaymentStatus::Created, 0);
        let look = |seen: &PaymentView| check_look(&reply(200, seen), &made, false);
        look(&payment(PaymentStatus::Processing, 0)).unwrap();
        look(&payment(PaymentStatus::Captured, 4_500)).unwrap();
        look(&payment(PaymentStatus::Failed, 0)).unwrap();
        assert!(look(&payment(PaymentStatus::Captured, 0)).is_err());
        assert!(look(&payment(PaymentStatus::Processing, 4_500)).is_err());
        assert!(look(&payment(PaymentStatus::Refunded, 4_500)).is_err());
    }

    #[test]
    fn a_payment_that_is_never_decided_is_a_failure() {
        let made = payment(PaymentStatus::Created, 0);
        let seen = reply(200, &payment(PaymentStatus::Processing, 0));
        assert!(check_look(&seen, &made, false).is_ok());
        assert!(check_look(&seen, &made, true).is_err());
    }

    #[test]
    fn a_held_booking_that_is_said_to_need_no_payment_is_a_failure() {
        let at = loadgen_engine::clock::time_of_day().into();
        let mut booking = BookingView {
            id: shared::ids::BookingId(uuid::Uuid::from_u128(2)),
            slot_id: shared::ids::SlotId(uuid::Uuid::nil()),
            mentor_id: shared::ids::MentorId(uuid::Uuid::nil()),
            mentor_name: String::new(),
            student_id: shared::ids::UserId(uuid::Uuid::nil()),
            status: shared::api::bookings::BookingStatus::Confirmed,
            scheduled_at: at,
            ends_at: at,
            price_cents: Cents(4_500),
            created_at: at,
            hold_expires_at: None,
        };
        let not_due = reply(409, &Problem::new(Code::PaymentNotDue, "paid"));
        assert_eq!(check_intent(&not_due, &booking), Ok(None));
        booking.hold_expires_at = Some(at);
        assert!(check_intent(&not_due, &booking).is_err());
        let made = reply(201, &payment(PaymentStatus::Created, 0));
        assert!(check_intent(&made, &booking).unwrap().is_some());
    }
}
