//! Payments: a student books, pays, waits until the money is taken, and looks at the booking.
//!
//! Where the target's bookings need no payment, it says so, and that is the whole of it. The provider tells
//! the target the outcome of a payment by webhooks, so the failures of `payments.settled` are the payments
//! whose webhooks failed.

use std::time::Duration;

use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
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
/// Looks until the webhooks of a payment count as failed.
const LOOKS: u32 = 100;

static INTENT: Op = Op::post("payments.intent");
static CONFIRM: Op = Op::post("payments.confirm");
static GET: Op = Op::get("payments.get");
/// The booking of a payment that was confirmed, once for each.
static SETTLED: Op = Op::get("payments.settled");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&INTENT, &CONFIRM, &GET, &SETTLED],
    headline: &[&CONFIRM, &SETTLED],
    completes: &[
        ("payments confirmed", &[&CONFIRM]),
        ("payments settled", &[&SETTLED]),
    ],
    flows: &[AppFlow {
        name: "payments.pay",
        help: "a student books an open slot, pays, reads the payment until it is captured, and the booking",
        operations: &[
            &mentors::AVAILABILITY,
            &bookings::CREATE,
            &INTENT,
            &CONFIRM,
            &GET,
            &SETTLED,
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
    let created = bookings::create(&mut it, account, &slot, &booking_key, None).await;
    let Some((_, booking)) = created else {
        return;
    };
    let body = PaymentRequest {
        booking_id: booking.id,
    };
    let intent = Request::post_json(paths::PAYMENT_INTENTS, &body)
        .bearer(&account.token.get())
        .idempotency_key(&payment_key);
    let made = it
        .call(&INTENT, intent, |reply| check_intent(reply, &booking))
        .await;
    let Some(Some(payment)) = made else {
        return;
    };
    if let Some(end) = capture(&mut it, account, &payment).await {
        let may_be_old = it.world.reads_may_be_old;
        let get =
            Request::get(paths::with_id(paths::BOOKING, booking.id)).bearer(&account.token.get());
        it.call(&SETTLED, get, |reply| {
            check_settled(reply, &booking, end, may_be_old)
        })
        .await;
    }
}

/// Confirms a payment and reads it until it is decided, or for ten seconds; where it stands then. `None`
/// if a request failed.
async fn capture(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    payment: &PaymentView,
) -> Option<PaymentStatus> {
    let path = paths::with_id(paths::PAYMENT_CONFIRM, payment.id);
    let confirm = Request::post(path).bearer(&account.token.get());
    let mut seen = it
        .call(&CONFIRM, confirm, |reply| check_same(reply, payment))
        .await?
        .status;
    for _ in 0..LOOKS {
        it.transport.pause(LOOK).await;
        let get =
            Request::get(paths::with_id(paths::PAYMENT, payment.id)).bearer(&account.token.get());
        seen = it
            .call(&GET, get, |reply| check_look(reply, payment))
            .await?;
        if !is_open(seen) {
            break;
        }
    }
    Some(seen)
}

/// Whether the provider has not yet told the outcome of a payment.
fn is_open(status: PaymentStatus) -> bool {
    matches!(status, PaymentStatus::Created | PaymentStatus::Processing)
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
fn check_look(reply: &Reply, payment: &PaymentView) -> Result<PaymentStatus, Mismatch> {
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

/// The booking is what its payment made of it: the provider's events have come and had their effect. Where
/// lists and details `may_be_old`, the hold may still be shown.
fn check_settled(
    reply: &Reply,
    booking: &BookingView,
    end: PaymentStatus,
    may_be_old: bool,
) -> Result<(), Mismatch> {
    let seen: BookingView = check::json(reply, 200)?;
    if seen.id != booking.id {
        return Err(Mismatch::new("another booking is returned"));
    }
    if is_open(end) {
        return Err(Mismatch::new(
            "no webhook has settled the payment after ten seconds",
        ));
    }
    let is_paid = seen.status == BookingStatus::Confirmed && seen.hold_expires_at.is_none();
    if end == PaymentStatus::Captured && !is_paid && !may_be_old {
        return Err(Mismatch::new(
            "the payment is captured, and the booking is not paid",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::{
        api::mentors::{Availability, SlotView},
        ids::PaymentId,
        money::Cents,
        problem::Problem,
    };

    use super::*;
    use crate::features::scripted::{self, SentRequest, all_right, iterate, reply};
    use loadgen_engine::sample::Outcome;

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

    fn slot() -> SlotView {
        let at: chrono::DateTime<chrono::Utc> = loadgen_engine::clock::time_of_day().into();
        SlotView {
            id: shared::ids::SlotId(uuid::Uuid::from_u128(3)),
            mentor_id: shared::ids::MentorId(uuid::Uuid::nil()),
            starts_at: at,
            ends_at: at + chrono::TimeDelta::hours(1),
            capacity: 1,
            booked: 0,
            price_cents: Cents(4_500),
        }
    }

    /// A booking in that slot, held until then.
    fn booking(slot: &SlotView, is_held: bool) -> BookingView {
        BookingView {
            id: shared::ids::BookingId(uuid::Uuid::from_u128(2)),
            slot_id: slot.id,
            mentor_id: slot.mentor_id,
            mentor_name: String::new(),
            student_id: scripted::student(),
            status: BookingStatus::Confirmed,
            scheduled_at: slot.starts_at,
            ends_at: slot.ends_at,
            price_cents: slot.price_cents,
            created_at: slot.starts_at,
            hold_expires_at: is_held.then_some(slot.ends_at),
        }
    }

    /// What the flow sends to a target whose payments end like that; each look sees that end.
    async fn paid(end: PaymentStatus, is_held: bool) -> Vec<SentRequest> {
        let (mut offered, world) = (slot(), scripted::world());
        let taken = if end == PaymentStatus::Captured {
            4_500
        } else {
            0
        };
        let target = |op: &'static str, request: &Request| {
            Some(match op {
                "mentors.availability" => {
                    offered.mentor_id = scripted::mentor_of(request);
                    let slots = vec![offered.clone()];
                    reply(200, &Availability { slots })
                }
                "bookings.create" => reply(201, &booking(&offered, true)),
                "payments.intent" => reply(201, &payment(PaymentStatus::Created, 0)),
                "payments.confirm" => reply(200, &payment(PaymentStatus::Processing, 0)),
                "payments.get" => reply(200, &payment(end, taken)),
                _ => reply(200, &booking(&offered, is_held)),
            })
        };
        iterate("payments.pay", &world, 0, target).await
    }

    #[tokio::test]
    async fn a_captured_payment_is_one_whose_booking_is_paid() {
        let sent = paid(PaymentStatus::Captured, false).await;
        assert_eq!(
            all_right(&sent)[1..],
            [
                "bookings.create",
                "payments.intent",
                "payments.confirm",
                "payments.get",
                "payments.settled"
            ]
        );
        let held = paid(PaymentStatus::Captured, true).await;
        let last = ("payments.settled", Some(Outcome::BodyMismatch));
        assert_eq!(held.last(), Some(&last));
        // Declined, and told so.
        all_right(&paid(PaymentStatus::Failed, true).await);
    }

    #[tokio::test]
    async fn a_payment_whose_webhook_never_comes_is_one_failure_of_one_payment() {
        let sent = paid(PaymentStatus::Processing, true).await;
        let wrong: Vec<_> = sent
            .iter()
            .filter(|(_, outcome)| *outcome != Some(Outcome::Ok))
            .collect();
        assert_eq!(wrong, [&("payments.settled", Some(Outcome::BodyMismatch))]);
        let looks = sent.iter().filter(|(op, _)| *op == "payments.get");
        assert_eq!(looks.count(), LOOKS as usize);
    }

    #[test]
    fn a_captured_payment_has_taken_its_whole_amount() {
        let made = payment(PaymentStatus::Created, 0);
        let look = |seen: &PaymentView| check_look(&reply(200, seen), &made);
        look(&payment(PaymentStatus::Processing, 0)).unwrap();
        look(&payment(PaymentStatus::Captured, 4_500)).unwrap();
        look(&payment(PaymentStatus::Failed, 0)).unwrap();
        assert!(look(&payment(PaymentStatus::Captured, 0)).is_err());
        assert!(look(&payment(PaymentStatus::Processing, 4_500)).is_err());
        assert!(look(&payment(PaymentStatus::Refunded, 4_500)).is_err());
    }

    #[test]
    fn a_read_that_may_be_old_may_show_the_hold() {
        let (held, paid) = (booking(&slot(), true), booking(&slot(), false));
        let end = PaymentStatus::Captured;
        for (seen, may_be_old, right) in [
            (&held, true, true),
            (&held, false, false),
            (&paid, false, true),
        ] {
            let judged = check_settled(&reply(200, seen), &held, end, may_be_old);
            assert_eq!(judged.is_ok(), right, "{may_be_old}");
        }
    }

    #[test]
    fn a_held_booking_that_is_said_to_need_no_payment_is_a_failure() {
        let (held, free) = (booking(&slot(), true), booking(&slot(), false));
        let not_due = reply(409, &Problem::new(Code::PaymentNotDue, "paid"));
        assert_eq!(check_intent(&not_due, &free), Ok(None));
        assert!(check_intent(&not_due, &held).is_err());
        let made = reply(201, &payment(PaymentStatus::Created, 0));
        assert!(check_intent(&made, &held).unwrap().is_some());
    }
}
