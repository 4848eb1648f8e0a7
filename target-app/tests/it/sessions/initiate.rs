//! Beginning a class: whose, when, and one session however many ask.

use chrono::{TimeDelta, Utc};
use shared::{
    api::{bookings::BookingView, sessions::SessionView},
    paths,
    problem::Code,
};
use target_app::clock::Clock;

use super::step::{class, initiate, participants, session};
use crate::support::{NewSlot, TestApp, together};

#[tokio::test]
async fn a_class_begins_once_and_whoever_asks_again_gets_the_same_session() {
    let app = TestApp::start().await;
    let (student, mentor) = participants(&app, 3);
    let answer = initiate(&student, class(3)).await;
    let begun: SessionView = answer.created();
    let path = paths::with_id(paths::SESSION, begun.id);
    assert_eq!(answer.header("location"), path);
    assert_eq!((begun.booking_id, begun.part), (class(3), 1));
    assert_eq!((begun.student_id, begun.mentor_id), (student.id, mentor.id));
    assert_eq!((begun.ended_at, begun.recording_id), (None, None));
    assert!(begun.expires_at > begun.started_at);
    for person in [&student, &mentor] {
        let again: SessionView = initiate(person, class(3)).await.ok();
        assert_eq!(again, begun);
        let read: SessionView = session(person, begun.id).await.ok();
        assert_eq!(read, begun);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn many_at_once_begin_one_session() {
    let app = TestApp::start().await;
    for n in 0..4 {
        let (student, mentor) = participants(&app, n);
        let asked = (0..12).map(|k| {
            let person = if k % 2 == 0 { &student } else { &mentor };
            initiate(person, class(n))
        });
        let answers = together(asked).await;
        let new = answers.iter().filter(|one| one.status == 201).count();
        assert_eq!(new, 1);
        let ids: Vec<_> = answers
            .iter()
            .map(|one| serde_json::from_slice::<SessionView>(&one.body).unwrap().id)
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_class_is_open_from_a_quarter_of_an_hour_before_its_lesson_until_its_end() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let slot = NewSlot::single();
    let id = slot.create(&app.db).await;
    let booking: BookingView = app.student(9).book(id).await.created();
    initiate(&app.student(9), booking.id)
        .await
        .refused(Code::ClassNotOpen);
    clock.advance(slot.starts_at() - TimeDelta::minutes(14) - clock.now());
    let begun: SessionView = initiate(&app.mentor(0), booking.id).await.created();
    assert_eq!(
        begun.expires_at.timestamp(),
        (booking.ends_at + TimeDelta::minutes(15)).timestamp()
    );
    clock.advance(TimeDelta::minutes(14 + 61));
    // It is live still, and no new one may begin.
    let live: SessionView = initiate(&app.student(9), booking.id).await.ok();
    assert_eq!(live.id, begun.id);
    clock.advance(TimeDelta::minutes(15));
    initiate(&app.student(9), booking.id)
        .await
        .refused(Code::ClassNotOpen);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_booking_that_is_cancelled_or_not_paid_has_no_class() {
    let app = TestApp::with(&["bookings.payment=required"]).start().await;
    let soon = || NewSlot::single().starting(Utc::now() + TimeDelta::minutes(5));
    let slot = soon().create(&app.db).await;
    let booking: BookingView = app.student(9).book(slot).await.created();
    let refused = initiate(&app.student(9), booking.id).await;
    let problem = refused.refused(Code::BookingNotActive);
    assert!(problem.detail.contains("paid"), "{}", problem.detail);
    app.student(9).cancel(booking.id).await.ok::<BookingView>();
    initiate(&app.student(9), booking.id)
        .await
        .refused(Code::BookingNotActive);
    app.lab().audits_clean().await;
    app.finish().await;
}
