//! Statements over mentors, their slots and their reviews; those of the list are in `listing`.

use chrono::{DateTime, Utc};
use shared::{
    api::mentors::{MentorUpdate, ReviewView, SlotView},
    ids::{MentorId, ReviewId, SlotId, UserId},
    money::Cents,
};
use sqlx::{FromRow, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    listing::CardRow,
    model::{AvailabilitySpan, MAX_SLOTS, MentorProfile, NewReview},
};
use crate::{db::DbError, timing};

#[derive(FromRow)]
struct ProfileRow {
    #[sqlx(flatten)]
    card: CardRow,
    bio: String,
    is_active: bool,
}

impl From<ProfileRow> for MentorProfile {
    fn from(row: ProfileRow) -> Self {
        Self {
            card: row.card.into(),
            bio: row.bio,
            is_active: row.is_active,
        }
    }
}

/// One mentor's page: `id`.
pub(super) const PROFILE: &str =
    "select m.id, m.display_name, m.headline, m.languages, m.hourly_price_cents,
            m.rating_hundredths, m.review_count, m.joined_at, m.bio, m.is_active, s.skills
     from mentor m
     left join lateral (
         select array_agg(k.name) as skills
         from mentor_skill ms
         join skill k on k.id = ms.skill_id
         where ms.mentor_id = m.id
     ) s on true
     where m.id = $1";

/// One mentor's page, whether on the list or not.
pub(super) async fn find_profile(
    conn: &mut PgConnection,
    id: MentorId,
) -> Result<Option<MentorProfile>, DbError> {
    let found = query_as::<_, ProfileRow>(PROFILE).bind(id.0);
    Ok(timing::db(found.fetch_optional(conn))
        .await?
        .map(MentorProfile::from))
}

/// How many reviews a mentor has: `id`.
pub(super) const REVIEW_COUNT: &str = "select review_count from mentor where id = $1";

/// How many reviews a mentor has; `None` where there is no such mentor.
pub(super) async fn find_review_count(
    conn: &mut PgConnection,
    id: MentorId,
) -> Result<Option<i32>, DbError> {
    let found = query_scalar(REVIEW_COUNT).bind(id.0);
    Ok(timing::db(found.fetch_optional(conn)).await?)
}

#[derive(FromRow)]
struct SlotRow {
    id: Uuid,
    mentor_id: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    capacity: i32,
    booked: i32,
    price_cents: i64,
}

impl From<SlotRow> for SlotView {
    fn from(row: SlotRow) -> Self {
        Self {
            id: SlotId(row.id),
            mentor_id: MentorId(row.mentor_id),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            capacity: row.capacity,
            booked: row.booked,
            price_cents: Cents(row.price_cents),
        }
    }
}

/// Open slots: `mentor`, `from`, `to`, `limit`. As booking does, it refuses all slots of a mentor
/// who is off the list.
pub(super) const OPEN_SLOTS: &str =
    "select id, mentor_id, starts_at, ends_at, capacity, booked, price_cents
     from slot
     where mentor_id = $1
       and starts_at >= $2
       and starts_at < $3
       and booked < capacity
       and exists (select from mentor where id = $1 and is_active)
     order by starts_at
     limit $4";

/// Slots of a mentor with a place left, earliest first.
pub(super) async fn open_slots(
    conn: &mut PgConnection,
    id: MentorId,
    span: AvailabilitySpan,
) -> Result<Vec<SlotView>, DbError> {
    let found = query_as::<_, SlotRow>(OPEN_SLOTS)
        .bind(id.0)
        .bind(span.from)
        .bind(span.to)
        .bind(MAX_SLOTS);
    let rows = timing::db(found.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(SlotView::from).collect())
}

#[derive(FromRow)]
struct ReviewRow {
    id: Uuid,
    author: String,
    stars: i16,
    body: String,
    created_at: DateTime<Utc>,
}

impl From<ReviewRow> for ReviewView {
    fn from(row: ReviewRow) -> Self {
        Self {
            id: ReviewId(row.id),
            author: row.author,
            stars: row.stars,
            body: row.body,
            created_at: row.created_at,
        }
    }
}

/// A page of reviews: `mentor`, `limit`, `offset`.
pub(super) const REVIEWS: &str =
    "select r.id, u.display_name as author, r.stars, r.body, r.created_at
     from review r
     join app_user u on u.id = r.student_id
     where r.mentor_id = $1
     order by r.created_at desc, r.id desc
     limit $2 offset $3";

/// Reviews of a mentor, newest first.
pub(super) async fn reviews(
    conn: &mut PgConnection,
    id: MentorId,
    limit: i64,
    offset: i64,
) -> Result<Vec<ReviewView>, DbError> {
    let found = query_as::<_, ReviewRow>(REVIEWS)
        .bind(id.0)
        .bind(limit)
        .bind(offset);
    let rows = timing::db(found.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(ReviewView::from).collect())
}

/// Locks a mentor's row until the transaction ends; returns whether there is one.
pub(super) async fn lock(conn: &mut PgConnection, id: MentorId) -> Result<bool, DbError> {
    let found = query("select from mentor where id = $1 for no key update").bind(id.0);
    Ok(timing::db(found.fetch_optional(conn)).await?.is_some())
}

/// The student's newest lesson with the mentor that took place and has no review, and whether
/// there was any lesson at all.
pub(super) async fn find_unreviewed(
    conn: &mut PgConnection,
    student: UserId,
    mentor: MentorId,
    now: DateTime<Utc>,
) -> Result<(Option<Uuid>, bool), DbError> {
    // A place that is held unpaid is released later, also after the end of its lesson.
    let found = query_as::<_, (Uuid, bool)>(
        "select b.id, exists (select from review r where r.booking_id = b.id) as reviewed
         from booking b
         where b.student_id = $1
           and b.mentor_id = $2
           and (b.status = 'completed' or (b.status = 'confirmed' and b.ends_at <= $3))
           and not exists (select from booking_hold h where h.booking_id = b.id)
         order by reviewed, b.scheduled_at desc, b.id
         limit 1",
    )
    .bind(student.0)
    .bind(mentor.0)
    .bind(now);
    Ok(match timing::db(found.fetch_optional(conn)).await? {
        Some((booking, reviewed)) => ((!reviewed).then_some(booking), true),
        None => (None, false),
    })
}

/// A new review. Breaks `review_booking_id_key` if the lesson has one.
pub(super) async fn insert_review(
    conn: &mut PgConnection,
    id: ReviewId,
    mentor: MentorId,
    student: UserId,
    booking: Uuid,
    review: &NewReview,
    now: DateTime<Utc>,
) -> Result<ReviewView, DbError> {
    let insert = query_as::<_, ReviewRow>(
        "insert into review (id, mentor_id, student_id, booking_id, stars, body, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning id, stars, body, created_at,
                   (select display_name from app_user where app_user.id = student_id) as author",
    )
    .bind(id.0)
    .bind(mentor.0)
    .bind(student.0)
    .bind(booking)
    .bind(review.stars)
    .bind(&review.body)
    .bind(now);
    Ok(timing::db(insert.fetch_one(conn)).await?.into())
}

/// Brings rating and number of reviews in step with the reviews; the row must be locked before,
/// so that this statement sees every review that was committed.
pub(super) async fn update_rating(conn: &mut PgConnection, id: MentorId) -> Result<(), DbError> {
    let update = query(
        "update mentor
         set (rating_hundredths, review_count) = (
             select coalesce(round(avg(stars) * 100), 0)::integer, count(*)::integer
             from review
             where mentor_id = $1
         )
         where id = $1",
    )
    .bind(id.0);
    timing::db(update.execute(conn)).await?;
    Ok(())
}

/// Changes the profile that an account owns and returns which it is.
pub(super) async fn update_own(
    conn: &mut PgConnection,
    user: UserId,
    update: &MentorUpdate,
) -> Result<Option<MentorId>, DbError> {
    let update = query_scalar(
        "update mentor
         set headline = coalesce($2, headline),
             bio = coalesce($3, bio),
             hourly_price_cents = coalesce($4, hourly_price_cents)
         where user_id = $1
         returning id",
    )
    .bind(user.0)
    .bind(update.headline.as_deref())
    .bind(update.bio.as_deref())
    .bind(update.hourly_price_cents.map(|price| price.0));
    Ok(timing::db(update.fetch_optional(conn)).await?.map(MentorId))
}

/// Takes the profile that an account owns on or off the list and returns which it is.
pub(super) async fn set_active(
    conn: &mut PgConnection,
    user: UserId,
    active: bool,
) -> Result<Option<MentorId>, DbError> {
    let update = query_scalar(
        "update mentor
         set is_active = $2
         where user_id = $1
         returning id",
    )
    .bind(user.0)
    .bind(active);
    Ok(timing::db(update.fetch_optional(conn)).await?.map(MentorId))
}
/// The empty profile of a new mentor: off the list until its owner has filled it in.
pub(super) async fn insert_mentor(
    conn: &mut PgConnection,
    id: MentorId,
    user: UserId,
    display_name: &str,
) -> Result<(), DbError> {
    let insert = query(
        "insert into mentor (id, user_id, display_name, headline, hourly_price_cents, is_active)
         values ($1, $2, $3, '', 0, false)",
    )
    .bind(id.0)
    .bind(user.0)
    .bind(display_name);
    timing::db(insert.execute(conn)).await?;
    Ok(())
}
