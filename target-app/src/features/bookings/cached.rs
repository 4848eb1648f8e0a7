//! Lists of bookings: a student's through their cache, a mentor's straight from the database.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use shared::{
    api::bookings::{BookingQuery, BookingView},
    ids::{MentorId, UserId},
    page::Page,
    row_security::Person,
};

use super::{
    model::{BookingFilter, BookingOwner},
    repository,
};
use crate::{
    cache::{CacheKind, Group, Key},
    db::DbSession,
    engine::Engine,
    error::ApiError,
    features::dashboards,
};

/// Pages of a student's bookings; each student is a group.
pub(super) static BOOKINGS: CacheKind = CacheKind {
    name: "bookings",
    store: |profile| profile.cache_bookings,
    ttl: |profile| profile.cache_bookings_ttl.duration(),
};

/// All pages of a student's bookings.
pub(super) fn group(student: UserId) -> Group {
    Group::new(&BOOKINGS, student)
}

/// All that shows bookings of these students with these mentors: their pages, and dashboards.
pub(super) fn groups(bookings: impl IntoIterator<Item = (UserId, MentorId)>) -> Vec<Group> {
    let bookings: Vec<_> = bookings.into_iter().collect();
    let mut groups = dashboards::groups(bookings.iter().copied());
    groups.extend(bookings.into_iter().map(|(student, _)| group(student)));
    groups
}

fn page_key(student: UserId, query: &BookingQuery) -> Key {
    Key::asked(&BOOKINGS, student.to_string(), query)
}

/// One page of a student's bookings as JSON, from the cache or from the database.
pub(super) async fn student_page(
    engine: &Engine,
    student: UserId,
    filter: BookingFilter,
) -> Result<Bytes, ApiError> {
    let key = page_key(student, &filter.canonical());
    let owner = BookingOwner::Student(student);
    let mut session = engine.loader(&BOOKINGS);
    let fill =
        move || async move { load(&mut session, Person::Student(student), owner, &filter).await };
    Ok(engine.caches.read_through(key, fill).await?.into_body())
}

/// One page of the lessons that a mentor gives, as JSON: their account, and their profile if it has one.
pub(super) async fn mentor_page(
    engine: &Engine,
    person: UserId,
    profile: Option<MentorId>,
    filter: BookingFilter,
) -> Result<Bytes, ApiError> {
    // An account can have the role before it has a profile.
    match profile {
        Some(mentor) => {
            let mut session = engine.db.reader();
            let owner = BookingOwner::Mentor(mentor);
            load(&mut session, Person::Mentor(person), owner, &filter).await
        }
        None => json(&filter.page.with(Vec::new(), 0)),
    }
}

/// What the database says now to what was cached under `key`.
pub(super) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    let query: BookingQuery = serde_json::from_str(&key.question).map_err(ApiError::internal)?;
    let filter = BookingFilter::try_from(query)?;
    let student = UserId(key.group.parse().map_err(ApiError::internal)?);
    let owner = BookingOwner::Student(student);
    let mut session = engine.db.session();
    load(&mut session, Person::Student(student), owner, &filter)
        .await
        .map(Some)
}

async fn load(
    session: &mut DbSession,
    person: Person,
    owner: BookingOwner,
    filter: &BookingFilter,
) -> Result<Bytes, ApiError> {
    let whole = Arc::new(filter.clone());
    let asked = Arc::clone(&whole);
    let (items, total) = session
        .run_for(person, move |conn| {
            let asked = Arc::clone(&asked);
            async move { repository::list(conn, owner, &asked).await }.boxed()
        })
        .await?;
    let total = match total {
        Some(total) => total,
        None if filter.page.page == 1 => 0,
        None => {
            session
                .run_for(person, move |conn| {
                    let asked = Arc::clone(&whole);
                    async move { repository::count_all(conn, owner, &asked).await }.boxed()
                })
                .await?
        }
    };
    json(&filter.page.with(items, total))
}

fn json(page: &Page<BookingView>) -> Result<Bytes, ApiError> {
    serde_json::to_vec(page)
        .map(Bytes::from)
        .map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_students_pages_are_in_the_group_of_that_student_only() {
        let (ann, bob) = (UserId(uuid::Uuid::nil()), UserId(uuid::Uuid::max()));
        let query = BookingQuery::default();
        assert_eq!(page_key(ann, &query).group, group(ann).name);
        assert_ne!(page_key(ann, &query), page_key(bob, &query));
    }
}
