//! What Redis remembers of a group with many values, and of one that it has put away.

use std::collections::BTreeSet;

use deadpool_redis::redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection, cmd};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use shared::{
    api::mentors::{MentorCard, MentorDetail},
    page::Page,
};

use crate::support::TestApp;

/// Names of values that have expired.
const EXPIRED: u64 = 2_000;
/// Values that are stored then.
const STORED: u64 = 300;

/// A connection to the Redis database of an application.
pub(super) async fn connect(app: &TestApp) -> MultiplexedConnection {
    let url = app.state.engines().parts().redis_url.expose_secret();
    // The library's own second and half second are short on a machine that also compiles.
    let limit = Some(std::time::Duration::from_secs(30));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(limit)
        .set_response_timeout(limit);
    let client = Client::open(url).unwrap();
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    connected.await.unwrap()
}

/// The keys that match a pattern.
pub(super) async fn keys(redis: &mut MultiplexedConnection, pattern: &str) -> Vec<String> {
    cmd("KEYS").arg(pattern).query_async(redis).await.unwrap()
}

#[tokio::test]
async fn names_of_expired_values_leave_a_large_group_and_those_of_values_stay() {
    let app = TestApp::with(&["cache.mentors=redis"]).start().await;
    let anyone = app.anonymous();
    let ask = async |n: u64| {
        anyone
            .mentors(&format!("max_price_cents={n}"))
            .await
            .ok::<Value>();
    };
    ask(1_000).await;
    let mut redis = connect(&app).await;
    let groups = keys(&mut redis, "*:mentors:all#members").await;
    let [members] = &groups[..] else {
        panic!("one group: {groups:?}");
    };
    let mut add = cmd("SADD");
    add.arg(members);
    for n in 0..EXPIRED {
        add.arg(format!("{members}:expired:{n}"));
    }
    let added: u64 = add.query_async(&mut redis).await.unwrap();
    assert_eq!(added, EXPIRED);
    for n in 1..=STORED {
        ask(1_000 + n).await;
    }
    let left: BTreeSet<String> = cmd("SMEMBERS")
        .arg(members)
        .query_async(&mut redis)
        .await
        .unwrap();
    assert!((left.len() as u64) < EXPIRED, "{} names", left.len());
    let values = keys(&mut redis, "*:mentors:all:*").await;
    assert!(values.len() as u64 > STORED, "{} values", values.len());
    for value in values {
        assert!(left.contains(&value), "{value} could not be invalidated");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_value_whose_group_was_evicted_is_not_read_after_a_change() {
    let app = TestApp::with(&["cache.mentors=redis"]).start().await;
    let (anyone, mentor) = (app.anonymous(), app.mentor(0));
    let headlines = async || {
        let page: Page<MentorCard> = anyone.mentors("per_page=100").await.ok();
        let cards = page.items.into_iter();
        cards.map(|card| card.headline).collect::<Vec<_>>()
    };
    // Each time a list is stored while the group has another generation, at first none.
    for headline in ["Changed", "Changed again"] {
        assert!(!headlines().await.iter().any(|one| one == headline));
        let mut redis = connect(&app).await;
        let groups = keys(&mut redis, "*:mentors:all#members").await;
        let gone: u64 = cmd("DEL")
            .arg(&groups)
            .query_async(&mut redis)
            .await
            .unwrap();
        assert_eq!(gone, 1, "{groups:?}");
        let changed = mentor.update_own(json!({"headline": headline})).await;
        changed.ok::<MentorDetail>();
        assert!(headlines().await.iter().any(|one| one == headline));
    }
    app.lab().audits_clean().await;
    app.finish().await;
}
