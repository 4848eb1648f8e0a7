//! A Redis database for each application under test.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use deadpool_redis::redis::{
    AsyncConnectionConfig, Client as RedisClient, aio::MultiplexedConnection, cmd,
};

use super::services;

/// Longest wait for a connection to Redis, and for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Numbers of the Redis databases that live applications have.
static LEASED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// A Redis database that is this application's alone: the lowest free one, emptied.
pub(super) struct RedisDatabase {
    number: u32,
}

impl RedisDatabase {
    pub(super) async fn lease() -> Self {
        let number = {
            let mut leased = LEASED.lock().unwrap_or_else(PoisonError::into_inner);
            let free = (0..1_000).find(|number| !leased.contains(number)).unwrap();
            leased.insert(free);
            free
        };
        let redis = Self { number };
        let mut conn = redis.connect().await;
        let _: () = cmd("FLUSHDB").query_async(&mut conn).await.unwrap();
        redis
    }

    /// Waits until so many instances hear the frames of each other.
    pub(super) async fn wait_for_listeners(&self, wanted: u64) {
        let mut conn = self.connect().await;
        let channel = format!("cc:frames:{}", self.number);
        let mut listeners = 0;
        for _ in 0..3_000 {
            let asked = cmd("PUBSUB").arg("NUMSUB").arg(&channel).to_owned();
            let answer: (String, u64) = asked.query_async(&mut conn).await.unwrap();
            listeners = answer.1;
            if listeners == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{wanted} instances should have subscribed by now, not {listeners}");
    }

    async fn connect(&self) -> MultiplexedConnection {
        // The library's own second and half second are short on a machine that also compiles.
        let patient = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_LIMIT))
            .set_response_timeout(Some(ANSWER_LIMIT));
        RedisClient::open(self.url_at(None))
            .unwrap()
            .get_multiplexed_async_connection_with_config(&patient)
            .await
            .expect("the Redis of REDIS_URL answers")
    }

    /// Its address, or the same behind another one: password and number stay.
    pub(super) fn url_at(&self, address: Option<SocketAddr>) -> String {
        let server = services().redis_url;
        let (scheme, rest) = server.split_once("://").unwrap_or(("redis", &server));
        // Whatever database the address names, ours is by number.
        let place = rest.split('/').next().unwrap_or_default();
        let place = match (address, place.rsplit_once('@')) {
            (None, _) => place.to_owned(),
            (Some(address), None) => address.to_string(),
            (Some(address), Some((user, _))) => format!("{user}@{address}"),
        };
        format!("{scheme}://{place}/{}", self.number)
    }
}

impl Drop for RedisDatabase {
    fn drop(&mut self) {
        let mut leased = LEASED.lock().unwrap_or_else(PoisonError::into_inner);
        leased.remove(&self.number);
    }
}
