//! How many statements a booking sends, each of them a wait for another process.

use chrono::TimeDelta;
use shared::{
    api::{bookings::BookingView, calendar::CalendarEvent},
    page::Page,
    timing::ServerCount,
};

use crate::support::{NewSlot, TestApp};

#[tokio::test]
async fn a_booking_with_a_key_sends_these_many_statements_its_begin_and_commit_among_them() {
    for (strategy, wanted) in [
        ("row_lock", 7),
        ("conditional_update", 4),
        ("unique_index", 4),
        ("advisory_lock", 7),
        ("serializable", 6),
    ] {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let student = app.student(1);
        // The first request also reads the account, which is cached from then on.
        let slot = NewSlot::single().create(&app.db).await;
        student.book(slot).await.created::<BookingView>();
        let slot = NewSlot::group(2).create(&app.db).await;
        let answer = student.book_with_key(slot, "counted").await;
        answer.created::<BookingView>();
        let sent = answer.timing().counts[ServerCount::Queries];
        assert_eq!(sent, wanted, "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_cancellation_sends_these_many_statements_its_begin_and_commit_among_them() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    let answer = student.cancel(booking.id).await;
    answer.ok::<BookingView>();
    // Begin, booking with the lock of its slot, cancellation with count and hold, a payment that was
    // captured, a class that has begun, commit.
    assert_eq!(answer.timing().counts[ServerCount::Queries], 6);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_move_locks_all_students_with_one_statement_and_its_mentor_with_the_begin() {
    for students in [1, 2] {
        let app = TestApp::with(&["bookings.strategy=row_lock"]).start().await;
        let slot = NewSlot::group(2);
        let slot_id = slot.create(&app.db).await;
        for n in 1..=students {
            app.student(n).book(slot_id).await.created::<BookingView>();
        }
        let mentor = app.mentor(0);
        // The account is cached from then on.
        mentor.bookings("").await.ok::<Page<BookingView>>();
        let to = slot.starts_at() + TimeDelta::minutes(30);
        let answer = mentor.move_event(slot_id, to).await;
        assert_eq!(answer.ok::<CalendarEvent>().lessons.len() as u32, students);
        // Begin, slot, students, their locks, lock of the slot, students, two looks for overlaps, slot,
        // bookings, commit; the event and its lessons for the answer.
        assert_eq!(
            answer.timing().counts[ServerCount::Queries],
            13,
            "{students}"
        );
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_mentors_list_is_one_statement() {
    let app = TestApp::start().await;
    let mentor = app.mentor(2);
    // The first request also reads the account, which is cached from then on.
    mentor.bookings("").await.ok::<Page<BookingView>>();
    let answer = mentor.bookings("").await;
    assert!(!answer.ok::<Page<BookingView>>().items.is_empty());
    assert_eq!(answer.timing().counts[ServerCount::Queries], 1);
    app.finish().await;
}
