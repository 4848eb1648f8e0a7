//! The mentor list through its cache: what is stored is the answer's JSON itself.

use std::sync::Arc;

use bytes::Bytes;

use shared::{api::mentors::MentorQuery, ids::MentorId};

use super::{model::Criteria, repository, service};
use crate::{
    cache::{Key, keys},
    engine::Engine,
    error::ApiError,
};

/// One page as JSON, from the cache or from the database.
///
/// The key is the normal form of the query, so that all ways to write one share an entry.
pub(super) async fn page(engine: Arc<Engine>, criteria: Criteria) -> Result<Bytes, ApiError> {
    let key = keys::mentor_list(&criteria.query());
    let loader = Arc::clone(&engine);
    let read = engine
        .caches
        .read_through(key, move || async move { load(&loader, &criteria).await })
        .await?;
    Ok(read.into_body())
}

async fn load(engine: &Engine, criteria: &Criteria) -> Result<Bytes, ApiError> {
    let page = service::page(engine, criteria).await?;
    Ok(Bytes::from(
        serde_json::to_vec(&page).expect("a page has string keys and finite numbers"),
    ))
}

/// What the database says now to what was cached under `key`; `None` where there is nothing.
/// For the audit, which asks past the cache.
pub(crate) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    if key.group == keys::ALL {
        let query: MentorQuery = serde_json::from_str(&key.question).map_err(ApiError::internal)?;
        return load(engine, &query.try_into()?).await.map(Some);
    }
    let mentor = key.group.parse().map_err(ApiError::internal)?;
    let mut session = engine.db.session();
    let found =
        repository::find_review_count(&mut *session.conn().await?, MentorId(mentor)).await?;
    // Of a mentor who exists nothing is stored: any value differs from their absence.
    Ok(found.map(|_| Bytes::from_static(b"exists")))
}
