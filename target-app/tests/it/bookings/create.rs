//! Taking a place.

use chrono::Utc;
use serde_json::{Value, json};
use shared::{
    api::bookings::{BookingStatus, BookingView},
    dataset::{RowKind, id},
    ids::{MentorId, SlotId},
    money::Cents,
    paths::{self, with_id},
    problem::Code,
};

use crate::support::{NewSlot, TestApp, right_strategies};

#[tokio::test]
async fn a_booking_carries_what_its_slot_says_and_stands_where_its_location_points() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let student = app.student(1);
        let slot = NewSlot::single();
        let slot_id = slot.create(&app.db).await;
        let begin = Utc::now();
        let answer = student.book(slot_id).await;
        let booking: BookingView = answer.created();
        assert_eq!(booking.slot_id, slot_id);
        assert_eq!(booking.student_id, student.id);
        assert_eq!(booking.mentor_id, MentorId(id(RowKind::Mentor, 0)));
        assert_eq!(booking.status, BookingStatus::Confirmed);
        assert_eq!(booking.price_cents, Cents(4_500));
        assert_eq!(
            booking.scheduled_at.timestamp_micros(),
            slot.starts_at().timestamp_micros()
        );
        assert!((booking.created_at - begin).num_seconds().abs() < 60);
        assert!(!booking.mentor_name.is_empty());
        let place = answer.header("location");
        assert_eq!(place, with_id(paths::BOOKING, booking.id));
        let same: BookingView = student.get(place).await.ok();
        assert_eq!(same, booking);
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_seeded_open_slot_can_be_booked_as_a_client_finds_it() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let mentor = MentorId(id(RowKind::Mentor, 1));
    let open: shared::api::mentors::Availability = student.availability(mentor, "").await.ok();
    let mut booked = 0;
    for slot in open.slots {
        let answer = student.book(slot.id).await;
        match answer.status {
            201 => booked += 1,
            _ => drop(answer.refused(Code::StudentBusy)),
        }
    }
    assert!(booked > 0);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn every_race_slot_can_be_booked() {
    let app = TestApp::start().await;
    for n in 0..60 {
        let slot = SlotId(id(RowKind::RaceSlot, n));
        app.student(1).book(slot).await.created::<BookingView>();
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn only_students_book() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    app.mentor(3).book(slot).await.refused(Code::Forbidden);
    app.anonymous()
        .post(paths::BOOKINGS, &json!({"slot_id": slot}))
        .await
        .refused(Code::Unauthenticated);
    assert_eq!(app.db.bookings_of(slot).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_slot_that_does_not_exist_or_is_no_id_is_told_apart() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let problem = student
        .book(SlotId(uuid::Uuid::now_v7()))
        .await
        .refused(Code::NotFound);
    assert!(problem.detail.contains("slot"), "{}", problem.detail);
    for (body, said) in [
        (json!({"slot_id": "next tuesday"}), "slot_id"),
        (json!({}), "slot_id"),
        (json!({"slot_id": null}), "slot_id"),
        (json!({"slot_id": uuid::Uuid::nil(), "seat": 1}), "seat"),
    ] {
        let problem = student
            .post(paths::BOOKINGS, &body)
            .await
            .refused(Code::InvalidRequest);
        assert!(problem.detail.contains(said), "{}", problem.detail);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_group_has_as_many_places_as_it_has() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::group(3).create(&app.db).await;
        for n in 0..3 {
            app.student(n).book(slot).await.created::<BookingView>();
        }
        app.student(3).book(slot).await.refused(Code::SlotFull);
        let seats: Value = sqlx::query_scalar(
            "select to_jsonb(array_agg(seat order by seat)) from booking where slot_id = $1",
        )
        .bind(slot.0)
        .fetch_one(app.db.pool())
        .await
        .unwrap();
        assert_eq!(seats, json!([0, 1, 2]), "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}
