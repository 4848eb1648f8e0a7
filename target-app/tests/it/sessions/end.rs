//! Ending a class: its recording, and what else ends one.

use chrono::{TimeDelta, Utc};
use shared::{
    api::{
        bookings::BookingView,
        recordings::{PlaybackLink, RecordingView},
        sessions::{RelayFrame, SessionView, close},
    },
    page::Page,
    problem::Code,
};
use target_app::clock::Clock;

use super::step::{class, end, initiate, join, met, participants, session};
use crate::support::{TestApp, together};

#[tokio::test]
async fn an_ended_class_has_one_recording_which_both_can_play() {
    let app = TestApp::start().await;
    let (student, mentor) = participants(&app, 5);
    let live: SessionView = initiate(&student, class(5)).await.created();
    let ended: SessionView = end(&mentor, live.id).await.ok();
    assert!(ended.ended_at.is_some());
    let id = ended.recording_id.unwrap();
    for person in [&student, &mentor] {
        let recording: RecordingView = person.recording(id).await.ok();
        assert_eq!(recording.booking_id, class(5));
        let page: Page<RecordingView> = person.recordings("").await.ok();
        assert_eq!(page.items[0], recording);
        let link: PlaybackLink = person.playback(id).await.ok();
        let bytes = app.anonymous().get(&link.url).await;
        assert_eq!(bytes.body.len() as i64, recording.size_bytes);
        assert!(shared::media::matches(
            &recording.media_key,
            0,
            &bytes.body,
            8
        ));
    }
    app.student(6).recording(id).await.refused(Code::NotFound);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn ending_again_changes_nothing_and_a_class_may_be_taken_up_again() {
    let app = TestApp::start().await;
    let (student, mentor) = participants(&app, 5);
    let live: SessionView = initiate(&student, class(5)).await.created();
    let asked = (0..8).map(|k| end(if k % 2 == 0 { &student } else { &mentor }, live.id));
    let answers = together(asked).await;
    let first: SessionView = answers[0].ok();
    for answer in answers {
        assert_eq!(answer.ok::<SessionView>(), first);
    }
    join(&student, live.id).await.refused(Code::SessionEnded);
    let again: SessionView = initiate(&mentor, class(5)).await.created();
    assert_eq!(again.part, 2);
    assert_ne!(again.id, live.id);
    end(&student, again.id).await.ok::<SessionView>();
    assert_eq!(session(&student, live.id).await.ok::<SessionView>(), first);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn the_end_closes_the_sockets_of_both() {
    let app = TestApp::start().await;
    let (live, mut student, mut mentor) = met(&app, 2).await;
    end(&app.student(2), live.id).await.ok::<SessionView>();
    for socket in [&mut student, &mut mentor] {
        assert_eq!(socket.hear().await, RelayFrame::Ended);
        assert_eq!(socket.closed().await, close::ENDED);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_session_whose_time_is_over_makes_way_for_the_next_one() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let live: SessionView = initiate(&app.student(1), class(1)).await.created();
    clock.advance(live.expires_at - clock.now());
    join(&app.student(1), live.id)
        .await
        .refused(Code::SessionEnded);
    let next: SessionView = initiate(&app.student(1), class(1)).await.created();
    assert_eq!(next.part, 2);
    let over: SessionView = session(&app.student(1), live.id).await.ok();
    assert_eq!(over.ended_at, Some(live.expires_at));
    assert!(over.recording_id.is_some());
    clock.advance(TimeDelta::minutes(1));
    end(&app.student(1), next.id).await.ok::<SessionView>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_class_that_an_instance_whose_clock_is_behind_takes_up_again_begins_at_the_end_before() {
    let ahead = Clock::manual(Utc::now() + TimeDelta::minutes(2));
    let app = TestApp::with(&[]).with_clock(&ahead).start().await;
    let behind = app.sibling().await;
    let (student, mentor) = participants(&app, 3);
    let live: SessionView = initiate(&student, class(3)).await.created();
    let over: SessionView = end(&mentor, live.id).await.ok();
    let again: SessionView = initiate(&behind.person(&student), class(3)).await.created();
    assert_eq!((again.part, Some(again.started_at)), (2, over.ended_at));
    app.lab().audits_clean().await;
    behind.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_cancelled_booking_has_no_live_class() {
    let app = TestApp::start().await;
    let (student, mentor) = participants(&app, 7);
    let live: SessionView = initiate(&student, class(7)).await.created();
    mentor.cancel(class(7)).await.ok::<BookingView>();
    let over: SessionView = session(&student, live.id).await.ok();
    assert!(over.ended_at.is_some() && over.recording_id.is_some());
    initiate(&student, class(7))
        .await
        .refused(Code::BookingNotActive);
    app.lab().audits_clean().await;
    app.finish().await;
}
