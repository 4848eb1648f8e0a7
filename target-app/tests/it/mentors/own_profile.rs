//! A mentor's own profile.

use serde_json::json;
use shared::{
    api::mentors::{MentorCard, MentorDetail},
    money::Cents,
    page::Page,
    problem::Code,
};

use crate::support::{NewSlot, TestApp};

#[tokio::test]
async fn what_is_not_named_stays_as_it_was() {
    let app = TestApp::start().await;
    let mentor = app.mentor(10);
    let before: MentorDetail = mentor.update_own(json!({})).await.ok();
    let after: MentorDetail = mentor
        .update_own(json!({"headline": " Rust from the ground up "}))
        .await
        .ok();
    assert_eq!(after.card.headline, "Rust from the ground up");
    assert_eq!(after.bio, before.bio);
    assert_eq!(
        after.card.hourly_price_cents,
        before.card.hourly_price_cents
    );
    let changes = json!({"bio": "New.", "hourly_price_cents": 0});
    let after: MentorDetail = mentor.update_own(changes).await.ok();
    assert_eq!(after.card.headline, "Rust from the ground up");
    assert_eq!(
        (after.bio.as_str(), after.card.hourly_price_cents),
        ("New.", Cents(0))
    );
    let public: MentorDetail = app.anonymous().mentor(after.card.id).await.ok();
    assert_eq!(public, after);
    app.finish().await;
}

#[tokio::test]
async fn what_is_out_of_bounds_changes_nothing() {
    let app = TestApp::start().await;
    let mentor = app.mentor(11);
    let before: MentorDetail = mentor.update_own(json!({})).await.ok();
    for (changes, field) in [
        (json!({"headline": ""}), "headline"),
        (json!({"headline": "x".repeat(161)}), "headline"),
        (
            json!({"headline": format!(" {}", "x".repeat(160))}),
            "headline",
        ),
        (json!({"headline": "two\nlines"}), "headline"),
        (json!({"bio": "x".repeat(4_001)}), "bio"),
        (json!({"hourly_price_cents": -1}), "hourly_price_cents"),
        (
            json!({"hourly_price_cents": 1_000_001}),
            "hourly_price_cents",
        ),
        (json!({"rating": 5}), "rating"),
    ] {
        let problem = mentor
            .update_own(changes)
            .await
            .refused(Code::InvalidRequest);
        assert!(problem.detail.contains(field), "{}", problem.detail);
    }
    let after: MentorDetail = mentor.update_own(json!({})).await.ok();
    assert_eq!(after, before);
    app.finish().await;
}

#[tokio::test]
async fn off_the_list_a_mentor_is_found_by_nobody_and_books_nothing_new() {
    let app = TestApp::start().await;
    let mentor = app.mentor(0);
    let slot = NewSlot::group(2).create(&app.db).await;
    let student = app.student(1);
    let kept = student.book(slot).await;
    assert_eq!(kept.status, 201);
    let detail: MentorDetail = mentor.set_active(false).await.ok();
    assert!(!detail.is_active);
    let page: Page<MentorCard> = student.mentors("per_page=100").await.ok();
    assert!(page.items.iter().all(|card| card.id != detail.card.id));
    app.student(2).book(slot).await.refused(Code::SlotClosed);
    let booking: shared::api::bookings::BookingView = kept.created();
    assert_eq!(student.booking(booking.id).await.status, 200);
    mentor.set_active(true).await.ok::<MentorDetail>();
    assert_eq!(app.student(2).book(slot).await.status, 201);
    app.finish().await;
}

#[tokio::test]
async fn a_student_has_no_profile_to_change() {
    let app = TestApp::start().await;
    let student = app.student(1);
    student
        .update_own(json!({"headline": "Hello"}))
        .await
        .refused(Code::Forbidden);
    student.set_active(false).await.refused(Code::Forbidden);
    app.finish().await;
}
