//! The calendar in the tests that go through all operations.

use chrono::TimeDelta;
use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::paths;

use crate::{
    access::{
        operations::{Actor::Mentor, FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    bookings::operations::SHOWN,
    support::{NewSlot, TestApp},
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[("calendar.move", Mentor, SHOWN)],
    request,
    send_all,
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "calendar.move" => {
                let booking = stage.booked().await;
                let starts_at = booking.scheduled_at + TimeDelta::minutes(30);
                RequestParts::of(booking.slot_id.0).with_json(json!({"starts_at": starts_at}))
            }
            _ => RequestParts::default(),
        }
    })
}

/// Reads a calendar and moves an event of it.
fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let mentor = app.mentor(0);
        let slot = NewSlot::single();
        let id = slot.create(&app.db).await;
        let span = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";
        sent.done("calendar.range", mentor.calendar(span).await);
        sent.done("calendar.week", mentor.get(paths::CALENDAR_WEEK).await);
        let later = slot.starts_at() + TimeDelta::minutes(30);
        sent.done("calendar.move", mentor.move_event(id, later).await);
    })
}
