//! A slot, a booking of it and the payment of that, and a target that has them, for tests.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        mentors::{Availability, SlotView},
        payments::{PaymentStatus, PaymentView},
    },
    ids::{BookingId, MentorId, PaymentId, SlotId},
    money::Cents,
};
use uuid::Uuid;

use crate::features::scripted::{self, reply};
use loadgen_engine::{check::Reply, request::Request};

/// A payment of 4,500 cents, of which so much was taken.
pub(super) fn payment(status: PaymentStatus, captured: i64) -> PaymentView {
    PaymentView {
        id: PaymentId(Uuid::from_u128(1)),
        booking_id: BookingId(Uuid::from_u128(2)),
        status,
        amount_cents: Cents(4_500),
        captured_cents: Cents(captured),
        refunded_cents: Cents(0),
        created_at: loadgen_engine::clock::time_of_day().into(),
    }
}

pub(super) fn slot() -> SlotView {
    let at: DateTime<Utc> = loadgen_engine::clock::time_of_day().into();
    SlotView {
        id: SlotId(Uuid::from_u128(3)),
        mentor_id: MentorId(Uuid::nil()),
        starts_at: at,
        ends_at: at + TimeDelta::hours(1),
        capacity: 1,
        booked: 0,
        price_cents: Cents(4_500),
    }
}

/// A booking in that slot, held until then.
pub(super) fn booking(slot: &SlotView, is_held: bool) -> BookingView {
    BookingView {
        id: BookingId(Uuid::from_u128(2)),
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

/// What a target answers that offers that slot, to a student who books and pays; each poll sees the payment at that
/// end.
pub(super) fn until_paid(
    op: &str,
    request: &Request,
    offered: &mut SlotView,
    end: PaymentStatus,
) -> Option<Reply> {
    let taken = if end == PaymentStatus::Captured {
        4_500
    } else {
        0
    };
    Some(match op {
        "mentors.availability" => {
            offered.mentor_id = scripted::mentor_of(request);
            let slots = vec![offered.clone()];
            reply(200, &Availability { slots })
        }
        "bookings.create" => reply(201, &booking(offered, true)),
        "payments.intent" => reply(201, &payment(PaymentStatus::Created, 0)),
        "payments.confirm" => reply(200, &payment(PaymentStatus::Processing, 0)),
        "payments.get" => reply(200, &payment(end, taken)),
        _ => return None,
    })
}
