//! A mentor's page as tests of several flows have it.

use chrono::DateTime;
use shared::{
    api::mentors::{MentorCard, MentorDetail, MentorUpdate, ReviewView},
    ids::{MentorId, ReviewId},
    money::Cents,
};
use uuid::Uuid;

/// The page of that mentor.
pub(super) fn page(id: MentorId, display_name: &str) -> MentorDetail {
    MentorDetail {
        card: MentorCard {
            id,
            display_name: display_name.to_owned(),
            headline: String::new(),
            skills: Vec::new(),
            languages: vec!["en".to_owned()],
            hourly_price_cents: Cents(0),
            rating: 0.0,
            review_count: 0,
            joined_at: DateTime::UNIX_EPOCH,
        },
        bio: String::new(),
        is_active: false,
        recent_reviews: Vec::new(),
    }
}

/// The page after a change of the profile.
pub(super) fn updated(page: &MentorDetail, update: MentorUpdate) -> MentorDetail {
    let mut page = page.clone();
    page.card.headline = update.headline.unwrap_or(page.card.headline);
    page.card.hourly_price_cents = update
        .hourly_price_cents
        .unwrap_or(page.card.hourly_price_cents);
    page.bio = update.bio.unwrap_or(page.bio);
    page
}

/// The page after one more review.
pub(super) fn reviewed(page: &MentorDetail) -> MentorDetail {
    let mut page = page.clone();
    page.card.rating = 5.0;
    page.card.review_count += 1;
    page.recent_reviews.push(review(9, 0, 5));
    page
}

/// Review `n`, written so many seconds after the epoch.
pub(super) fn review(n: u128, at: i64, stars: i16) -> ReviewView {
    ReviewView {
        id: ReviewId(Uuid::from_u128(n)),
        author: "Ada Stone".to_owned(),
        stars,
        body: format!("review {n}"),
        created_at: DateTime::from_timestamp(at, 0).unwrap_or_default(),
    }
}
