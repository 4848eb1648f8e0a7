//! The mentor list through its cache: what is stored is the response's JSON itself. And which
//! mentors do not exist.

use std::sync::Arc;

use bytes::Bytes;
use shared::{api::mentors::MentorQuery, ids::MentorId};

use super::{model::Criteria, page, repository};
use crate::{
    cache::{CacheKind, Group, Key},
    db::DbSession,
    engine::Engine,
    error::ApiError,
};

/// Pages of the list, all in one group; and the absence of a mentor, each a group of its own.
pub(super) static MENTORS: CacheKind = CacheKind {
    name: "mentors",
    store: |profile| profile.cache_mentors,
    ttl: |profile| profile.cache_mentors_ttl.duration(),
};

/// The group of all pages.
const ALL: &str = "all";

/// All pages of the list.
pub(super) fn lists() -> Group {
    Group::new(&MENTORS, ALL)
}

/// What is stored of one mentor alone.
pub fn mentor_group(mentor: MentorId) -> Group {
    Group::new(&MENTORS, mentor)
}

/// The key of a page: the normal form of its query, so that all ways to write one share an entry.
fn page_key(query: &MentorQuery) -> Key {
    Key::asked(&MENTORS, ALL.to_owned(), query)
}

/// One page as JSON, from the cache or from the database.
pub(super) async fn page(engine: Arc<Engine>, criteria: Criteria) -> Result<Bytes, ApiError> {
    let key = page_key(&criteria.query());
    let loader = Arc::clone(&engine);
    let read = engine
        .caches
        .read_through(key, move || async move { load(&loader, &criteria).await })
        .await?;
    Ok(read.into_body())
}

async fn load(engine: &Engine, criteria: &Criteria) -> Result<Bytes, ApiError> {
    let mut session = engine.loader(&MENTORS);
    let page = page::read(engine, &mut session, criteria).await?;
    Ok(Bytes::from(
        serde_json::to_vec(&page).expect("a page has string keys and finite numbers"),
    ))
}

/// A session for what is not cached of a mentor, but their absence.
pub(super) fn session(engine: &Engine) -> DbSession {
    engine.loader_of_absence(&MENTORS)
}

/// What was found of a mentor; where the cache remembers that there is none, `find` does not run.
/// Of a mentor whom a replica does not know, the primary is asked.
pub(super) async fn existing<T, Fut>(
    engine: &Engine,
    id: MentorId,
    session: DbSession,
    find: impl Fn(DbSession) -> Fut,
) -> Result<T, ApiError>
where
    Fut: Future<Output = Result<Option<T>, ApiError>>,
{
    let key = Key::named(&MENTORS, id.to_string(), "absence");
    let load = async {
        let may_be_old = session.may_be_old();
        match find(session).await? {
            None if may_be_old => find(engine.db.session()).await,
            found => Ok(found),
        }
    };
    let found = engine.caches.unless_missing(key, Box::pin(load)).await?;
    found.ok_or_else(|| ApiError::not_found("mentor"))
}

/// What the database says now to what was cached under `key`.
pub(super) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    if key.group == ALL {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_queries_have_different_keys_in_the_group_that_a_change_invalidates() {
        let rust = MentorQuery {
            skill: Some("rust".into()),
            ..MentorQuery::default()
        };
        let (all, rust) = (page_key(&MentorQuery::default()), page_key(&rust));
        assert_ne!(all, rust);
        assert_eq!(all.group, rust.group);
        assert_eq!(lists().name, all.group);
    }
}
