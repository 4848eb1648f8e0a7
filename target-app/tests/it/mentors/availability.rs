//! A mentor's open slots.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use shared::{
    api::mentors::Availability,
    dataset::{RowKind, id},
    ids::MentorId,
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{NewSlot, TestApp};

/// As it stands in a query.
fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[tokio::test]
async fn the_next_two_weeks_are_shown_unless_told_earliest_first_and_only_with_room() {
    // A slot that begins between the request and the count would be in one of them alone.
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let mentor = MentorId(id(RowKind::Mentor, 1));
    let now = clock.now();
    let open: Availability = app.anonymous().availability(mentor, "").await.ok();
    let expected = app
        .db
        .count(&format!(
            "select count(*) from slot
             where mentor_id = '{mentor}' and booked < capacity
             and starts_at >= '{0}' and starts_at < timestamptz '{0}' + interval '14 days'",
            text(now)
        ))
        .await;
    assert!(expected > 0);
    assert_eq!(open.slots.len() as i64, expected.min(200));
    assert!(open.slots.is_sorted_by_key(|slot| slot.starts_at));
    for slot in &open.slots {
        assert_eq!(slot.mentor_id, mentor);
        assert!(slot.booked < slot.capacity);
        assert!(slot.starts_at >= now && slot.starts_at < now + TimeDelta::days(14));
        assert!(slot.ends_at > slot.starts_at);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_span_includes_its_begin_and_not_its_end() {
    let app = TestApp::start().await;
    let mentor = MentorId(id(RowKind::Mentor, 0));
    let (first, second) = (NewSlot::single(), NewSlot::single());
    let slot = first.create(&app.db).await;
    second.create(&app.db).await;
    let (from, to) = (text(first.starts_at()), text(second.starts_at()));
    let query = format!("from={from}&to={to}");
    let open: Availability = app.anonymous().availability(mentor, &query).await.ok();
    let found: Vec<_> = open.slots.iter().map(|slot| slot.id).collect();
    assert_eq!(found, [slot]);
    app.finish().await;
}

#[tokio::test]
async fn a_slot_disappears_when_it_is_full_and_comes_back_when_it_is_given_back() {
    let app = TestApp::start().await;
    let mentor = MentorId(id(RowKind::Mentor, 0));
    let slot = NewSlot::single();
    let id = slot.create(&app.db).await;
    let from = text(slot.starts_at());
    let to = text(slot.starts_at() + TimeDelta::minutes(1));
    let query = format!("from={from}&to={to}");
    let anyone = app.anonymous();
    let open = async || -> Vec<_> {
        let open: Availability = anyone.availability(mentor, &query).await.ok();
        open.slots.iter().map(|slot| slot.id).collect()
    };
    assert_eq!(open().await, [id]);
    let student = app.student(3);
    let booking: shared::api::bookings::BookingView = student.book(id).await.created();
    assert!(open().await.is_empty());
    student.cancel(booking.id).await;
    assert_eq!(open().await, [id]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_past_is_not_open_and_a_span_is_bounded() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let mentor = MentorId(id(RowKind::Mentor, 1));
    let now = Utc::now();
    let query = format!("from={}", text(now - TimeDelta::days(30)));
    let open: Availability = anyone.availability(mentor, &query).await.ok();
    assert!(open.slots.iter().all(|slot| slot.starts_at >= now));
    let days = |n| text(now + TimeDelta::days(n));
    for query in [
        format!("to={}", days(63)),
        format!("from={}&to={}", days(5), days(4)),
        "to=soon".to_owned(),
        format!("from={}", days(4_000)),
        "until=now".to_owned(),
    ] {
        anyone
            .availability(mentor, &query)
            .await
            .refused(Code::InvalidRequest);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_mentor_off_the_list_has_no_open_slots_as_booking_has_none() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let mentor = MentorId(id(RowKind::Mentor, 1));
    let anyone = app.anonymous();
    let open: Availability = anyone.availability(mentor, "").await.ok();
    let slot = open.slots[0].id;
    app.mentor(1).set_active(false).await;
    let closed: Availability = anyone.availability(mentor, "").await.ok();
    assert!(closed.slots.is_empty());
    app.student(3).book(slot).await.refused(Code::SlotClosed);
    app.mentor(1).set_active(true).await;
    let again: Availability = anyone.availability(mentor, "").await.ok();
    assert_eq!(again.slots, open.slots);
    app.finish().await;
}
