//! One mentor in full, and the reviews behind their rating.

use shared::{
    api::mentors::{MentorCard, MentorDetail, ReviewView},
    dataset::{RowKind, id},
    ids::MentorId,
    page::Page,
    paths::{self, with_id},
    problem::Code,
};

use crate::support::TestApp;

#[tokio::test]
async fn a_profile_shows_what_the_list_shows_and_more() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let page: Page<MentorCard> = anyone.mentors("per_page=5").await.ok();
    for card in page.items {
        let detail: MentorDetail = anyone.mentor(card.id).await.ok();
        assert_eq!(detail.card, card);
        assert!(detail.is_active && !detail.bio.is_empty());
        assert!(detail.recent_reviews.len() <= 5);
        assert!(
            detail
                .recent_reviews
                .is_sorted_by(|a, b| a.created_at >= b.created_at)
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn reviews_come_newest_first_and_add_up_to_the_rating() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let mentor = MentorId(id(RowKind::Mentor, 1));
    let detail: MentorDetail = anyone.mentor(mentor).await.ok();
    let path = with_id(paths::MENTOR_REVIEWS, mentor);
    let all: Vec<ReviewView> = anyone.all_pages(&path, 17).await;
    assert_eq!(all.len() as i64, detail.card.review_count);
    assert!(all.is_sorted_by(|a, b| a.created_at >= b.created_at));
    assert_eq!(all[..5], detail.recent_reviews);
    let mean = all.iter().map(|one| f64::from(one.stars)).sum::<f64>() / all.len() as f64;
    assert!((mean - detail.card.rating).abs() <= 0.005, "{mean}");
    app.finish().await;
}

#[tokio::test]
async fn a_mentor_that_does_not_exist_is_not_found() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let unknown = MentorId(uuid::Uuid::now_v7());
    anyone.mentor(unknown).await.refused(Code::NotFound);
    anyone.reviews(unknown, "").await.refused(Code::NotFound);
    anyone
        .availability(unknown, "")
        .await
        .refused(Code::NotFound);
    anyone
        .get(&with_id(paths::MENTOR, "not-an-id"))
        .await
        .refused(Code::InvalidRequest);
    app.finish().await;
}
