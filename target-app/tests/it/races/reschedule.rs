//! Many who reschedule at once, beside each other, beside cancellations and beside moves of the mentor.

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use shared::{api::bookings::BookingView, problem::Code};

use crate::support::{Answer, NewSlot, Person, TestApp, conflicts, right_strategies, together};

async fn app_with(strategy: &str) -> TestApp {
    TestApp::with(&[&format!("bookings.strategy={strategy}")])
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_want_the_last_place_one_gets_it_and_the_others_keep_theirs() {
    for strategy in right_strategies() {
        let app = app_with(strategy).await;
        let wanted = NewSlot::single().create(&app.db).await;
        let mut booked: Vec<(Person, BookingView)> = Vec::new();
        for n in 0..20 {
            let slot = NewSlot::single().create(&app.db).await;
            let student = app.student(n);
            let booking = student.book(slot).await.created();
            booked.push((student, booking));
        }
        let asked = booked
            .iter()
            .map(|(student, booking)| student.reschedule(booking.id, wanted));
        let answers: Vec<Answer> = together(asked).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{strategy}");
        let mut full = 0;
        for ((student, booking), answer) in booked.iter().zip(&answers) {
            let seen: BookingView = student.booking(booking.id).await.ok();
            if answer.status == 200 {
                assert_eq!(seen.slot_id, wanted);
            } else {
                assert_eq!(answer.status, 409, "{strategy}: {}", answer.text());
                assert_eq!(seen, *booking, "{strategy}");
                full += usize::from(answer.code() == Some(Code::SlotFull));
            }
        }
        assert_eq!(conflicts(&app.db, wanted).await.len(), full, "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

/// Each locks both slots, of which the other one has one and wants the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_exchange_their_slots_never_wait_for_each_other() {
    for strategy in right_strategies() {
        let app = app_with(strategy).await;
        let slots = [
            NewSlot::group(2).create(&app.db).await,
            NewSlot::group(2).create(&app.db).await,
        ];
        let people = [app.student(1), app.student(2)];
        let mut bookings = Vec::new();
        for (student, slot) in people.iter().zip(slots) {
            let booking: BookingView = student.book(slot).await.created();
            bookings.push(booking.id);
        }
        for round in 0..20 {
            let asked = (0..2).map(|n| {
                let wanted = slots[(n + round + 1) % 2];
                people[n].reschedule(bookings[n], wanted)
            });
            for (n, answer) in together(asked).await.into_iter().enumerate() {
                let moved: BookingView = answer.ok();
                assert_eq!(moved.slot_id, slots[(n + round + 1) % 2], "{strategy}");
            }
        }
        let retries = app.lab().telemetry().await.retries;
        let deadlocks = retries.get("40P01").copied().unwrap_or_default();
        assert_eq!(deadlocks, 0, "{strategy}: {retries:?}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_at_the_same_time_gives_back_whichever_place_there_is() {
    for strategy in right_strategies() {
        let app = app_with(strategy).await;
        let slots = [
            NewSlot::single().create(&app.db).await,
            NewSlot::single().create(&app.db).await,
        ];
        let student = app.student(1);
        for _ in 0..10 {
            let booking: BookingView = student.book(slots[0]).await.created();
            let asked = [
                student.cancel(booking.id).boxed(),
                student.reschedule(booking.id, slots[1]).boxed(),
            ];
            let answers: Vec<Answer> = together(asked).await;
            answers[0].ok::<BookingView>();
            if answers[1].status != 200 {
                answers[1].refused(Code::BookingNotActive);
            }
            for slot in slots {
                let taken = format!("select booked::bigint from slot where id = '{slot}'");
                assert_eq!(app.db.count(&taken).await, 0, "{strategy}");
            }
        }
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_comes_to_a_slot_which_is_moved_has_the_times_of_the_slot() {
    for strategy in right_strategies() {
        let app = app_with(strategy).await;
        let slots = [NewSlot::group(8), NewSlot::group(8)];
        let mut ids = Vec::new();
        for slot in &slots {
            ids.push(slot.create(&app.db).await);
        }
        let mut booked: Vec<(Person, BookingView)> = Vec::new();
        for n in 0..8 {
            let student = app.student(n);
            let booking = student.book(ids[0]).await.created();
            booked.push((student, booking));
        }
        let mentor = app.mentor(0);
        let moves = [0, 1, 0, 1, 0, 1].into_iter().zip(1..).map(|(which, n)| {
            let to = slots[which].starts_at() + TimeDelta::minutes(5 * n);
            mentor.move_event(ids[which], to).boxed()
        });
        let changes = booked
            .iter()
            .map(|(student, booking)| student.reschedule(booking.id, ids[1]).boxed());
        let answers: Vec<Answer> = together(moves.chain(changes)).await;
        for answer in &answers {
            assert!(answer.status < 500, "{strategy}: {}", answer.text());
        }
        let (moved, rescheduled) = answers.split_at(6);
        assert!(moved.iter().any(|answer| answer.status == 200));
        assert!(rescheduled.iter().any(|answer| answer.status == 200));
        app.lab().audits_clean().await;
        app.finish().await;
    }
}
