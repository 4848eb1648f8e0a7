//! Mentor discovery, profiles, availability and reviews.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{MentorId, ReviewId, SlotId},
    money::Cents,
    words::words,
};

words! {
    /// Order of a mentor list; ties are broken by id, so that every order is total.
    #[derive(Default)]
    MentorSort {
        /// Best rated first.
        #[default]
        Rating = "rating",
        /// Cheapest first.
        PriceAsc = "price_asc",
        /// Dearest first.
        PriceDesc = "price_desc",
        /// Newest first.
        Newest = "newest",
    }
}

/// Query of the mentor list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct MentorQuery {
    /// Words to find in name, headline and biography.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// A skill, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// Lowest rating, 0 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 0, maximum = 5))]
    pub min_rating: Option<f64>,
    /// Highest hourly price in cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 0))]
    pub max_price_cents: Option<i64>,
    /// A language code, `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Order; best rated first by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<MentorSort>,
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
    /// Continues after a page, instead of `page`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A mentor in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MentorCard {
    /// Which mentor.
    pub id: MentorId,
    /// Shown name.
    pub display_name: String,
    /// One line.
    pub headline: String,
    /// What they teach, in alphabetical order.
    pub skills: Vec<String>,
    /// Language codes, in alphabetical order.
    pub languages: Vec<String>,
    /// Price of an hour.
    pub hourly_price_cents: Cents,
    /// Mean of the reviews' stars, two decimals; 0 without reviews.
    pub rating: f64,
    /// How many reviews.
    pub review_count: i64,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
}

/// One mentor in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MentorDetail {
    /// What a list shows.
    #[serde(flatten)]
    pub card: MentorCard,
    /// A few paragraphs.
    pub bio: String,
    /// Whether they are on the list.
    pub is_active: bool,
    /// The newest reviews, at most five.
    pub recent_reviews: Vec<ReviewView>,
}

/// A bookable span of a mentor's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlotView {
    /// Which slot.
    pub id: SlotId,
    /// Whose time.
    pub mentor_id: MentorId,
    /// Begin, inclusive.
    pub starts_at: DateTime<Utc>,
    /// End, exclusive.
    pub ends_at: DateTime<Utc>,
    /// Places: 1, or more for a group lesson.
    pub capacity: i32,
    /// Places taken.
    pub booked: i32,
    /// Price of a place.
    pub price_cents: Cents,
}

/// Query of a mentor's availability.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityQuery {
    /// Slots that start at or after; now by default.
    #[serde(
        default,
        deserialize_with = "crate::bounds::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<DateTime<Utc>>,
    /// Slots that start before; 14 days after `from` by default, at most 62.
    #[serde(
        default,
        deserialize_with = "crate::bounds::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<DateTime<Utc>>,
}

/// Open slots of a mentor, earliest first, at most 200.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Availability {
    /// The slots.
    pub slots: Vec<SlotView>,
}

/// What a student wrote about a mentor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewView {
    /// Which review.
    pub id: ReviewId,
    /// The writer's shown name.
    pub author: String,
    /// 1 to 5.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
    pub stars: i16,
    /// The text.
    pub body: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Body of a new review; the writer must have had a lesson with the mentor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// 1 to 5.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
    pub stars: i16,
    /// 1 to 2,000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2000))]
    pub body: String,
}

/// A change of the own profile; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MentorUpdate {
    /// One line, 1 to 160 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 160))]
    pub headline: Option<String>,
    /// At most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 4000))]
    pub bio: Option<String>,
    /// 0 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000))]
    pub hourly_price_cents: Option<Cents>,
}

/// Body of taking the own profile on or off the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ActiveRequest {
    /// On the list?
    pub active: bool,
}
