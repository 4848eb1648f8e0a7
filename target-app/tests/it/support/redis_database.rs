//! A Redis database for each application under test.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use deadpool_redis::redis::{AsyncConnectionConfig, Client as RedisClient, cmd};

use super::services;

/// Longest wait for an answer of Redis.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

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
        let mut conn = RedisClient::open(redis.url_at(None))
            .unwrap()
            // The library's own half second is short on a machine that also compiles.
            .get_multiplexed_async_connection_with_config(
                &AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_LIMIT)),
            )
            .await
            .expect("the Redis of REDIS_URL answers");
        let _: () = cmd("FLUSHDB").query_async(&mut conn).await.unwrap();
        redis
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
