//! The mentor list through its cache: what is stored is the answer's JSON itself.

use std::sync::Arc;

use bytes::Bytes;

use super::{model::Criteria, service};
use crate::{cache::keys, engine::Engine, error::ApiError};

/// One page as JSON, from the cache or from the database.
///
/// The key is the normal form of the query, so that all ways to write one share an entry.
pub(super) async fn page(engine: Arc<Engine>, criteria: Criteria) -> Result<Bytes, ApiError> {
    let key = keys::mentor_list(&criteria.query());
    let loader = Arc::clone(&engine);
    engine
        .caches
        .read_through(key, move || async move {
            let page = service::page(&loader, &criteria).await?;
            Ok(Bytes::from(
                serde_json::to_vec(&page).expect("a page has string keys and finite numbers"),
            ))
        })
        .await
}
