//! One booking: for those who take part in it.

use shared::{api::bookings::BookingView, ids::BookingId, problem::Code};

use crate::support::{NewSlot, TestApp};

#[tokio::test]
async fn student_and_mentor_see_a_booking_and_nobody_else_does() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().of_mentor(1).create(&app.db).await;
    let student = app.student(1);
    let booking: BookingView = student.book(slot).await.created();
    for participant in [&student, &app.mentor(1)] {
        let seen: BookingView = participant.booking(booking.id).await.ok();
        assert_eq!(seen, booking);
    }
    for outsider in [app.student(2), app.mentor(2)] {
        outsider.booking(booking.id).await.refused(Code::NotFound);
    }
    let nowhere = BookingId(uuid::Uuid::now_v7());
    student.booking(nowhere).await.refused(Code::NotFound);
    app.finish().await;
}
