//! The catalogue, and the courses of each student, through their cache.

use bytes::Bytes;
use serde::Serialize;
use shared::{api::courses::CourseQuery, ids::UserId};

use super::{repository, repository_progress};
use crate::{
    cache::{CacheKind, Group, Key},
    db::DbSession,
    engine::Engine,
    error::ApiError,
    paging::PageNumber,
};

/// Pages of the catalogue, all in one group; and of a student's courses, each student a group.
pub(super) static COURSES: CacheKind = CacheKind {
    name: "courses",
    store: |profile| profile.cache_courses,
    ttl: |profile| profile.cache_courses_ttl.duration(),
};

/// The group of the catalogue, which no request changes.
const CATALOGUE: &str = "catalogue";

/// All pages of a student's courses.
pub(super) fn group(student: UserId) -> Group {
    Group::new(&COURSES, student)
}

/// The query that means the same page and is always written the same.
const fn query(part: PageNumber) -> CourseQuery {
    CourseQuery {
        page: Some(part.page),
        per_page: Some(part.per_page),
    }
}

/// One page of the catalogue as JSON.
pub(super) async fn catalogue(engine: &Engine, part: PageNumber) -> Result<Bytes, ApiError> {
    let key = Key::asked(&COURSES, CATALOGUE.to_owned(), &query(part));
    let session = engine.loader(&COURSES);
    let fill = move || load_catalogue(session, part);
    Ok(engine.caches.read_through(key, fill).await?.into_body())
}

/// One page of a student's courses as JSON.
pub(super) async fn mine(
    engine: &Engine,
    student: UserId,
    part: PageNumber,
) -> Result<Bytes, ApiError> {
    let key = Key::asked(&COURSES, student.to_string(), &query(part));
    let session = engine.loader(&COURSES);
    let fill = move || load_mine(session, student, part);
    Ok(engine.caches.read_through(key, fill).await?.into_body())
}

/// What the database says now to what was cached under `key`.
pub(super) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    let query: CourseQuery = serde_json::from_str(&key.question).map_err(ApiError::internal)?;
    let part = PageNumber::read(query.page, query.per_page)?;
    let loaded = if key.group == CATALOGUE {
        load_catalogue(engine.db.session(), part).await?
    } else {
        let student = key.group.parse().map_err(ApiError::internal)?;
        load_mine(engine.db.session(), UserId(student), part).await?
    };
    Ok(Some(loaded))
}

async fn load_catalogue(mut session: DbSession, part: PageNumber) -> Result<Bytes, ApiError> {
    let items = repository::page(&mut *session.conn().await?, part).await?;
    let total = repository::count(&mut *session.conn().await?).await?;
    json(&part.with(items, total))
}

async fn load_mine(
    mut session: DbSession,
    student: UserId,
    part: PageNumber,
) -> Result<Bytes, ApiError> {
    let items = repository_progress::page(&mut *session.conn().await?, student, part).await?;
    let total = repository_progress::count(&mut *session.conn().await?, student).await?;
    json(&part.with(items, total))
}

fn json(page: &impl Serialize) -> Result<Bytes, ApiError> {
    serde_json::to_vec(page)
        .map(Bytes::from)
        .map_err(ApiError::internal)
}
