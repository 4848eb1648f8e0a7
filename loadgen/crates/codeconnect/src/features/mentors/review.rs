//! A student reviews the mentor of a lesson that took place, and finds the review among the others.
//!
//! That every lesson with the mentor has a review by now is an expected response. Errors are a review that is not
//! what was written, and a list that lacks it or is not newest first.

use rand::RngExt as _;
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        mentors::{ReviewRequest, ReviewView},
    },
    ids::UserId,
    page::Page,
    paths,
    problem::Code,
};

use crate::flows::{AppFlow, AppIteration, DrawnPlace, Op, until_failure};
use crate::ledger::OwnChange;
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Newest lessons that a student looks at.
const NEWEST: usize = 50;

/// One's own lessons that took place.
pub(super) static LESSONS: Op = Op::get("mentors.lessons");
pub(super) static CREATE_REVIEW: Op = Op::post("mentors.create_review");
pub(super) static LIST_REVIEWS: Op = Op::get("mentors.list_reviews");

pub(super) const FLOW: AppFlow = AppFlow {
    name: "mentors.review",
    help: "a student looks at the own lessons that took place, reviews the mentor of one and finds the review listed",
    operations: &[&LESSONS, &CREATE_REVIEW, &LIST_REVIEWS],
    needs_sessions: true,
    at_once: 1,
    run: |it| until_failure(review(it)),
};

async fn review(mut it: AppIteration<'_>) -> Option<()> {
    let (place, number) = (DrawnPlace::draw(it.rng), it.rng.random::<u64>());
    let stars: i16 = it.rng.random_range(1..=5);
    let account = it.world.any_account(it.rng)?;
    let lessons = format!("{}?status=completed&per_page={NEWEST}", paths::BOOKINGS);
    let lessons = Request::get(lessons).bearer(&account.token.get());
    let listed = it.call(&LESSONS, lessons, |reply| check_lessons(reply, account.id));
    let lessons = listed.await?;
    let lesson = place.item(&lessons)?;
    let path = paths::with_id(paths::MENTOR_REVIEWS, lesson.mentor_id);
    let asked = ReviewRequest {
        stars,
        body: format!("The lesson was what I had hoped for. ({number:x})"),
    };
    let create = Request::post_json(path.as_str(), &asked).bearer(&account.token.get());
    let written = it.call(&CREATE_REVIEW, create, |reply| check_review(reply, &asked));
    let written = written.await??;
    let reading = OwnChange::acknowledged().read_begins();
    let world = it.world;
    let list = Request::get(path).bearer(&account.token.get());
    it.call(&LIST_REVIEWS, list, |reply| {
        let page = check_list(reply)?;
        let Some(shown) = is_shown(&page, &written)? else {
            return Ok(());
        };
        world.check_own(reading, shown, "the review is not listed")
    })
    .await;
    Some(())
}

/// The student's lessons that took place.
fn check_lessons(reply: &Reply, student: UserId) -> Result<Vec<BookingView>, Mismatch> {
    let page: Page<BookingView> = check::json(reply, 200)?;
    let is_right = |lesson: &BookingView| {
        lesson.student_id == student && lesson.status == BookingStatus::Completed
    };
    if page.items.len() > NEWEST || !page.items.iter().all(is_right) {
        return Err(Mismatch::new(
            "the lessons are not those of the student that took place",
        ));
    }
    Ok(page.items)
}

/// The review that was written; `None` where every lesson with the mentor has one.
fn check_review(reply: &Reply, asked: &ReviewRequest) -> Result<Option<ReviewView>, Mismatch> {
    if check::problem_code(reply) == Some(Code::AlreadyReviewed) {
        return Ok(None);
    }
    let written: ReviewView = check::json(reply, 201)?;
    if written.stars == asked.stars && written.body == asked.body {
        Ok(Some(written))
    } else {
        Err(Mismatch::new("the review is not the one that was written"))
    }
}

/// A page of reviews, newest first.
fn check_list(reply: &Reply) -> Result<Page<ReviewView>, Mismatch> {
    let page: Page<ReviewView> = check::json(reply, 200)?;
    let items = &page.items;
    if items.len() > page.per_page as usize {
        return Err(Mismatch::new("more reviews than fit the page"));
    }
    if !items.is_sorted_by(|one, next| one.created_at >= next.created_at) {
        return Err(Mismatch::new("the reviews are not newest first"));
    }
    if !check::all_differ(items.iter().map(|one| one.id)) {
        return Err(Mismatch::new("a review is listed twice"));
    }
    if items.iter().any(|one| !(1..=5).contains(&one.stars)) {
        return Err(Mismatch::new("a review has no stars, or more than five"));
    }
    Ok(page)
}

/// Whether the list shows a review as it was written; `None` where newer ones fill the page.
fn is_shown(page: &Page<ReviewView>, written: &ReviewView) -> Result<Option<bool>, Mismatch> {
    match page.items.iter().find(|one| one.id == written.id) {
        Some(found) if found == written => Ok(Some(true)),
        Some(_) => Err(Mismatch::new("the listed review is another one")),
        None => {
            let is_full = page.items.len() >= page.per_page as usize;
            let last = page.items.last();
            let is_beyond = last.is_some_and(|last| last.created_at >= written.created_at);
            Ok((!is_full || !is_beyond).then_some(false))
        }
    }
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
