//! Accounts through their cache: the look-up behind every signed-in request.

use std::time::Duration;

use bytes::Bytes;
use shared::{api::auth::UserView, ids::UserId};

use super::repository;
use crate::{
    cache::{CacheKind, Group, Key},
    db::Db,
    engine::Engine,
    error::ApiError,
};

/// Look-ups of accounts by their id; each account is a group of its own.
pub(super) static USERS: CacheKind = CacheKind {
    name: "users",
    store: |profile| profile.cache_users,
    ttl: |profile| profile.cache_users_ttl.duration(),
};

/// What is cached of one account.
pub(super) fn group(user: UserId) -> Group {
    Group::new(&USERS, user)
}

/// The active account of that id as its owner sees it, and its age if it came from a cache.
pub(super) async fn user_view(
    engine: &Engine,
    id: UserId,
) -> Result<(Option<UserView>, Option<Duration>), ApiError> {
    let db = engine.db.clone();
    let key = Key::named(&USERS, id.to_string(), "view");
    let fill = move || async move { load(&db, id).await };
    let read = engine.caches.read_through(key, fill).await?;
    if read.bytes.is_empty() {
        return Ok((None, read.age));
    }
    match serde_json::from_slice(&read.bytes) {
        Ok(view) => Ok((Some(view), read.age)),
        // Instances of another version share the Redis while they are replaced one after another. What they
        // stored costs the load that it would have saved, until it expires or is invalidated.
        Err(error) => {
            tracing::debug!(%error, "a cached account is of another version");
            // Boxed: it seldom runs and would make the future of every request larger.
            Ok((Box::pin(find(&engine.db, id)).await?, None))
        }
    }
}

/// The account as the database has it.
async fn find(db: &Db, id: UserId) -> Result<Option<UserView>, ApiError> {
    let mut session = db.session();
    Ok(repository::find_view(&mut *session.conn().await?, id).await?)
}

/// The account as the cache keeps it: JSON, or no bytes where there is none.
async fn load(db: &Db, id: UserId) -> Result<Bytes, ApiError> {
    match find(db, id).await? {
        Some(view) => serde_json::to_vec(&view)
            .map(Bytes::from)
            .map_err(ApiError::internal),
        None => Ok(Bytes::new()),
    }
}

/// What the database says now to what was cached under `key`.
pub(super) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    let user = key.group.parse().map_err(ApiError::internal)?;
    let bytes = load(&engine.db, UserId(user)).await?;
    Ok((!bytes.is_empty()).then_some(bytes))
}
