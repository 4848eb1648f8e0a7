//! Moving an event: what moves with it, and what is in the way.

use chrono::{SubsecRound as _, TimeDelta, Utc};
use shared::{
    api::{bookings::BookingView, calendar::CalendarEvent},
    ids::SlotId,
    page::Page,
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{NewSlot, TestApp, all_strategies};

#[tokio::test]
async fn an_event_moves_with_its_bookings_and_every_list_shows_it() {
    for store in ["memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.bookings={store}")])
            .start()
            .await;
        let slot = NewSlot::group(3);
        let slot_id = slot.create(&app.db).await;
        let (ann, bob, mentor) = (app.student(1), app.student(2), app.mentor(0));
        let booking: BookingView = ann.book(slot_id).await.created();
        let given_back: BookingView = bob.book(slot_id).await.created();
        bob.cancel(given_back.id).await.ok::<BookingView>();
        for person in [&ann, &bob] {
            person
                .bookings("per_page=100")
                .await
                .ok::<Page<BookingView>>();
        }
        let to = slot.starts_at().trunc_subsecs(6) + TimeDelta::minutes(30);
        let moved: CalendarEvent = mentor.move_event(slot_id, to).await.ok();
        assert_eq!((moved.id, moved.starts_at), (slot_id, to));
        assert_eq!(moved.ends_at, to + TimeDelta::hours(1));
        assert_eq!(moved.lessons.len(), 1);
        for (person, booking) in [(&ann, booking.id), (&bob, given_back.id)] {
            let page: Page<BookingView> = person.bookings("per_page=100").await.ok();
            let shown = page.items.iter().find(|one| one.id == booking).unwrap();
            assert_eq!((shown.scheduled_at, shown.ends_at), (to, moved.ends_at));
        }
        // The same place again is no change, and no conflict with itself.
        let again: CalendarEvent = mentor.move_event(slot_id, to).await.ok();
        assert_eq!(again, moved);
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn what_the_mentor_or_a_student_has_at_that_time_is_in_the_way_and_named() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let (slot, other) = (NewSlot::single(), NewSlot::single());
        let slot_id = slot.create(&app.db).await;
        other.create(&app.db).await;
        let mentor = app.mentor(0);
        let overlapping = other.starts_at() - TimeDelta::minutes(59);
        let problem = mentor
            .move_event(slot_id, overlapping)
            .await
            .refused(Code::MentorBusy);
        let named = other.starts_at().format("from %H:%M").to_string();
        assert!(problem.detail.contains(&named), "{}", problem.detail);

        let student = app.student(1);
        student.book(slot_id).await.created::<BookingView>();
        let elsewhere = NewSlot::single().of_mentor(1);
        let elsewhere_id = elsewhere.create(&app.db).await;
        student.book(elsewhere_id).await.created::<BookingView>();
        let problem = mentor
            .move_event(slot_id, elsewhere.starts_at())
            .await
            .refused(Code::StudentBusy);
        let named = elsewhere.starts_at().format("from %H:%M").to_string();
        assert!(problem.detail.contains(&named), "{}", problem.detail);
        // Nothing was moved.
        let seen: Page<BookingView> = student.bookings("per_page=100").await.ok();
        let begins = seen
            .items
            .iter()
            .find(|one| one.slot_id == slot_id)
            .unwrap();
        let distance = begins.scheduled_at - slot.starts_at();
        assert!(distance.abs() < TimeDelta::milliseconds(1));
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn only_the_mentor_of_an_event_moves_it() {
    let app = TestApp::start().await;
    let slot = NewSlot::single();
    let slot_id = slot.create(&app.db).await;
    let to = slot.starts_at() + TimeDelta::minutes(30);
    let student = app.student(1);
    student.book(slot_id).await.created::<BookingView>();
    student
        .move_event(slot_id, to)
        .await
        .refused(Code::Forbidden);
    for person in [app.parent(), app.admin()] {
        person
            .move_event(slot_id, to)
            .await
            .refused(Code::Forbidden);
    }
    app.mentor(1)
        .move_event(slot_id, to)
        .await
        .refused(Code::NotFound);
    let nowhere = SlotId(uuid::Uuid::now_v7());
    app.mentor(0)
        .move_event(nowhere, to)
        .await
        .refused(Code::NotFound);
    app.finish().await;
}

#[tokio::test]
async fn an_event_that_has_begun_stays_and_none_moves_into_the_past() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let slot = NewSlot::single();
    let slot_id = slot.create(&app.db).await;
    for to in [clock.now(), clock.now() + TimeDelta::days(3_651)] {
        app.mentor(0)
            .move_event(slot_id, to)
            .await
            .refused(Code::InvalidRequest);
    }
    clock.advance(slot.starts_at() - clock.now());
    let to = clock.now() + TimeDelta::days(300);
    app.mentor(0)
        .move_event(slot_id, to)
        .await
        .refused(Code::SlotClosed);
    app.finish().await;
}
