//! A place that cannot be had: the reason in words, and kept for support.

use chrono::{TimeDelta, Utc};
use shared::{api::bookings::BookingView, problem::Code};
use target_app::clock::Clock;

use crate::support::{NewSlot, TestApp, all_strategies, conflicts, lock_slot, right_strategies};

#[tokio::test]
async fn a_full_slot_is_told_in_words_and_kept_with_who_asked() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::single().create(&app.db).await;
        app.student(1).book(slot).await.created::<BookingView>();
        let late = app.student(2);
        let problem = late.book(slot).await.refused(Code::SlotFull);
        for words in ["taken", "Nothing was booked", "another time"] {
            assert!(problem.detail.contains(words), "{}", problem.detail);
        }
        let kept = conflicts(&app.db, slot).await;
        assert_eq!(kept, [(late.id, "slot_full".to_owned())]);
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_student_cannot_be_in_two_lessons_at_once() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let first = NewSlot::single();
    let at = first.starts_at();
    student
        .book(first.create(&app.db).await)
        .await
        .created::<BookingView>();
    for (mentor, minutes) in [(1, -59), (2, -30), (3, 0), (4, 30), (5, 59)] {
        let overlapping = NewSlot::single()
            .of_mentor(mentor)
            .starting(at + TimeDelta::minutes(minutes))
            .create(&app.db)
            .await;
        let problem = student.book(overlapping).await.refused(Code::StudentBusy);
        let when = at.format("%-d %B %Y from %H:%M").to_string();
        assert!(problem.detail.contains(&when), "{}", problem.detail);
        let kept = conflicts(&app.db, overlapping).await;
        assert_eq!(kept, [(student.id, "student_busy".to_owned())]);
    }
    // One lesson may begin where the other ends.
    for (mentor, hours) in [(6, -1), (7, 1)] {
        let adjacent = NewSlot::single()
            .of_mentor(mentor)
            .starting(at + TimeDelta::hours(hours))
            .create(&app.db)
            .await;
        student.book(adjacent).await.created::<BookingView>();
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn the_same_slot_twice_is_refused_to_one_student() {
    let app = TestApp::start().await;
    let slot = NewSlot::group(5).create(&app.db).await;
    let student = app.student(1);
    student.book(slot).await.created::<BookingView>();
    student.book(slot).await.refused(Code::StudentBusy);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_that_has_begun_is_closed() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let past = NewSlot::single()
        .starting(clock.now() - TimeDelta::days(500))
        .create(&app.db)
        .await;
    let slot = NewSlot::group(2);
    let soon = slot.create(&app.db).await;
    app.student(1).book(past).await.refused(Code::SlotClosed);
    app.student(1).book(soon).await.created::<BookingView>();
    clock.advance(slot.starts_at() - clock.now());
    let late = app.student(2);
    let problem = late.book(soon).await.refused(Code::SlotClosed);
    assert!(problem.detail.contains("begun"), "{}", problem.detail);
    let kept = conflicts(&app.db, soon).await;
    assert_eq!(kept, [(late.id, "slot_closed".to_owned())]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_conflict_is_not_kept() {
    let app = TestApp::start().await;
    let before = app.db.count("select count(*) from booking_conflict").await;
    let slot = NewSlot::single().create(&app.db).await;
    app.mentor(1).book(slot).await.refused(Code::Forbidden);
    let nowhere = shared::ids::SlotId(uuid::Uuid::now_v7());
    app.student(1).book(nowhere).await.refused(Code::NotFound);
    app.student(1).book(slot).await.created::<BookingView>();
    let after = app.db.count("select count(*) from booking_conflict").await;
    assert_eq!(after, before);
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_that_begins_while_its_booking_waits_is_not_booked() {
    for strategy in right_strategies() {
        let clock = Clock::manual(Utc::now());
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .with_clock(&clock)
            .start()
            .await;
        let slot = NewSlot::single();
        let slot_id = slot.create(&app.db).await;
        let gate = lock_slot(&app.db, slot_id).await;
        let student = app.student(1);
        let late = student.id;
        let booking = tokio::spawn(async move { student.book(slot_id).await });
        app.db.wait_for_blocked(1).await;
        clock.advance(slot.starts_at() - clock.now() + TimeDelta::minutes(1));
        gate.rollback().await.unwrap();
        booking.await.unwrap().refused(Code::SlotClosed);
        let kept = conflicts(&app.db, slot_id).await;
        assert_eq!(kept, [(late, "slot_closed".to_owned())], "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}
