//! Seeded notifications: about every third booking one, read or not.

use shared::dataset::{RowKind, id};

use crate::seed::{
    Rows, SeedData, SeedTable,
    planned::{HOUR, PlannedStatus},
};

/// One of so many bookings has a notification.
const BOOKINGS: u32 = 3;

pub(super) fn tables() -> Vec<SeedTable> {
    vec![SeedTable {
        name: "notification",
        columns: "id, user_id, kind, booking_id, created_at, read_at",
        after: &["booking"],
        items: |plan| plan.bookings.len() as u32 / BOOKINGS,
        write: notification,
    }]
}

fn notification(data: &SeedData, n: u32, rows: &mut Rows) {
    let booking = n * BOOKINGS;
    let planned = &data.plan.bookings[booking as usize];
    let student = id(RowKind::Student, planned.student);
    let mentor = data.plan.slots[planned.slot as usize].mentor;
    let (reader, kind) = match planned.status {
        PlannedStatus::Cancelled => (student, "booking_cancelled"),
        _ if n.is_multiple_of(2) => (student, "booking_moved"),
        _ => (id(RowKind::MentorUser, mentor), "booking_made"),
    };
    let at = planned.cancelled.unwrap_or(planned.created);
    rows.uuid(id(RowKind::Notification, n))
        .uuid(reader)
        .text(kind)
        .uuid(id(RowKind::Booking, booking))
        .time(at);
    // One of four is unread.
    if n.is_multiple_of(4) {
        rows.null();
    } else {
        rows.time((at + HOUR).min(0));
    }
    rows.end();
}
