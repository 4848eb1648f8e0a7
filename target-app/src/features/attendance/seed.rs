//! Seeded marks: of three in four participants of the lessons that took place.

use shared::dataset::{RowKind, id};

use crate::seed::{Rows, SeedData, SeedTable, planned::PlannedStatus};

pub(super) fn tables() -> Vec<SeedTable> {
    vec![SeedTable {
        name: "attendance",
        columns: "booking_id, status, marked_by, marked_at",
        after: &["booking"],
        items: |plan| plan.bookings.len() as u32,
        write: attendance,
    }]
}

fn attendance(data: &SeedData, n: u32, rows: &mut Rows) {
    let booking = &data.plan.bookings[n as usize];
    if booking.status != PlannedStatus::Completed || n.is_multiple_of(4) {
        return;
    }
    let slot = &data.plan.slots[booking.slot as usize];
    rows.uuid(id(RowKind::Booking, n))
        .text(match n % 20 {
            1 => "absent",
            2 | 3 => "late",
            _ => "present",
        })
        .uuid(id(RowKind::MentorUser, slot.mentor))
        .time(slot.ends())
        .end();
}
