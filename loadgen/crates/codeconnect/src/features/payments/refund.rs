//! A student who has paid for a booking asks for the money back, waits until it is there, and looks at the booking.
//!
//! The refund of a lesson that has not begun gives its place back too, so the audit knows the booking as one that
//! was cancelled. Errors are a refund or a payment that takes the provider longer than ten seconds, another
//! amount than was paid, and a booking that is kept.

use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        payments::{PaymentStatus, PaymentView},
    },
    paths,
};

use super::steps::{self, CONFIRM, GET, HeldBooking, INTENT, check_booking, check_same, is_open};
use crate::features::{bookings, mentors};
use crate::flows::{AppFlow, AppIteration, Op, TestAccount, until_failure};
use loadgen_engine::{
    check::{Mismatch, Reply},
    request::Request,
};

pub(super) static REFUND: Op = Op::post("payments.refund");
/// The booking of a payment that was to be given back, once for each.
pub(super) static REFUNDED: Op = Op::get("payments.refunded");

pub(super) const FLOW: AppFlow = AppFlow {
    name: "payments.refund",
    help: "a student books an open slot, pays, has the money given back, and finds the booking cancelled",
    operations: &[
        &mentors::AVAILABILITY,
        &bookings::CREATE,
        &INTENT,
        &CONFIRM,
        &GET,
        &REFUND,
        &REFUNDED,
    ],
    needs_sessions: true,
    at_once: 1,
    run: |it| until_failure(refund(it)),
};

async fn refund(mut it: AppIteration<'_>) -> Option<()> {
    let booking_key = bookings::fresh_key(it.world, it.rng);
    let payment_key = bookings::fresh_key(it.world, it.rng);
    let account = it.world.any_account(it.rng)?;
    let held = steps::begin(&mut it, account, &booking_key, &payment_key).await?;
    let end = match steps::capture(&mut it, account, &held.payment).await {
        Some(PaymentStatus::Captured) => given_back(&mut it, account, &held).await,
        // Of a payment that was declined nothing can be given back.
        end => end.filter(|end| is_open(*end)),
    };
    if let Some(end) = end {
        let may_be_old = it.world.reads_may_be_old;
        let path = paths::with_id(paths::BOOKING, held.booking.id);
        let get = Request::get(path).bearer(&account.token.get());
        it.call(&REFUNDED, get, |reply| {
            check_refunded(reply, &held.booking, end, may_be_old)
        })
        .await;
    }
    Some(())
}

/// Has the money given back, and waits for it; where the payment stands then. `None` if a request failed.
async fn given_back(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    held: &HeldBooking,
) -> Option<PaymentStatus> {
    if !give_back(it, account, held).await {
        return None;
    }
    steps::decided(it, account, &held.payment, is_pending, check_refund).await
}

/// Asks for the money, and so gives the place back; whether that was acknowledged.
async fn give_back(it: &mut AppIteration<'_>, account: &TestAccount, held: &HeldBooking) -> bool {
    let world = it.world;
    let ledger = &world.ledger;
    ledger.cancelling(held.entry, &held.booking);
    let path = paths::with_id(paths::PAYMENT_REFUND, held.payment.id);
    let request = Request::post(path).bearer(&account.token.get());
    let refunded = it
        .call(&REFUND, request, |reply| check_refund(reply, &held.payment))
        .await;
    if refunded.is_some() {
        ledger.cancelled(held.entry, &held.booking);
    }
    refunded.is_some()
}

/// Whether the money is on its way back.
fn is_pending(status: PaymentStatus) -> bool {
    status == PaymentStatus::Refunding
}

/// Where the refund of a payment stands, and whether its money goes with that.
fn check_refund(reply: &Reply, payment: &PaymentView) -> Result<PaymentStatus, Mismatch> {
    let seen = check_same(reply, payment)?;
    let returned = match seen.status {
        PaymentStatus::Refunding => 0,
        PaymentStatus::Refunded => seen.amount_cents.0,
        PaymentStatus::Created
        | PaymentStatus::Processing
        | PaymentStatus::Failed
        | PaymentStatus::Captured => {
            return Err(Mismatch::new("the payment is not being refunded"));
        }
    };
    if seen.captured_cents == seen.amount_cents && seen.refunded_cents.0 == returned {
        Ok(seen.status)
    } else {
        Err(Mismatch::new(
            "the amounts of the refund are not those of its status",
        ))
    }
}

/// The booking is cancelled, and the money back. Where lists and details `may_be_old`, the booking may still be
/// shown as it was.
fn check_refunded(
    reply: &Reply,
    booking: &BookingView,
    end: PaymentStatus,
    may_be_old: bool,
) -> Result<(), Mismatch> {
    let seen = check_booking(reply, booking, end)?;
    if is_pending(end) {
        return Err(Mismatch::new("the money is not back after ten seconds"));
    }
    if seen.status != BookingStatus::Cancelled && !may_be_old {
        return Err(Mismatch::new(
            "the payment is refunded, and the booking is not cancelled",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::{
        ids::PaymentId,
        ledger::BookingOutcome,
        money::Cents,
        problem::{Code, Problem},
    };

    use super::*;
    use crate::features::{
        payments::{
            fixture::{booking, payment, slot, until_paid},
            steps::MOST_POLLS,
        },
        scripted::{self, SentRequest, all_right, iterate, reply},
    };
    use loadgen_engine::sample::Outcome;

    /// The payment on its way back, or back.
    fn refund_of(status: PaymentStatus, returned: i64) -> PaymentView {
        PaymentView {
            refunded_cents: Cents(returned),
            ..payment(status, 4_500)
        }
    }

    /// What a student sends to a target whose payments come to that `end`, that answers the refund with that problem
    /// if there is one, and that shows the payment as `last` and the booking as `shown` after it; and the outcome
    /// of the booking in the ledger.
    async fn sent(
        end: PaymentStatus,
        refusal: Option<Code>,
        last: PaymentStatus,
        shown: BookingStatus,
    ) -> (Vec<SentRequest>, BookingOutcome) {
        let (mut offered, mut is_asked, world) = (slot(), false, scripted::world());
        let returned = if last == PaymentStatus::Refunded {
            4_500
        } else {
            0
        };
        let target = |op: &'static str, request: &Request| {
            Some(match op {
                "payments.get" if is_asked => reply(200, &refund_of(last, returned)),
                "payments.refund" => {
                    is_asked = true;
                    if let Some(code) = refusal {
                        reply(code.status(), &Problem::new(code, "no"))
                    } else {
                        reply(200, &refund_of(PaymentStatus::Refunding, 0))
                    }
                }
                "payments.refunded" => {
                    let now = BookingView {
                        status: shown,
                        ..booking(&offered, false)
                    };
                    reply(200, &now)
                }
                _ => return until_paid(op, request, &mut offered, end),
            })
        };
        let sent = iterate("payments.refund", &world, 0, target).await;
        let ledger = world.ledger.ledger();
        (sent, ledger.bookings[0].outcome)
    }

    const CAPTURED: PaymentStatus = PaymentStatus::Captured;
    const BACK: PaymentStatus = PaymentStatus::Refunded;
    const CANCELLED: BookingStatus = BookingStatus::Cancelled;

    #[tokio::test]
    async fn the_money_comes_back_and_the_ledger_has_a_cancelled_booking() {
        let (sent, outcome) = sent(CAPTURED, None, BACK, CANCELLED).await;
        let steps = [
            "mentors.availability",
            "bookings.create",
            "payments.intent",
            "payments.confirm",
            "payments.get",
            "payments.refund",
            "payments.get",
            "payments.refunded",
        ];
        assert_eq!(all_right(&sent), steps);
        assert_eq!(outcome, BookingOutcome::Cancelled);
    }

    #[tokio::test]
    async fn a_refund_that_is_not_acknowledged_leaves_the_cancellation_in_doubt() {
        let refusal = Some(Code::Contention);
        let (sent, outcome) = sent(CAPTURED, refusal, BACK, CANCELLED).await;
        let last = ("payments.refund", Some(Outcome::HttpError));
        assert_eq!(sent.last(), Some(&last));
        assert_eq!(outcome, BookingOutcome::CancelInDoubt);
    }

    #[tokio::test]
    async fn nothing_is_asked_back_of_a_payment_that_was_declined() {
        let (sent, outcome) = sent(PaymentStatus::Failed, None, BACK, CANCELLED).await;
        assert_eq!(all_right(&sent).last(), Some(&"payments.get"));
        assert_eq!(outcome, BookingOutcome::Booked);
    }

    #[tokio::test]
    async fn a_payment_that_no_webhook_settles_is_one_failure() {
        let (sent, outcome) = sent(PaymentStatus::Processing, None, BACK, CANCELLED).await;
        let (last, before) = sent.split_last().unwrap();
        assert_eq!(*last, ("payments.refunded", Some(Outcome::BodyMismatch)));
        assert_eq!(all_right(before).last(), Some(&"payments.get"));
        assert_eq!(outcome, BookingOutcome::Booked);
    }

    #[tokio::test]
    async fn money_that_never_comes_and_a_booking_that_is_kept_are_one_failure_each() {
        let pending = PaymentStatus::Refunding;
        for (last, shown, polls) in [
            (pending, CANCELLED, MOST_POLLS as usize),
            (BACK, BookingStatus::Confirmed, 1),
        ] {
            let (sent, _) = sent(CAPTURED, None, last, shown).await;
            let wrong: Vec<_> = sent
                .iter()
                .filter(|(_, outcome)| *outcome != Some(Outcome::Ok))
                .collect();
            let expected = ("payments.refunded", Some(Outcome::BodyMismatch));
            assert_eq!(wrong, [&expected]);
            let of = |name| sent.iter().filter(|(op, _)| *op == name).count();
            // One poll was before.
            assert_eq!(of("payments.get"), 1 + polls);
        }
    }

    #[test]
    fn a_refund_is_of_the_whole_amount_and_of_the_same_payment() {
        let made = payment(PaymentStatus::Created, 0);
        let judged = |seen: &PaymentView| check_refund(&reply(200, seen), &made);
        let (pending, done) = (
            refund_of(PaymentStatus::Refunding, 0),
            refund_of(BACK, 4_500),
        );
        assert_eq!(judged(&pending), Ok(PaymentStatus::Refunding));
        assert_eq!(judged(&done), Ok(BACK));
        let other = PaymentView {
            id: PaymentId(uuid::Uuid::nil()),
            ..done
        };
        for wrong in [
            refund_of(BACK, 4_499),
            refund_of(PaymentStatus::Refunding, 4_500),
            payment(BACK, 0),
            payment(CAPTURED, 4_500),
            other,
        ] {
            assert!(judged(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_read_that_may_be_old_may_show_the_booking_as_it_was() {
        let before = booking(&slot(), false);
        let seen = reply(200, &before);
        for (may_be_old, right) in [(true, true), (false, false)] {
            let judged = check_refunded(&seen, &before, BACK, may_be_old);
            assert_eq!(judged.is_ok(), right, "{may_be_old}");
        }
    }
}
