//! A mutation is visible at once where it deletes, and when the time is up where it does not.

use shared::timing::ServerCount;
use std::time::Duration;

use serde_json::json;
use shared::{
    api::{bookings::BookingView, mentors::MentorCard},
    dataset::{RowKind, id},
    ids::MentorId,
    page::Page,
};

use crate::support::{Client, Lesson, NewSlot, Person, TestApp, together};

const STORES: [&str; 3] = ["memory", "redis", "tiered"];

async fn card(client: &Client, mentor: MentorId) -> Option<MentorCard> {
    let page: Page<MentorCard> = client.mentors("per_page=100").await.ok();
    page.items.into_iter().find(|card| card.id == mentor)
}

async fn booked(student: &Person) -> Vec<BookingView> {
    let page: Page<BookingView> = student.bookings("per_page=100").await.ok();
    page.items
}

#[tokio::test]
async fn every_change_of_a_mentor_shows_in_the_next_list() {
    for store in STORES {
        for connection in ["pool", "multiplexed"] {
            let app = TestApp::with(&[
                &format!("cache.mentors={store}"),
                &format!("cache.connection={connection}"),
            ])
            .start()
            .await;
            let anyone = app.anonymous();
            let lesson = Lesson {
                student: 1,
                mentor: 0,
            };
            let mentor = lesson.mentor_id();
            let before = card(&anyone, mentor).await.unwrap();

            lesson.create(&app.db).await;
            let written = app.student(1).review(mentor, 1, "Late.").await;
            assert_eq!(written.status, 201);
            let reviewed = card(&anyone, mentor).await.unwrap();
            assert_eq!(reviewed.review_count, before.review_count + 1);

            let owner = app.mentor(0);
            owner.update_own(json!({"headline": "New words"})).await;
            let renamed = card(&anyone, mentor).await.unwrap();
            assert_eq!(renamed.headline, "New words");

            owner.set_active(false).await;
            assert_eq!(card(&anyone, mentor).await, None);
            owner.set_active(true).await;
            assert_eq!(card(&anyone, mentor).await, Some(renamed));
            app.finish().await;
        }
    }
}

#[tokio::test]
async fn booking_and_cancelling_show_in_the_students_next_list_and_in_nobody_elses() {
    for store in STORES {
        let app = TestApp::with(&[&format!("cache.bookings={store}")])
            .start()
            .await;
        let (ann, bob) = (app.student(1), app.student(2));
        let before = booked(&ann).await.len();
        booked(&bob).await;
        let slot = NewSlot::single().create(&app.db).await;
        let booking: BookingView = ann.book(slot).await.created();
        let after = booked(&ann).await;
        assert_eq!(after.len(), before + 1);
        assert!(after.contains(&booking));
        assert_eq!(
            bob.bookings("per_page=100").await.timing().counts[ServerCount::Misses],
            0
        );

        let cancelled: BookingView = ann.cancel(booking.id).await.ok();
        assert!(booked(&ann).await.contains(&cancelled));
        app.finish().await;
    }
}

#[tokio::test]
async fn all_that_a_booking_makes_wrong_in_redis_is_removed_by_one_command() {
    for (connection, checks) in [("multiplexed", 0), ("pool", 2)] {
        let app = TestApp::with(&[&format!("cache.connection={connection}")])
            .start()
            .await;
        let student = app.student(1);
        // The account is cached, and both scripts are known to the server.
        let slot = NewSlot::single().create(&app.db).await;
        student.book(slot).await.created::<BookingView>();
        let slot = NewSlot::single().create(&app.db).await;
        let answer = student.book(slot).await;
        answer.created::<BookingView>();
        let counts = answer.timing().counts;
        // One looks the account up; four groups were touched: the list and three dashboards.
        let (commands, pings) = (counts[ServerCount::Commands], counts[ServerCount::Pings]);
        assert_eq!((commands, pings), (2, checks), "{connection}");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_mentor_who_cancels_moves_the_students_list() {
    for store in STORES {
        let app = TestApp::with(&[&format!("cache.bookings={store}")])
            .start()
            .await;
        let student = app.student(1);
        let slot = NewSlot::single().create(&app.db).await;
        let booking: BookingView = student.book(slot).await.created();
        booked(&student).await;
        let cancelled: BookingView = app.mentor(0).cancel(booking.id).await.ok();
        assert!(booked(&student).await.contains(&cancelled));
        app.finish().await;
    }
}

#[tokio::test]
async fn where_only_time_ends_a_value_the_old_one_is_shown_until_then() {
    // At once: most of it is waiting.
    Box::pin(together(STORES.map(only_time_ends_a_value))).await;
}

async fn only_time_ends_a_value(store: &str) {
    let app = TestApp::with(&[
        &format!("cache.mentors={store}"),
        "cache.invalidation=ttl_only",
        "cache.mentors.ttl=6s",
    ])
    .start()
    .await;
    let anyone = app.anonymous();
    let mentor = MentorId(id(RowKind::Mentor, 0));
    let before = card(&anyone, mentor).await.unwrap();
    app.mentor(0)
        .update_own(json!({"headline": "New words"}))
        .await;
    assert_eq!(card(&anyone, mentor).await, Some(before), "{store}");
    tokio::time::sleep(Duration::from_millis(6_100)).await;
    let after = card(&anyone, mentor).await.unwrap();
    assert_eq!(after.headline, "New words", "{store}");
    app.finish().await;
}

#[tokio::test]
async fn a_load_that_a_change_overtakes_is_not_kept() {
    for store in STORES {
        let app = TestApp::with(&[
            &format!("cache.mentors={store}"),
            "mentors.query=n_plus_one",
        ])
        .after_sql(&format!(
            "update mentor set bio = 'zygomorphic' where id = '{}'",
            id(RowKind::Mentor, 0)
        ))
        .start()
        .await;
        let anyone = app.anonymous();
        // The reader has the card with the old words, and waits for the reviews behind it.
        let mut gate = app.db.pool().begin().await.unwrap();
        sqlx::query("lock table review in access exclusive mode")
            .execute(&mut *gate)
            .await
            .unwrap();
        let reader = tokio::spawn({
            let anyone = anyone.clone();
            async move { anyone.mentors("q=zygomorphic").await }
        });
        app.db.wait_for_blocked(1).await;
        // The change is committed, and waits for the reviews only to show itself.
        let owner = app.mentor(0);
        let writer =
            tokio::spawn(async move { owner.update_own(json!({"headline": "New words"})).await });
        app.db.wait_for_blocked(2).await;
        gate.commit().await.unwrap();
        let read: Page<MentorCard> = reader.await.unwrap().ok();
        assert_ne!(read.items[0].headline, "New words", "it was read before");
        assert_eq!(writer.await.unwrap().status, 200);
        let after: Page<MentorCard> = anyone.mentors("q=zygomorphic").await.ok();
        assert_eq!(after.items[0].headline, "New words", "{store}");
        app.finish().await;
    }
}
