//! What a student sends who reviews a mentor, and reviews and lists of them that are wrong.

use chrono::DateTime;
use shared::{
    ids::{BookingId, MentorId, SlotId},
    money::Cents,
    problem::Problem,
};
use uuid::Uuid;

use super::*;
use crate::features::{
    mentors::fixture::review as written,
    scripted::{self, SentRequest, all_right, iterate, reply},
};
use loadgen_engine::sample::Outcome;

fn lesson(status: BookingStatus) -> BookingView {
    BookingView {
        id: BookingId(Uuid::from_u128(1)),
        slot_id: SlotId(Uuid::from_u128(2)),
        mentor_id: MentorId(Uuid::from_u128(3)),
        mentor_name: String::new(),
        student_id: scripted::student(),
        status,
        scheduled_at: DateTime::UNIX_EPOCH,
        ends_at: DateTime::UNIX_EPOCH,
        price_cents: Cents(4_500),
        created_at: DateTime::UNIX_EPOCH,
        hold_expires_at: None,
    }
}

fn page<T>(items: Vec<T>) -> Page<T> {
    Page {
        total: Some(items.len() as u64),
        items,
        page: 1,
        per_page: 3,
        next_cursor: None,
    }
}

/// What a student sends to a target that answers the review with that problem, or stores it where there is none;
/// and lists it where it `lists`.
async fn sent(refusal: Option<Code>, lists: bool, may_be_old: bool) -> Vec<SentRequest> {
    let mut world = scripted::world();
    world.reads_may_be_old = may_be_old;
    let mut listed = vec![written(1, 10, 4)];
    let mentor = lesson(BookingStatus::Completed).mentor_id;
    let target = |op: &'static str, request: &Request| {
        if op == "mentors.lessons" {
            return Some(reply(200, &page(vec![lesson(BookingStatus::Completed)])));
        }
        assert_eq!(scripted::mentor_of(request), mentor);
        if op == "mentors.list_reviews" {
            return Some(reply(200, &page(listed.clone())));
        }
        if let Some(code) = refusal {
            return Some(reply(code.status(), &Problem::new(code, "no")));
        }
        let asked: ReviewRequest = serde_json::from_slice(&request.body).ok()?;
        let new = ReviewView {
            body: asked.body,
            ..written(2, 20, asked.stars)
        };
        if lists {
            listed.insert(0, new.clone());
        }
        Some(reply(201, &new))
    };
    iterate("mentors.review", &world, 0, target).await
}

const STEPS: [&str; 3] = [
    "mentors.lessons",
    "mentors.create_review",
    "mentors.list_reviews",
];

#[tokio::test]
async fn a_student_finds_the_own_review_or_has_written_one_before() {
    assert_eq!(all_right(&sent(None, true, false).await), STEPS);
    let before = sent(Some(Code::AlreadyReviewed), false, false).await;
    assert_eq!(all_right(&before), STEPS[..2]);
    let forbidden = sent(Some(Code::Forbidden), false, false).await;
    let last = ("mentors.create_review", Some(Outcome::HttpError));
    assert_eq!(forbidden.last(), Some(&last));
}

#[tokio::test]
async fn a_list_without_the_own_review_is_a_failure_unless_lists_may_be_old() {
    let lost = sent(None, false, false).await;
    let last = ("mentors.list_reviews", Some(Outcome::BodyMismatch));
    assert_eq!(lost.last(), Some(&last));
    assert_eq!(all_right(&sent(None, false, true).await), STEPS);
}

#[test]
fn lessons_are_the_students_own_and_took_place() {
    let judged = |lesson: BookingView, student| {
        check_lessons(&reply(200, &page(vec![lesson])), student).is_ok()
    };
    let student = scripted::student();
    assert!(judged(lesson(BookingStatus::Completed), student));
    assert!(!judged(lesson(BookingStatus::Confirmed), student));
    assert!(!judged(
        lesson(BookingStatus::Completed),
        UserId(Uuid::nil())
    ));
}

#[test]
fn a_review_is_the_one_that_was_written() {
    let asked = ReviewRequest {
        stars: 4,
        body: "review 1".to_owned(),
    };
    let right = written(1, 10, 4);
    let judged = |seen: &ReviewView| check_review(&reply(201, seen), &asked);
    assert_eq!(judged(&right), Ok(Some(right.clone())));
    assert!(judged(&written(1, 10, 5)).is_err());
    assert!(judged(&written(2, 10, 4)).is_err());
    assert!(check_review(&reply(200, &right), &asked).is_err());
}

#[test]
fn a_list_of_reviews_is_newest_first_and_has_each_once() {
    let judged = |items: Vec<ReviewView>| check_list(&reply(200, &page(items)));
    let (new, old) = (written(2, 20, 5), written(1, 10, 1));
    judged(vec![new.clone(), old.clone()]).unwrap();
    for wrong in [
        vec![old.clone(), new.clone()],
        vec![new.clone(), new.clone()],
        vec![written(3, 30, 6)],
        (1..=4).map(|n| written(n, 50 - n as i64, 3)).collect(),
    ] {
        assert!(judged(wrong.clone()).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_review_may_be_missing_only_behind_a_full_page_of_newer_ones() {
    let own = written(9, 15, 4);
    let newer: Vec<ReviewView> = (1..=3).map(|n| written(n, 30 - n as i64, 3)).collect();
    let shown = |items: Vec<ReviewView>| is_shown(&page(items), &own);
    assert_eq!(shown(newer.clone()), Ok(None));
    assert_eq!(shown(newer[..2].to_vec()), Ok(Some(false)));
    let mut older = newer;
    older[2] = written(3, 10, 3);
    assert_eq!(shown(older.clone()), Ok(Some(false)));
    older[1] = own.clone();
    assert_eq!(shown(older.clone()), Ok(Some(true)));
    older[1].stars = 5;
    assert!(shown(older).is_err());
}
