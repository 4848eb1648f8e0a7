//! Video classes in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::{
    api::sessions::{JoinGrant, SessionView},
    ids::SessionId,
};

use super::step::{class, end, initiate, join, participants, session};
use crate::{
    access::{
        operations::{Actor::Student, FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    support::{SignalEnd, TestApp},
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("sessions.initiate", Student, &[]),
        ("sessions.join", Student, &[]),
        ("sessions.end", Student, &[]),
    ],
    request,
    send_all,
    kept_tables: &["class_session"],
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "sessions.initiate" => {
                RequestParts::json(json!({"booking_id": class(stage.student_number)}))
            }
            _ => RequestParts::of(live(stage).await.0),
        }
    })
}

/// A live session of the class of the two.
async fn live(stage: &Stage) -> SessionId {
    let begun = initiate(&stage.student(), class(stage.student_number)).await;
    assert!([200, 201].contains(&begun.status), "{}", begun.text());
    let session: SessionView = serde_json::from_slice(&begun.body).unwrap();
    session.id
}

/// Gives a class from its begin to its end, with its socket.
fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let (student, mentor) = participants(app, 1);
        let begun = initiate(&student, class(1)).await;
        let live: SessionView = sent.done("sessions.initiate", begun).created();
        let read = session(&mentor, live.id).await;
        sent.done("sessions.get", read);
        let joined = join(&mentor, live.id).await;
        let grant: JoinGrant = sent.done("sessions.join", joined).ok();
        let socket = SignalEnd::try_open(app.address, &grant.url).await.unwrap();
        sent.opened("sessions.signal");
        let ended = end(&student, live.id).await;
        sent.done("sessions.end", ended);
        socket.drop_connection();
    })
}
