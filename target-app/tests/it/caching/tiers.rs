//! A memory in front of Redis: what it saves, and how far behind it may be.

use shared::timing::ServerCount;
use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    api::mentors::MentorCard,
    dataset::{RowKind, id},
    ids::MentorId,
    page::Page,
};

use crate::support::{Client, TestApp};

async fn headline(client: &Client) -> String {
    let page: Page<MentorCard> = client.mentors("per_page=100").await.ok();
    let mentor = MentorId(id(RowKind::Mentor, 0));
    let card = page.items.into_iter().find(|card| card.id == mentor);
    card.unwrap().headline
}

#[tokio::test]
async fn a_hit_in_memory_asks_redis_nothing_and_each_tier_counts_its_own() {
    let app = TestApp::with(&["cache.mentors=tiered", "cache.tiered.ttl=5s"])
        .start()
        .await;
    let anyone = app.anonymous();
    anyone.mentors("").await;
    let near = anyone.mentors("").await.timing();
    assert_eq!(
        (
            near.counts[ServerCount::Hits],
            near.counts[ServerCount::Commands],
            near.counts[ServerCount::Queries]
        ),
        (1, 0, 0)
    );
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    let far = anyone.mentors("").await.timing();
    assert_eq!(
        (
            far.counts[ServerCount::Hits],
            far.counts[ServerCount::Commands],
            far.counts[ServerCount::Queries]
        ),
        (1, 1, 0)
    );
    let mentors = &app.lab().telemetry().await.caches["mentors"];
    assert_eq!((mentors.hits, mentors.misses), (2, 1));
    assert_eq!((mentors.memory_hits, mentors.redis_hits), (1, 1));
    app.finish().await;
}

#[tokio::test]
async fn another_instance_sees_a_change_within_the_bound_and_the_one_that_made_it_at_once() {
    let app = TestApp::with(&["cache.mentors=tiered", "cache.tiered.ttl=5s"])
        .start()
        .await;
    let second = app.sibling().await;
    let (here, there) = (app.anonymous(), second.anonymous());
    let before = headline(&here).await;
    assert_eq!(headline(&there).await, before);
    app.mentor(0)
        .update_own(json!({"headline": "New words"}))
        .await;
    assert_eq!(headline(&here).await, "New words");
    tokio::time::sleep(Duration::from_millis(5_050)).await;
    assert_eq!(headline(&there).await, "New words");
    second.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_tiered_cache_serves_without_redis() {
    let app = TestApp::with(&["cache.mentors=tiered", "cache.negative=1m"])
        .with_redis_at("127.0.0.1:1".parse().unwrap())
        .start()
        .await;
    let anyone = app.anonymous();
    for _ in 0..2 {
        anyone.mentors("").await.ok::<Value>();
        assert_eq!(anyone.mentor(MentorId(uuid::Uuid::max())).await.status, 404);
    }
    assert!(app.lab().telemetry().await.caches["mentors"].errors > 0);
    app.lab().audits_clean().await;
    app.finish().await;
}
