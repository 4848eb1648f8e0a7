//! Seeded slots, those that only races book among them, and bookings.

use shared::dataset::{RACE_SLOTS, RowKind, id};

use crate::seed::{
    Rows, SeedData, SeedTable,
    plan::race_slot,
    planned::{HOUR, PlannedStatus},
};

pub(super) fn tables() -> Vec<SeedTable> {
    vec![
        SeedTable {
            name: "slot",
            columns: "id, mentor_id, starts_at, ends_at, capacity, booked, price_cents",
            after: &["mentor"],
            items: |plan| plan.slots.len() as u32 + RACE_SLOTS,
            write: slot,
        },
        SeedTable {
            name: "booking",
            columns: "id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, \
                      price_cents, created_at, cancelled_at",
            after: &["slot", "app_user"],
            items: |plan| plan.bookings.len() as u32,
            write: booking,
        },
    ]
}

fn slot(data: &SeedData, n: u32, rows: &mut Rows) {
    let plan = &data.plan;
    let Some(slot) = plan.slots.get(n as usize) else {
        let n = n - plan.slots.len() as u32;
        let (mentor, starts) = race_slot(&plan.mentors, n);
        rows.uuid(id(RowKind::RaceSlot, n))
            .uuid(id(RowKind::Mentor, mentor))
            .time(starts)
            .time(starts + HOUR)
            .int(1)
            .int(0)
            .int(plan.mentors[mentor as usize].price_cents)
            .end();
        return;
    };
    rows.uuid(id(RowKind::Slot, n))
        .uuid(id(RowKind::Mentor, slot.mentor))
        .time(slot.starts())
        .time(slot.ends())
        .int(slot.capacity)
        .int(slot.booked)
        .int(slot.price_cents)
        .end();
}

fn booking(data: &SeedData, n: u32, rows: &mut Rows) {
    let booking = &data.plan.bookings[n as usize];
    let slot = &data.plan.slots[booking.slot as usize];
    rows.uuid(id(RowKind::Booking, n))
        .uuid(id(RowKind::Slot, booking.slot))
        .uuid(id(RowKind::Mentor, slot.mentor))
        .uuid(id(RowKind::Student, booking.student))
        .time(slot.starts())
        .time(slot.ends())
        .int(booking.seat)
        .text(match booking.status {
            PlannedStatus::Confirmed => "confirmed",
            PlannedStatus::Completed => "completed",
            PlannedStatus::Cancelled => "cancelled",
        })
        .int(slot.price_cents)
        .time(booking.created);
    match booking.cancelled {
        Some(at) => rows.time(at),
        None => rows.null(),
    };
    rows.end();
}
