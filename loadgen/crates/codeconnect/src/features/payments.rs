//! Payments: a student books, pays, waits until the money is taken, and looks at the booking; another has the
//! money given back.
//!
//! Where the target's bookings need no payment, it says so, and that is the whole of it. The provider tells
//! the target the outcome of a payment by webhooks, so the failures of `payments.settled` are the payments
//! whose webhooks failed.

#[cfg(test)]
mod fixture;
mod refund;
mod steps;

use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        payments::PaymentStatus,
    },
    paths,
};

use self::steps::{CONFIRM, GET, INTENT, check_booking};
use super::{bookings, mentors};
use crate::flows::{AppFlow, AppIteration, FeatureFlows, Op, until_failure};
use loadgen_engine::{
    check::{Mismatch, Reply},
    request::Request,
};

/// The booking of a payment that was confirmed, once for each.
static SETTLED: Op = Op::get("payments.settled");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &INTENT,
        &CONFIRM,
        &GET,
        &SETTLED,
        &refund::REFUND,
        &refund::REFUNDED,
    ],
    headline: &[&CONFIRM, &SETTLED],
    completes: &[
        ("payments confirmed", &[&CONFIRM]),
        ("payments settled", &[&SETTLED]),
        ("payments refunded", &[&refund::REFUNDED]),
    ],
    flows: &[
        AppFlow {
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
            run: |it| until_failure(pay(it)),
        },
        refund::FLOW,
    ],
    ..FeatureFlows::new("payments", "Payments")
};

async fn pay(mut it: AppIteration<'_>) -> Option<()> {
    let booking_key = bookings::fresh_key(it.world, it.rng);
    let payment_key = bookings::fresh_key(it.world, it.rng);
    let account = it.world.any_account(it.rng)?;
    let held = steps::begin(&mut it, account, &booking_key, &payment_key).await?;
    let booking = held.booking;
    if let Some(end) = steps::capture(&mut it, account, &held.payment).await {
        let may_be_old = it.world.reads_may_be_old;
        let get =
            Request::get(paths::with_id(paths::BOOKING, booking.id)).bearer(&account.token.get());
        it.call(&SETTLED, get, |reply| {
            check_settled(reply, &booking, end, may_be_old)
        })
        .await;
    }
    Some(())
}

/// The booking is what its payment made of it: the provider's events have come and had their effect. Where
/// lists and details `may_be_old`, the hold may still be shown.
fn check_settled(
    reply: &Reply,
    booking: &BookingView,
    end: PaymentStatus,
    may_be_old: bool,
) -> Result<(), Mismatch> {
    let seen = check_booking(reply, booking, end)?;
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
        api::payments::PaymentView,
        problem::{Code, Problem},
    };

    use super::{
        fixture::{booking, payment, slot, until_paid},
        steps::{MOST_POLLS, check_intent, check_polled},
        *,
    };
    use crate::features::scripted::{self, SentRequest, all_right, iterate, reply};
    use loadgen_engine::sample::Outcome;

    /// What the flow sends to a target whose payments end like that; each poll sees that end.
    async fn paid(end: PaymentStatus, is_held: bool) -> Vec<SentRequest> {
        let (mut offered, world) = (slot(), scripted::world());
        let target = |op: &'static str, request: &Request| {
            if op == "payments.settled" {
                Some(reply(200, &booking(&offered, is_held)))
            } else {
                until_paid(op, request, &mut offered, end)
            }
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
        let polls = sent.iter().filter(|(op, _)| *op == "payments.get");
        assert_eq!(polls.count(), MOST_POLLS as usize);
    }

    #[test]
    fn a_captured_payment_has_taken_its_whole_amount() {
        let made = payment(PaymentStatus::Created, 0);
        let polled = |seen: &PaymentView| check_polled(&reply(200, seen), &made);
        polled(&payment(PaymentStatus::Processing, 0)).unwrap();
        polled(&payment(PaymentStatus::Captured, 4_500)).unwrap();
        polled(&payment(PaymentStatus::Failed, 0)).unwrap();
        assert!(polled(&payment(PaymentStatus::Captured, 0)).is_err());
        assert!(polled(&payment(PaymentStatus::Processing, 4_500)).is_err());
        assert!(polled(&payment(PaymentStatus::Refunded, 4_500)).is_err());
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
