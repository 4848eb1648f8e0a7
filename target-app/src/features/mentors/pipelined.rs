//! What is read of one mentor over connections that all requests share (`db.driver=pipelined(N)`). The statements are
//! those of `repository`.

use shared::{
    api::mentors::{Availability, MentorDetail, ReviewView, SlotView},
    ids::{MentorId, ReviewId, SlotId},
    money::Cents,
};
use tokio_postgres::{Row, types::ToSql};

use super::{
    listing::CardRow,
    model::{AvailabilitySpan, MAX_SLOTS, MentorProfile, RECENT_REVIEWS},
    repository::{OPEN_SLOTS, PROFILE, REVIEW_COUNT, REVIEWS},
};
use crate::db::{
    DbError,
    pipeline::{Pipeline, column},
};

type Parameters<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

/// One mentor in full; both statements are sent at once.
pub(super) async fn detail(
    pipeline: &Pipeline,
    id: MentorId,
) -> Result<Option<MentorDetail>, DbError> {
    let (of_profile, of_reviews): (Parameters<'_, 1>, Parameters<'_, 3>) =
        ([&id.0], [&id.0, &RECENT_REVIEWS, &0_i64]);
    let (found, reviews) = tokio::try_join!(
        pipeline.fetch(PROFILE, &of_profile),
        pipeline.fetch(REVIEWS, &of_reviews),
    )?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let reviews = reviews.iter().map(review).collect::<Result<_, _>>()?;
    Ok(Some(profile(row)?.with_reviews(reviews)))
}

/// A mentor's open slots; `None` where there is no such mentor.
pub(super) async fn availability(
    pipeline: &Pipeline,
    id: MentorId,
    span: AvailabilitySpan,
) -> Result<Option<Availability>, DbError> {
    let of_slots: Parameters<'_, 4> = [&id.0, &span.from, &span.to, &MAX_SLOTS];
    let rows = pipeline.fetch(OPEN_SLOTS, &of_slots).await?;
    let slots: Vec<_> = rows.iter().map(slot).collect::<Result<_, _>>()?;
    // Only an empty answer leaves open whether there is such a mentor.
    if slots.is_empty() && pipeline.fetch(REVIEW_COUNT, &[&id.0]).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(Availability { slots }))
}

fn profile(row: &Row) -> Result<MentorProfile, DbError> {
    let card = CardRow {
        id: column(row, "id")?,
        display_name: column(row, "display_name")?,
        headline: column(row, "headline")?,
        languages: column(row, "languages")?,
        hourly_price_cents: column(row, "hourly_price_cents")?,
        rating_hundredths: column(row, "rating_hundredths")?,
        review_count: column(row, "review_count")?,
        joined_at: column(row, "joined_at")?,
        skills: column(row, "skills")?,
    };
    Ok(MentorProfile {
        card: card.into(),
        bio: column(row, "bio")?,
        is_active: column(row, "is_active")?,
    })
}

fn slot(row: &Row) -> Result<SlotView, DbError> {
    Ok(SlotView {
        id: SlotId(column(row, "id")?),
        mentor_id: MentorId(column(row, "mentor_id")?),
        starts_at: column(row, "starts_at")?,
        ends_at: column(row, "ends_at")?,
        capacity: column(row, "capacity")?,
        booked: column(row, "booked")?,
        price_cents: Cents(column(row, "price_cents")?),
    })
}

fn review(row: &Row) -> Result<ReviewView, DbError> {
    Ok(ReviewView {
        id: ReviewId(column(row, "id")?),
        author: column(row, "author")?,
        stars: column(row, "stars")?,
        body: column(row, "body")?,
        created_at: column(row, "created_at")?,
    })
}
