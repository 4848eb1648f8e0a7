//! The rules of mentors: how a page is put together, who may review, what a change invalidates.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::{
    api::mentors::{Availability, MentorCard, MentorDetail, MentorUpdate, ReviewView},
    ids::{MentorId, ReviewId, UserId},
    page::{MAX_PAGE, Page},
    problem::Code,
    profile::{ListQuery, Pagination, Total},
};
use uuid::Uuid;

use super::{
    cursor, listing,
    model::{Criteria, Listed, NewReview, Numbered, RECENT_REVIEWS, Span, Start},
    repository,
};
use crate::{
    cache::keys,
    db::{DbError, Retry, Session, transaction},
    engine::Engine,
    error::ApiError,
    timing,
};

/// One page of the list, read from the database in the shape that the profile asks for.
pub(super) async fn page(
    engine: &Engine,
    criteria: &Criteria,
) -> Result<Page<MentorCard>, ApiError> {
    let mut session = engine.db.session();
    let total = match engine.policies.mentors.total {
        Total::Exact => Some(listing::count(&mut *session.conn().await?, criteria).await?),
        Total::None => None,
    };
    let (listed, more) = match engine.policies.mentors.query {
        ListQuery::Joined => {
            let mut listed = listing::joined(&mut *session.conn().await?, criteria).await?;
            let more = cut(&mut listed, criteria);
            (listed, more)
        }
        ListQuery::NPlusOne => one_by_one(&mut session, criteria).await?,
    };
    let next_cursor = match listed.last() {
        Some(last) if more => Some(next(engine.policies.mentors.pagination, criteria, last)),
        _ => None,
    };
    Ok(Page {
        items: listed.into_iter().map(|listed| listed.card).collect(),
        total,
        page: criteria.start.page(),
        per_page: criteria.per_page,
        next_cursor,
    })
}

/// The page as an ORM's loop reads it: its ids, then each mentor's card, skills and reviews.
async fn one_by_one(
    session: &mut Session,
    criteria: &Criteria,
) -> Result<(Vec<Listed>, bool), DbError> {
    let mut positions = listing::positions(&mut *session.conn().await?, criteria).await?;
    let more = cut(&mut positions, criteria);
    let mut listed = Vec::with_capacity(positions.len());
    for position in positions {
        let id = position.id;
        let Some(mut card) = listing::card(&mut *session.conn().await?, id).await? else {
            continue;
        };
        card.skills = listing::skills(&mut *session.conn().await?, id).await?;
        (card.rating, card.review_count) =
            listing::live_rating(&mut *session.conn().await?, id).await?;
        listed.push(Listed { card, position });
    }
    Ok((listed, more))
}

/// Takes off the row that was only read to see whether another page follows; tells whether.
fn cut<T>(rows: &mut Vec<T>, criteria: &Criteria) -> bool {
    let room = criteria.per_page as usize;
    let more = rows.len() > room;
    rows.truncate(room);
    more
}

/// The cursor of the page after `last`.
fn next(pagination: Pagination, criteria: &Criteria, last: &Listed) -> String {
    let page = criteria.start.page().saturating_add(1);
    let start = match pagination {
        // Beyond the deepest numbered page a list can only go on behind its last row.
        Pagination::Offset if page <= MAX_PAGE => Start::Page(page),
        Pagination::Offset | Pagination::Keyset => Start::After {
            page,
            position: last.position,
        },
    };
    cursor::encode(criteria.sort, &start)
}

/// One mentor in full, on the list or not.
pub(super) async fn detail(engine: &Engine, id: MentorId) -> Result<MentorDetail, ApiError> {
    existing(engine, id, find_detail(engine, id)).await
}

async fn find_detail(engine: &Engine, id: MentorId) -> Result<Option<MentorDetail>, ApiError> {
    let mut session = engine.db.session();
    let profile = repository::find_profile(&mut *session.conn().await?, id).await?;
    let Some(profile) = profile else {
        return Ok(None);
    };
    let recent_reviews =
        repository::reviews(&mut *session.conn().await?, id, RECENT_REVIEWS, 0).await?;
    Ok(Some(MentorDetail {
        card: profile.card,
        bio: profile.bio,
        is_active: profile.is_active,
        recent_reviews,
    }))
}

/// What was found of a mentor; where the cache remembers that there is none, nobody looks.
async fn existing<T>(
    engine: &Engine,
    id: MentorId,
    find: impl Future<Output = Result<Option<T>, ApiError>>,
) -> Result<T, ApiError> {
    let found = engine
        .caches
        .unless_missing(keys::no_mentor(id), Box::pin(find))
        .await?;
    found.ok_or_else(|| ApiError::not_found("mentor"))
}

/// A mentor's open slots.
pub(super) async fn availability(
    engine: &Engine,
    id: MentorId,
    span: Span,
) -> Result<Availability, ApiError> {
    existing(engine, id, find_availability(engine, id, span)).await
}

async fn find_availability(
    engine: &Engine,
    id: MentorId,
    span: Span,
) -> Result<Option<Availability>, ApiError> {
    let mut session = engine.db.session();
    let slots = repository::open_slots(&mut *session.conn().await?, id, span).await?;
    // Only an empty answer leaves open whether there is such a mentor.
    if slots.is_empty()
        && repository::find_review_count(&mut *session.conn().await?, id)
            .await?
            .is_none()
    {
        return Ok(None);
    }
    Ok(Some(Availability { slots }))
}

/// A page of a mentor's reviews, newest first.
pub(super) async fn reviews(
    engine: &Engine,
    id: MentorId,
    part: Numbered,
) -> Result<Page<ReviewView>, ApiError> {
    existing(engine, id, find_reviews(engine, id, part)).await
}

async fn find_reviews(
    engine: &Engine,
    id: MentorId,
    part: Numbered,
) -> Result<Option<Page<ReviewView>>, ApiError> {
    let mut session = engine.db.session();
    let total = repository::find_review_count(&mut *session.conn().await?, id).await?;
    let Some(total) = total else {
        return Ok(None);
    };
    let limit = i64::from(part.per_page);
    let items = repository::reviews(&mut *session.conn().await?, id, limit, part.offset()).await?;
    Ok(Some(Page {
        items,
        total: Some(u64::from(total.unsigned_abs())),
        page: part.page,
        per_page: part.per_page,
        next_cursor: None,
    }))
}

/// Reviews the student's newest lesson with the mentor that has no review yet.
pub(super) async fn create_review(
    engine: Arc<Engine>,
    student: UserId,
    mentor: MentorId,
    review: NewReview,
    now: DateTime<Utc>,
) -> Result<ReviewView, ApiError> {
    timing::shielded(async move {
        let review = Arc::new(review);
        let written = transaction(&engine.db, Retry::Never, move |conn| {
            let review = Arc::clone(&review);
            Box::pin(async move {
                // The lock makes reviews of one mentor follow each other, and their rating with them.
                if !repository::lock(&mut *conn, mentor).await? {
                    return Err(ApiError::not_found("mentor"));
                }
                let booking =
                    match repository::find_unreviewed(&mut *conn, student, mentor, now).await? {
                        (Some(booking), _) => booking,
                        (None, true) => return Err(already_reviewed()),
                        (None, false) => {
                            return Err(ApiError::new(
                                Code::Forbidden,
                                "only a student who had a lesson with the mentor may review them",
                            ));
                        }
                    };
                let id = ReviewId(Uuid::now_v7());
                let written = repository::insert_review(
                    &mut *conn, id, mentor, student, booking, &review, now,
                )
                .await
                .map_err(|error| {
                    if error.is_constraint("review_booking_id_key") {
                        already_reviewed()
                    } else {
                        error.into()
                    }
                })?;
                repository::update_rating(conn, mentor).await?;
                Ok(written)
            })
        })
        .await?;
        engine.caches.invalidate(&[keys::mentor_lists()]).await;
        Ok(written)
    })
    .await
}

/// Changes the signed-in mentor's own profile.
pub(super) async fn update_own(
    engine: Arc<Engine>,
    user: UserId,
    update: MentorUpdate,
) -> Result<MentorDetail, ApiError> {
    let changed = Arc::clone(&engine);
    let id = timing::shielded(async move {
        let mut session = changed.db.session();
        let id = repository::update_own(&mut *session.conn().await?, user, &update)
            .await?
            .ok_or_else(|| ApiError::not_found("mentor profile"))?;
        drop(session);
        changed.caches.invalidate(&[keys::mentor_lists()]).await;
        Ok::<_, ApiError>(id)
    })
    .await?;
    detail(&engine, id).await
}

/// Takes the signed-in mentor's own profile on or off the list.
pub(super) async fn set_active(
    engine: Arc<Engine>,
    user: UserId,
    active: bool,
) -> Result<MentorDetail, ApiError> {
    let changed = Arc::clone(&engine);
    let id = timing::shielded(async move {
        let mut session = changed.db.session();
        let id = repository::set_active(&mut *session.conn().await?, user, active)
            .await?
            .ok_or_else(|| ApiError::not_found("mentor profile"))?;
        drop(session);
        changed.caches.invalidate(&[keys::mentor_lists()]).await;
        Ok::<_, ApiError>(id)
    })
    .await?;
    detail(&engine, id).await
}

fn already_reviewed() -> ApiError {
    ApiError::new(
        Code::AlreadyReviewed,
        "every lesson you had with this mentor has your review",
    )
}
