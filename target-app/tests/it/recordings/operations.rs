//! Recordings in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use shared::{
    api::recordings::{PlaybackLink, RecordingView},
    page::Page,
};

use crate::{
    access::{
        operations::{FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    support::TestApp,
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    request,
    send_all,
    kept_tables: &["recording"],
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        let of_the_recording = RequestParts::of(stage.recording);
        match operation {
            "recordings.get" | "recordings.playback" => of_the_recording,
            "recordings.stream" => of_the_recording.with_query("expires=1&signature=AAAA"),
            _ => RequestParts::default(),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let (student, mentor) = (app.student(1), app.mentor(0));
        let answer = sent.done("recordings.list", student.recordings("").await);
        sent.done("recordings.list", mentor.recordings("page=2").await);
        let page: Page<RecordingView> = answer.ok();
        let recording = page.items[0].id;
        sent.done("recordings.get", student.recording(recording).await);
        let answer = sent.done("recordings.playback", student.playback(recording).await);
        let link: PlaybackLink = answer.ok();
        sent.done("recordings.stream", app.anonymous().get(&link.url).await);
    })
}
