//! What an instance reads after another one has written. The bound of a tiered cache is tested in
//! `caching/tiers.rs`.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    api::mentors::MentorCard,
    dataset::{RowKind, id},
    ids::MentorId,
    page::Page,
};

use crate::support::{Anonymous, TestApp};

const NEW: &str = "Seen from everywhere";

/// Whether the list has the new words of mentor 0.
async fn is_new(anyone: &Anonymous) -> bool {
    let page: Page<MentorCard> = anyone.mentors("per_page=100").await.ok();
    let mentor = MentorId(id(RowKind::Mentor, 0));
    let card = page.items.into_iter().find(|card| card.id == mentor);
    card.unwrap().headline == NEW
}

/// Changes a mentor by the first instance; whether the second sees it at once, and after its life.
async fn seen_by_the_other(store: &str) -> (bool, bool) {
    let store = format!("cache.mentors={store}");
    let settings = [&*store, "cache.mentors.ttl=5s", "cache.jitter=0%"];
    let app = TestApp::with(&settings).start().await;
    let other = app.sibling().await;
    let there = other.anonymous();
    assert!(!is_new(&there).await);
    let changes = json!({"headline": NEW});
    app.mentor(0).update_own(changes).await.ok::<Value>();
    let at_once = is_new(&there).await;
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    let later = is_new(&there).await;
    other.finish().await;
    app.finish().await;
    (at_once, later)
}

#[tokio::test]
async fn a_value_in_redis_is_gone_for_every_instance_at_once() {
    assert_eq!(seen_by_the_other("redis").await, (true, true));
}

#[tokio::test]
async fn a_value_in_memory_is_stale_on_another_instance_until_it_expires() {
    assert_eq!(seen_by_the_other("memory").await, (false, true));
}
