//! What Redis remembers of a group with many values.

use std::collections::BTreeSet;

use deadpool_redis::redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection, cmd};
use secrecy::ExposeSecret as _;
use serde_json::Value;

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
