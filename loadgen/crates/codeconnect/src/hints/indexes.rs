//! Which index a scan lacks. A table stands here only with operations whose scan can mean one
//! index alone.

use loadgen_experiment::diagnose::TableIndex;

const fn index(
    table: &'static str,
    operation_prefix: &'static str,
    switch: &'static str,
    sentence: &'static str,
) -> TableIndex<'static> {
    TableIndex {
        table,
        operation_prefix,
        switch,
        value: "on",
        sentence,
    }
}

/// By table and operation.
pub(super) const INDEXES: &[TableIndex<'static>] = &[
    index(
        "mentor",
        "mentors.list",
        "index.mentors_active_rating",
        "the index costs one entry a mentor, also on each change of a rating",
    ),
    index(
        "slot",
        "mentors.availability",
        "index.slots_open",
        "the index costs one entry an open slot, also on each booking",
    ),
    index(
        "review",
        "mentors.",
        "index.reviews_mentor",
        "the index costs one entry a review",
    ),
    index(
        "booking",
        "bookings.",
        "index.bookings_student",
        "the index costs one entry a booking, also on each cancellation",
    ),
    index(
        "booking",
        "recordings.",
        "index.bookings_student",
        "the index costs one entry a booking, also on each cancellation",
    ),
    index(
        "app_user",
        "students.",
        "index.students_name",
        "the index costs one entry a student",
    ),
    index(
        "chat_member",
        "chat.",
        "index.chat_members",
        "the index costs one entry a membership",
    ),
    index(
        "notification",
        "notifications.",
        "index.notifications_user",
        "the index costs one entry a notification",
    ),
];
