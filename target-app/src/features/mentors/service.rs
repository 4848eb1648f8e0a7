//! The rules of mentors: who may review, what a change invalidates.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{FutureExt as _, future::BoxFuture};
use shared::{
    api::{
        auth::UserView,
        mentors::{Availability, MentorDetail, MentorUpdate, ReviewView},
    },
    ids::{MentorId, ReviewId, UserId},
    page::Page,
    problem::Code,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    cached,
    model::{AvailabilitySpan, Criteria, NewReview, RECENT_REVIEWS},
    pipelined, repository,
};
use crate::{
    cache::Group,
    db::{DbError, DbSession, Isolation, Retry},
    engine::Engine,
    error::ApiError,
    paging::PageNumber,
    timing,
};

/// One page of the list, as the JSON of its response.
pub(super) async fn list(engine: Arc<Engine>, criteria: Criteria) -> Result<Bytes, ApiError> {
    cached::page(engine, criteria).await
}

/// One mentor in full, on the list or not.
pub(super) async fn detail(engine: &Engine, id: MentorId) -> Result<MentorDetail, ApiError> {
    let session = cached::session(engine);
    cached::existing(engine, id, session, |session| find_detail(session, id)).await
}

async fn find_detail(
    mut session: DbSession,
    id: MentorId,
) -> Result<Option<MentorDetail>, ApiError> {
    if let Some(pipeline) = session.pipeline() {
        return Ok(pipelined::detail(pipeline, id).await?);
    }
    let profile = repository::find_profile(&mut *session.conn().await?, id).await?;
    let Some(profile) = profile else {
        return Ok(None);
    };
    let recent_reviews =
        repository::reviews(&mut *session.conn().await?, id, RECENT_REVIEWS, 0).await?;
    Ok(Some(profile.with_reviews(recent_reviews)))
}

/// A mentor's open slots; none of a mentor who is off the list.
pub(super) async fn availability(
    engine: &Engine,
    id: MentorId,
    span: AvailabilitySpan,
) -> Result<Availability, ApiError> {
    // Never from a replica: a place that is shown as free should be free.
    let session = engine.db.session();
    cached::existing(engine, id, session, |session| {
        find_availability(session, id, span)
    })
    .await
}

async fn find_availability(
    mut session: DbSession,
    id: MentorId,
    span: AvailabilitySpan,
) -> Result<Option<Availability>, ApiError> {
    if let Some(pipeline) = session.pipeline() {
        return Ok(pipelined::availability(pipeline, id, span).await?);
    }
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
    part: PageNumber,
) -> Result<Page<ReviewView>, ApiError> {
    let session = cached::session(engine);
    cached::existing(engine, id, session, |session| {
        find_reviews(session, id, part)
    })
    .await
}

async fn find_reviews(
    mut session: DbSession,
    id: MentorId,
    part: PageNumber,
) -> Result<Option<Page<ReviewView>>, ApiError> {
    let total = repository::find_review_count(&mut *session.conn().await?, id).await?;
    let Some(total) = total else {
        return Ok(None);
    };
    let (limit, offset) = (part.limit(), part.offset());
    let items = repository::reviews(&mut *session.conn().await?, id, limit, offset).await?;
    Ok(Some(part.with(items, i64::from(total))))
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
        let written = engine.change(
            Isolation::ReadCommitted,
            Retry::Never,
            move |conn, touched| {
                let review = Arc::clone(&review);
                Box::pin(async move {
                    let written = write_review(conn, student, mentor, &review, now).await?;
                    touched.add([cached::lists()]);
                    Ok::<_, ApiError>(written)
                })
            },
        );
        written.await
    })
    .await
}

/// The work of a review's transaction.
async fn write_review(
    conn: &mut PgConnection,
    student: UserId,
    mentor: MentorId,
    review: &NewReview,
    now: DateTime<Utc>,
) -> Result<ReviewView, ApiError> {
    // The lock makes reviews of one mentor follow each other, and their rating with them.
    if !repository::lock(&mut *conn, mentor).await? {
        return Err(ApiError::not_found("mentor"));
    }
    let booking = match repository::find_unreviewed(&mut *conn, student, mentor, now).await? {
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
    let written =
        repository::insert_review(&mut *conn, id, mentor, student, booking, review, now).await;
    let written = written.map_err(|error| {
        if error.is_constraint("review_booking_id_key") {
            already_reviewed()
        } else {
            error.into()
        }
    })?;
    repository::update_rating(conn, mentor).await?;
    Ok(written)
}

/// Changes the signed-in mentor's own profile.
pub(super) async fn update_own(
    engine: Arc<Engine>,
    user: UserId,
    update: MentorUpdate,
) -> Result<MentorDetail, ApiError> {
    change_own(engine, move |conn| {
        async move { repository::update_own(conn, user, &update).await }.boxed()
    })
    .await
}

/// Takes the signed-in mentor's own profile on or off the list.
pub(super) async fn set_active(
    engine: Arc<Engine>,
    user: UserId,
    active: bool,
) -> Result<MentorDetail, ApiError> {
    change_own(engine, move |conn| {
        async move { repository::set_active(conn, user, active).await }.boxed()
    })
    .await
}

/// Changes a mentor's own profile by one statement, which is its own commit.
async fn change_own<F>(engine: Arc<Engine>, change: F) -> Result<MentorDetail, ApiError>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<Option<MentorId>, DbError>>
        + Send
        + 'static,
{
    let changed = Arc::clone(&engine);
    let id = timing::shielded(async move {
        let mut session = changed.db.session();
        let outcome = async {
            let mut conn = session.write().await?;
            let outcome = change(&mut conn).await?;
            conn.commit().await?;
            Ok::<_, DbError>(outcome)
        }
        .await;
        drop(session);
        // Also where the answer was lost: it may have been carried out.
        if !matches!(outcome, Ok(None)) {
            changed.caches.invalidate(&[cached::lists()]).await;
        }
        outcome?.ok_or_else(|| ApiError::not_found("mentor profile"))
    })
    .await?;
    // From the primary: a replica may still show what was changed.
    let found = find_detail(engine.db.session(), id).await?;
    found.ok_or_else(|| ApiError::not_found("mentor"))
}

fn already_reviewed() -> ApiError {
    ApiError::new(
        Code::AlreadyReviewed,
        "every lesson you had with this mentor has your review",
    )
}

/// Makes the empty profile of an account that registers as a mentor.
pub(super) async fn on_registered(
    conn: &mut PgConnection,
    account: &UserView,
) -> Result<Vec<Group>, DbError> {
    let Some(id) = account.mentor_id else {
        return Ok(Vec::new());
    };
    repository::insert_mentor(conn, id, account.id, &account.display_name).await?;
    Ok(vec![cached::mentor_group(id)])
}
