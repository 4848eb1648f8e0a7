//! Seeded slots, those that only races book and those of video classes among them, and bookings.

use shared::dataset::{CLASS_MENTORS, CLASS_STUDENTS, RACE_SLOTS, RowKind, id};

use crate::seed::{
    Rows, SeedData, SeedTable,
    plan::race_slot,
    planned::{DAY, HOUR, PlannedStatus},
};

/// Begin of the lessons whose classes can be initiated at any time: behind the seeded calendar, and far
/// enough that none is over when the data is some months old.
const CLASS_BEGIN: i64 = 120 * DAY;
/// When their classes open, and their bookings were made.
const CLASS_OPENS: i64 = -DAY;
/// Places of such a lesson.
const CLASS_PLACES: u32 = CLASS_STUDENTS / CLASS_MENTORS;

pub(super) fn tables() -> Vec<SeedTable> {
    vec![
        SeedTable {
            name: "slot",
            columns: "id, mentor_id, starts_at, ends_at, capacity, booked, price_cents, \
                      class_opens_at",
            after: &["mentor"],
            items: |plan| plan.slots.len() as u32 + RACE_SLOTS + CLASS_MENTORS,
            write: slot,
        },
        SeedTable {
            name: "booking",
            columns: "id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, \
                      price_cents, created_at, cancelled_at",
            after: &["slot", "app_user"],
            items: |plan| plan.bookings.len() as u32 + CLASS_STUDENTS,
            write: booking,
        },
    ]
}

fn slot(data: &SeedData, n: u32, rows: &mut Rows) {
    let plan = &data.plan;
    let Some(slot) = plan.slots.get(n as usize) else {
        let n = n - plan.slots.len() as u32;
        return match n.checked_sub(RACE_SLOTS) {
            None => empty_slot(data, n, rows),
            Some(mentor) => class_slot(data, mentor, rows),
        };
    };
    rows.uuid(id(RowKind::Slot, n))
        .uuid(id(RowKind::Mentor, slot.mentor))
        .time(slot.starts())
        .time(slot.ends())
        .int(slot.capacity)
        .int(slot.booked)
        .int(slot.price_cents)
        .null()
        .end();
}

/// Race slot `n`.
fn empty_slot(data: &SeedData, n: u32, rows: &mut Rows) {
    let (mentor, starts) = race_slot(&data.plan.mentors, n);
    rows.uuid(id(RowKind::RaceSlot, n))
        .uuid(id(RowKind::Mentor, mentor))
        .time(starts)
        .time(starts + HOUR)
        .int(1)
        .int(0)
        .int(data.plan.mentors[mentor as usize].price_cents)
        .null()
        .end();
}

/// The lesson of a mentor's classes: a group of its own students, all places taken.
fn class_slot(data: &SeedData, mentor: u32, rows: &mut Rows) {
    rows.uuid(id(RowKind::ClassSlot, mentor))
        .uuid(id(RowKind::Mentor, mentor))
        .time(CLASS_BEGIN)
        .time(CLASS_BEGIN + HOUR)
        .int(CLASS_PLACES)
        .int(CLASS_PLACES)
        .int(data.plan.mentors[mentor as usize].price_cents)
        .time(CLASS_OPENS)
        .end();
}

fn booking(data: &SeedData, n: u32, rows: &mut Rows) {
    let Some(booking) = data.plan.bookings.get(n as usize) else {
        return class_booking(data, n - data.plan.bookings.len() as u32, rows);
    };
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

/// The class of a student.
fn class_booking(data: &SeedData, student: u32, rows: &mut Rows) {
    let mentor = student % CLASS_MENTORS;
    rows.uuid(id(RowKind::ClassBooking, student))
        .uuid(id(RowKind::ClassSlot, mentor))
        .uuid(id(RowKind::Mentor, mentor))
        .uuid(id(RowKind::Student, student))
        .time(CLASS_BEGIN)
        .time(CLASS_BEGIN + HOUR)
        .int(student / CLASS_MENTORS)
        .text("confirmed")
        .int(data.plan.mentors[mentor as usize].price_cents)
        .time(CLASS_OPENS)
        .null()
        .end();
}
