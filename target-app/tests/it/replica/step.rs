//! Steps that the tests of the replica share.

use std::time::Duration;

use serde_json::json;
use shared::{
    api::mentors::MentorDetail,
    dataset::{RowKind, id},
    ids::MentorId,
    snapshot::ReplicaSnapshot,
};

use crate::support::{Client, TestApp};

/// The mentor whose profile the tests change.
pub(super) fn mentor_id() -> MentorId {
    MentorId(id(RowKind::Mentor, 0))
}

/// The headline of that mentor's profile, as this client sees it.
pub(super) async fn headline(client: &Client) -> String {
    client
        .mentor(mentor_id())
        .await
        .ok::<MentorDetail>()
        .card
        .headline
}

/// That mentor changes the headline; what the answer to it shows.
pub(super) async fn change(app: &TestApp, headline: &str) -> String {
    let update = json!({"headline": headline});
    let answer = app.mentor(0).update_own(update).await;
    answer.ok::<MentorDetail>().card.headline
}

/// Waits until a client sees that headline.
pub(super) async fn until_shown(client: &Client, wanted: &str) {
    for _ in 0..6_000 {
        if headline(client).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the replica should show {wanted} by now");
}

/// What the application says of the replica.
pub(super) async fn standing(app: &TestApp) -> ReplicaSnapshot {
    let snapshot = app.lab().telemetry().await;
    snapshot.replica.expect("a replica is configured")
}

/// Waits until the application says so of the replica; a statement of another test may hold its replay up
/// for half a minute.
pub(super) async fn until(app: &TestApp, wanted: impl Fn(&ReplicaSnapshot) -> bool) {
    let mut last = standing(app).await;
    for _ in 0..6_000 {
        if wanted(&last) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        last = standing(app).await;
    }
    panic!("it should have changed by now: {last:?}");
}
