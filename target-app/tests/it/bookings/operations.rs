//! Bookings in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::{api::bookings::BookingView, paths};
use uuid::Uuid;

use crate::{
    access::{
        operations::{Actor::Student, CachedValue, FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    support::{Client, NewSlot, TestApp},
};

/// The cached list of the student's bookings.
pub(crate) const LIST_OF_THE_STUDENT: &str = "bookings of the student";
/// The cached values that show a booking of the student.
pub(crate) const SHOWN: &[&str] = &[
    LIST_OF_THE_STUDENT,
    "dashboard of all",
    "dashboard of the mentor",
    "dashboard of the student",
];

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("bookings.cancel", Student, SHOWN),
        ("bookings.create", Student, SHOWN),
        ("bookings.reschedule", Student, SHOWN),
    ],
    values,
    request,
    send_all,
    kept_tables: &["booking", "booking_hold", "slot"],
};

fn values(stage: &Stage) -> Vec<CachedValue> {
    let student = Client::clone(&stage.student());
    let other = Client::clone(&stage.other_student());
    vec![
        (LIST_OF_THE_STUDENT, student, paths::BOOKINGS),
        ("bookings of another student", other, paths::BOOKINGS),
    ]
}

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "bookings.create" => {
                let slot = stage.open_slot().await;
                RequestParts::json(json!({"slot_id": slot}))
            }
            "bookings.get" | "bookings.cancel" => RequestParts::of(stage.booked().await.id.0),
            "bookings.reschedule" => {
                let booking = stage.booked().await;
                let slot = stage.open_slot().await;
                RequestParts::of(booking.id.0).with_json(json!({"slot_id": slot}))
            }
            _ => RequestParts::default(),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let (student, mentor) = (app.student(1), app.mentor(0));
        let slot = NewSlot::single().create(&app.db).await;
        let key = Uuid::now_v7().to_string();
        let booked = student.book_with_key(slot, &key).await;
        let booking: BookingView = sent.done("bookings.create", booked).created();
        // A refusal writes to the log of conflicts.
        assert_eq!(app.student(2).book(slot).await.status, 409);
        sent.done("bookings.list_mine", student.bookings("page=2").await);
        sent.done("bookings.list_mine", mentor.bookings("").await);
        sent.done("bookings.get", student.booking(booking.id).await);
        let other = NewSlot::single().create(&app.db).await;
        let rescheduled = student.reschedule(booking.id, other).await;
        sent.done("bookings.reschedule", rescheduled);
        sent.done("bookings.cancel", student.cancel(booking.id).await);
    })
}
