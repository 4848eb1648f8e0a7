//! Moves at the same time as bookings and other moves.

use chrono::{TimeDelta, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{bookings::BookingView, calendar::CalendarEvent},
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{Answer, NewSlot, Person, TestApp, begin_mark, right_strategies, together};

/// A booking looks at the times of its slot and inserts them later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_taken_while_the_event_moves_has_the_times_of_the_event() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::group(8);
        let slot_id = slot.create(&app.db).await;
        let mentor = app.mentor(0);
        let moves = (1..=8).map(|n| {
            let to = slot.starts_at() + TimeDelta::minutes(5 * n);
            mentor.move_event(slot_id, to).boxed()
        });
        let students: Vec<Person> = (0..8).map(|n| app.student(n)).collect();
        let bookings = students.iter().map(|one| one.book(slot_id).boxed());
        let answers: Vec<Answer> = together(moves.chain(bookings)).await;
        for answer in &answers {
            assert!(answer.status < 500, "{strategy}: {}", answer.text());
        }
        let (moved, booked) = answers.split_at(8);
        assert!(moved.iter().any(|answer| answer.status == 200));
        assert!(booked.iter().any(|answer| answer.status == 201));
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_events_that_want_the_same_time_one_gets_it() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slots = [NewSlot::single(), NewSlot::single()];
        let free = NewSlot::single().starts_at();
        let mut ids = Vec::new();
        for slot in &slots {
            ids.push(slot.create(&app.db).await);
        }
        let mentor = app.mentor(0);
        let answers = together(ids.iter().map(|slot| mentor.move_event(*slot, free))).await;
        let moved = answers.iter().filter(|answer| answer.status == 200);
        assert_eq!(moved.count(), 1, "{strategy}");
        assert!(answers.iter().any(|answer| answer.status == 409));
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

/// Two mentors move lessons of the same student to the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_student_is_never_moved_into_two_lessons_at_once() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let student = app.student(1);
        let free = NewSlot::single().starts_at();
        let mut slots = Vec::new();
        for mentor in 0..2 {
            let slot = NewSlot::single().of_mentor(mentor).create(&app.db).await;
            student.book(slot).await.created::<BookingView>();
            slots.push((app.mentor(mentor), slot));
        }
        let answers = together(slots.iter().map(|(who, slot)| who.move_event(*slot, free))).await;
        let moved: Vec<CalendarEvent> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.ok())
            .collect();
        assert_eq!(moved.len(), 1, "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

/// From its begin on a lesson may be marked, under a lock that a move waits for.
#[tokio::test]
async fn a_lesson_that_begins_while_its_move_waits_is_not_moved() {
    for strategy in right_strategies() {
        let clock = Clock::manual(Utc::now());
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .with_clock(&clock)
            .start()
            .await;
        let slot = NewSlot::single();
        let slot_id = slot.create(&app.db).await;
        let free = NewSlot::single().starts_at();
        let booking: BookingView = app.student(1).book(slot_id).await.created();
        let marking = begin_mark(&app.db, booking.id).await;
        let mentor = app.mentor(0);
        let moving = tokio::spawn(async move { mentor.move_event(slot_id, free).await });
        app.db.wait_for_blocked(1).await;
        clock.advance(slot.starts_at() - clock.now() + TimeDelta::minutes(1));
        marking.rollback().await.unwrap();
        moving.await.unwrap().refused(Code::SlotClosed);
        let unmoved = format!(
            "select count(*) from booking where id = '{}' and scheduled_at = '{}'",
            booking.id,
            booking.scheduled_at.to_rfc3339()
        );
        assert_eq!(app.db.count(&unmoved).await, 1, "{strategy}");
        app.finish().await;
    }
}
