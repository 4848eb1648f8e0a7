//! Types of payments, and what an event of the provider does to one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    api::payments::{EventOutcome, PaymentEvent, PaymentEventKind, PaymentStatus, PaymentView},
    ids::{BookingId, PaymentId, UserId},
    money::Cents,
    problem::Code,
};

use crate::{
    db::{DbError, LostRace, Retryable},
    error::ApiError,
    features::bookings::PayableBooking,
    idempotency::KeyRefusal,
    provider::{ProviderCall, ProviderOrder},
};

/// A payment as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Payment {
    pub(super) id: PaymentId,
    pub(super) booking: BookingId,
    pub(super) student: UserId,
    pub(super) amount: Cents,
    pub(super) status: PaymentStatus,
    pub(super) captured: Cents,
    pub(super) refunded: Cents,
    /// The provider's name for it, once it has given one.
    pub(super) reference: Option<String>,
    pub(super) created_at: DateTime<Utc>,
}

impl Payment {
    /// What the provider is asked to do with it; announcing it needs no name yet.
    pub(super) fn order(&self, call: ProviderCall) -> ProviderOrder {
        ProviderOrder {
            call,
            payment: self.id,
            reference: self.reference.clone().unwrap_or_default(),
            amount: self.amount,
        }
    }
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        Self {
            id: payment.id,
            booking_id: payment.booking,
            status: payment.status,
            amount_cents: payment.amount,
            captured_cents: payment.captured,
            refunded_cents: payment.refunded,
            created_at: payment.created_at,
        }
    }
}

/// A payment that is being made. Its response is what a key keeps of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "PaymentView", into = "PaymentView")]
pub(super) struct PaymentIntent {
    /// The response.
    pub(super) view: PaymentView,
    /// The payment as this transaction left it; unknown where the response is an earlier one.
    pub(super) payment: Option<Payment>,
}

impl From<PaymentView> for PaymentIntent {
    fn from(view: PaymentView) -> Self {
        Self {
            view,
            payment: None,
        }
    }
}

impl From<PaymentIntent> for PaymentView {
    fn from(intent: PaymentIntent) -> Self {
        intent.view
    }
}

impl From<Payment> for PaymentIntent {
    fn from(payment: Payment) -> Self {
        Self {
            view: payment.clone().into(),
            payment: Some(payment),
        }
    }
}

/// What a student asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PaymentAttempt {
    /// Who asks.
    pub(super) student: UserId,
    /// For which booking.
    pub(super) booking: BookingId,
    /// The request's idempotency key, if it has one.
    pub(super) key: Option<String>,
}

/// What an event does to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventEffect {
    /// As the event is recorded.
    pub(super) outcome: EventOutcome,
    /// The payment's status afterwards.
    pub(super) status: PaymentStatus,
    /// Whether it pays the booking.
    pub(super) settles: bool,
}

/// Decides what an event does: never a step back, and money that comes for a booking that is no hold
/// any more (released, cancelled, or paid by another payment) goes back.
pub(super) fn effect(
    payment: &Payment,
    booking: &PayableBooking,
    event: &PaymentEvent,
) -> EventEffect {
    let (now, amount) = (payment.status, payment.amount);
    let none = |outcome| EventEffect {
        outcome,
        status: now,
        settles: false,
    };
    if event.amount_cents != amount {
        return none(EventOutcome::Mismatch);
    }
    let applied = |status, settles| EventEffect {
        outcome: EventOutcome::Applied,
        status,
        settles,
    };
    match event.kind {
        PaymentEventKind::Processing if now < PaymentStatus::Processing => {
            applied(PaymentStatus::Processing, false)
        }
        PaymentEventKind::Failed if now < PaymentStatus::Failed => {
            applied(PaymentStatus::Failed, false)
        }
        PaymentEventKind::Captured if now < PaymentStatus::Captured => {
            // A payment that had failed was given up: its booking may have another one now.
            let is_held = booking.is_active && booking.hold_expires_at.is_some();
            if is_held && now != PaymentStatus::Failed {
                applied(PaymentStatus::Captured, true)
            } else {
                applied(PaymentStatus::Refunding, false)
            }
        }
        PaymentEventKind::Refunded if now == PaymentStatus::Refunding => {
            applied(PaymentStatus::Refunded, false)
        }
        _ => none(EventOutcome::Late),
    }
}

/// Why a payment is not made, confirmed or refunded.
#[derive(Debug)]
pub(super) enum PaymentFailure {
    /// By a rule of payments.
    Refused(Code, &'static str),
    /// The database failed.
    Db(DbError),
}

/// Why no payment is made for a booking that has no hold.
pub(super) const NOT_DUE: PaymentFailure = PaymentFailure::Refused(
    Code::PaymentNotDue,
    "This booking is paid, or needs no payment.",
);

/// Nothing that this person may see.
pub(super) const NO_SUCH_PAYMENT: PaymentFailure =
    PaymentFailure::Refused(Code::NotFound, "You have no payment with this id.");

impl From<DbError> for PaymentFailure {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<KeyRefusal> for PaymentFailure {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Reused => Self::Refused(
                Code::IdempotencyMismatch,
                "This Idempotency-Key was used for another request. Use a new key for a new payment.",
            ),
            KeyRefusal::Unreadable => Self::Refused(
                Code::ResponseLost,
                "The first request with this Idempotency-Key made its payment, which is in the list of your payments. \
                 Nothing was made again.",
            ),
            KeyRefusal::Lost => Self::Refused(Code::Contention, "Please send the request again."),
        }
    }
}

impl From<PaymentFailure> for ApiError {
    fn from(failure: PaymentFailure) -> Self {
        match failure {
            PaymentFailure::Refused(code, why) => Self::new(code, why),
            PaymentFailure::Db(error) => error.into(),
        }
    }
}

impl Retryable for PaymentFailure {
    fn lost_race(&self) -> Option<LostRace> {
        match self {
            Self::Refused(..) => None,
            Self::Db(error) => error.lost_race(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: PayableBooking = PayableBooking {
        student: UserId(uuid::Uuid::nil()),
        price: Cents(4_500),
        is_active: true,
        hold_expires_at: Some(DateTime::UNIX_EPOCH),
    };

    fn payment(status: PaymentStatus) -> Payment {
        Payment {
            id: PaymentId(uuid::Uuid::nil()),
            booking: BookingId(uuid::Uuid::nil()),
            student: HELD.student,
            amount: HELD.price,
            status,
            captured: Cents(0),
            refunded: Cents(0),
            reference: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn event(kind: PaymentEventKind) -> PaymentEvent {
        PaymentEvent {
            id: "e".to_owned(),
            kind,
            payment_id: PaymentId(uuid::Uuid::nil()),
            amount_cents: HELD.price,
        }
    }

    #[test]
    fn no_event_moves_a_payment_back() {
        for &status in PaymentStatus::ALL {
            for &kind in PaymentEventKind::ALL {
                let effect = effect(&payment(status), &HELD, &event(kind));
                assert!(effect.status >= status, "{status:?} {kind:?}");
                let moved = effect.status > status;
                assert_eq!(moved, effect.outcome == EventOutcome::Applied);
            }
        }
    }

    #[test]
    fn every_order_of_the_events_of_a_capture_ends_captured() {
        use PaymentEventKind::{Captured, Processing};
        for order in [[Processing, Captured], [Captured, Processing]] {
            let mut payment = payment(PaymentStatus::Created);
            for kind in order {
                payment.status = effect(&payment, &HELD, &event(kind)).status;
            }
            assert_eq!(payment.status, PaymentStatus::Captured);
        }
    }

    #[test]
    fn money_for_a_booking_that_is_no_hold_any_more_goes_back() {
        let captured = event(PaymentEventKind::Captured);
        let processing = payment(PaymentStatus::Processing);
        let gone = PayableBooking {
            is_active: false,
            hold_expires_at: None,
            ..HELD
        };
        let paid = PayableBooking {
            hold_expires_at: None,
            ..HELD
        };
        for booking in [gone, paid] {
            let effect = effect(&processing, &booking, &captured);
            assert_eq!(effect.status, PaymentStatus::Refunding);
            assert!(!effect.settles);
        }
        let given_up = payment(PaymentStatus::Failed);
        let effect = effect(&given_up, &HELD, &captured);
        assert_eq!(effect.status, PaymentStatus::Refunding);
    }

    #[test]
    fn an_event_of_another_amount_does_nothing() {
        let event = PaymentEvent {
            amount_cents: Cents(1),
            ..event(PaymentEventKind::Captured)
        };
        let created = payment(PaymentStatus::Created);
        let effect = effect(&created, &HELD, &event);
        assert_eq!(effect.outcome, EventOutcome::Mismatch);
        assert_eq!(effect.status, PaymentStatus::Created);
    }
}
