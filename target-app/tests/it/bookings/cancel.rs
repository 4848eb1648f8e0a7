//! Giving a place back.

use chrono::{TimeDelta, Utc};
use shared::{
    api::bookings::{BookingStatus, BookingView},
    ids::BookingId,
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{Lesson, NewSlot, TestApp, all_strategies, begin_mark, together};

#[tokio::test]
async fn a_place_that_is_given_back_can_be_taken_again() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::single().create(&app.db).await;
        let (ann, bob) = (app.student(1), app.student(2));
        let booking: BookingView = ann.book(slot).await.created();
        bob.book(slot).await.refused(Code::SlotFull);
        let cancelled: BookingView = ann.cancel(booking.id).await.ok();
        assert_eq!(cancelled.status, BookingStatus::Cancelled);
        assert_eq!(cancelled.id, booking.id);
        bob.book(slot).await.created::<BookingView>();
        ann.book(slot).await.refused(Code::SlotFull);
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_place_in_the_middle_of_a_group_is_the_next_to_be_taken() {
    let app = TestApp::start().await;
    let slot = NewSlot::group(3).create(&app.db).await;
    let mut bookings = Vec::new();
    for n in 0..3 {
        let booking: BookingView = app.student(n).book(slot).await.created();
        bookings.push(booking.id);
    }
    app.student(1).cancel(bookings[1]).await.ok::<BookingView>();
    app.student(5).book(slot).await.created::<BookingView>();
    app.student(6).book(slot).await.refused(Code::SlotFull);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn the_mentor_may_cancel_and_a_stranger_finds_nothing_to_cancel() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().of_mentor(1).create(&app.db).await;
    let booking: BookingView = app.student(1).book(slot).await.created();
    for outsider in [app.student(2), app.mentor(2)] {
        outsider.cancel(booking.id).await.refused(Code::NotFound);
    }
    let nowhere = BookingId(uuid::Uuid::now_v7());
    app.student(1).cancel(nowhere).await.refused(Code::NotFound);
    let seen: BookingView = app.student(1).booking(booking.id).await.ok();
    assert_eq!(seen.status, BookingStatus::Confirmed);
    let cancelled: BookingView = app.mentor(1).cancel(booking.id).await.ok();
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    app.finish().await;
}

#[tokio::test]
async fn what_is_cancelled_begun_or_over_cannot_be_cancelled() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let student = app.student(1);
    let over = Lesson {
        student: 1,
        mentor: 3,
    };
    let over = over.create(&app.db).await;
    student.cancel(over).await.refused(Code::BookingNotActive);

    let booking: BookingView = student
        .book(NewSlot::single().create(&app.db).await)
        .await
        .created();
    student.cancel(booking.id).await.ok::<BookingView>();
    let problem = student
        .cancel(booking.id)
        .await
        .refused(Code::BookingNotActive);
    assert!(problem.detail.contains("cancelled"), "{}", problem.detail);

    let slot = NewSlot::single();
    let booking: BookingView = student.book(slot.create(&app.db).await).await.created();
    clock.advance(slot.starts_at() - clock.now());
    // The token was made before; its fifteen minutes are long over.
    let problem = app
        .student(1)
        .cancel(booking.id)
        .await
        .refused(Code::BookingNotActive);
    assert!(problem.detail.contains("begun"), "{}", problem.detail);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_cancelled_many_times_at_once_gives_one_place_back() {
    let app = TestApp::start().await;
    let slot = NewSlot::group(4).create(&app.db).await;
    let student = app.student(1);
    app.student(2).book(slot).await.created::<BookingView>();
    let booking: BookingView = student.book(slot).await.created();
    let answers = together((0..20).map(|_| student.cancel(booking.id))).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(done, 1);
    let taken = app
        .db
        .count(&format!(
            "select booked::bigint from slot where id = '{slot}'"
        ))
        .await;
    assert_eq!(taken, 1);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_cancellation_that_waited_for_a_move_answers_with_the_times_after_it() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let student = app.student(1);
    let booking: BookingView = student.book(slot).await.created();
    // Another instance moves the lesson, and has not committed yet.
    let mut other = app.db.pool().begin().await.unwrap();
    for sql in [
        "update slot
         set starts_at = starts_at + interval '30 minutes', ends_at = ends_at + interval '30 minutes'
         where id = $1",
        "update booking
         set scheduled_at = scheduled_at + interval '30 minutes', ends_at = ends_at + interval '30 minutes'
         where slot_id = $1",
    ] {
        sqlx::query(sql)
            .bind(slot.0)
            .execute(&mut *other)
            .await
            .unwrap();
    }
    let id = booking.id;
    let asked = student.clone();
    let cancelling = tokio::spawn(async move { asked.cancel(id).await });
    app.db.wait_for_blocked(1).await;
    other.commit().await.unwrap();
    let answer = cancelling.await.unwrap();
    let cancelled: BookingView = answer.ok();
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    let half_an_hour = TimeDelta::minutes(30);
    assert_eq!(cancelled.scheduled_at, booking.scheduled_at + half_an_hour);
    assert_eq!(cancelled.ends_at, booking.ends_at + half_an_hour);
    let seen: BookingView = student.booking(id).await.ok();
    assert_eq!(seen, cancelled);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_that_begins_while_its_cancellation_waits_is_not_cancelled() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let slot = NewSlot::single();
    let booking: BookingView = app
        .student(1)
        .book(slot.create(&app.db).await)
        .await
        .created();
    let (id, student) = (booking.id, app.student(1));
    let marking = begin_mark(&app.db, id).await;
    let cancelling = tokio::spawn(async move { student.cancel(id).await });
    app.db.wait_for_blocked(1).await;
    clock.advance(slot.starts_at() - clock.now() + TimeDelta::minutes(1));
    marking.commit().await.unwrap();
    let answer = cancelling.await.unwrap();
    let problem = answer.refused(Code::BookingNotActive);
    assert!(problem.detail.contains("begun"), "{}", problem.detail);
    let kept: BookingView = app.student(1).booking(id).await.ok();
    assert_eq!(kept, booking);
    app.lab().audits_clean().await;
    app.finish().await;
}
