//! Someone registers as a mentor, fills in the profile, goes on the list, and takes a break from it.
//!
//! Seeded mentors stay on the list: without them others would find less to book. Whoever registers is off it
//! again in the end, so that it does not grow.

use http::Method;
use rand::RngExt as _;
use shared::{
    api::{
        auth::{RegisteredRole, Role, Session},
        mentors::{ActiveRequest, MentorDetail, MentorUpdate},
    },
    ids::MentorId,
    money::Cents,
    paths,
};

use super::steps::{self, DETAIL, NEW_MENTOR, UPDATE_OWN, check_page, is_same, page_request};
use crate::features::auth;
use crate::flows::{AppFlow, AppIteration, Op, until_failure};
use loadgen_engine::{
    check::{Mismatch, Reply},
    request::Request,
};

/// Prices that a new mentor may ask, in dollars.
const DOLLARS: std::ops::RangeInclusive<i64> = 15..=150;

pub(super) static SET_ACTIVE: Op = Op::put("mentors.set_active");

pub(super) const FLOW: AppFlow = AppFlow {
    name: "mentors.join",
    help: "someone registers as a mentor, fills in the profile, goes on the list and takes a break from it",
    operations: &[&auth::REGISTER, &DETAIL, &UPDATE_OWN, &SET_ACTIVE],
    needs_sessions: false,
    at_once: 1,
    run: |it| until_failure(join(it)),
};

async fn join(mut it: AppIteration<'_>) -> Option<()> {
    let number: u64 = it.rng.random();
    let price = Cents(it.rng.random_range(DOLLARS) * 100);
    let email = format!("mentor-{:x}-{number:x}@codeconnect.test", it.world.nonce);
    let register = auth::register_request(email.clone(), NEW_MENTOR, RegisteredRole::Mentor);
    let registered = it.call(&auth::REGISTER, register, |reply| {
        check_registered(reply, &email)
    });
    let (id, session) = registered.await?;
    let token = &session.tokens.access_token;
    let empty = look_at_new(&mut it, token, id).await?;
    let update = MentorUpdate {
        headline: Some(format!("Teaches what there is to know of {number:x}")),
        bio: Some("Has taught for some years.\nAsk for a first lesson.".to_owned()),
        hourly_price_cents: Some(price),
    };
    let filled = steps::update(&mut it, token, &empty, &update).await?;
    let listed = set_active(&mut it, token, &filled, true).await;
    if let Some(listed) = &listed {
        steps::find_changed(&mut it, token, listed).await;
    }
    // Also where no answer came: nobody else would take the mentor off the list.
    let before = listed.as_ref().unwrap_or(&filled);
    if let Some(resting) = set_active(&mut it, token, before, false).await {
        steps::find_changed(&mut it, token, &resting).await;
    }
    Some(())
}

/// The page that was made along with the account.
async fn look_at_new(it: &mut AppIteration<'_>, token: &str, id: MentorId) -> Option<MentorDetail> {
    it.call(&DETAIL, page_request(token, id), |reply| {
        check_new(reply, id)
    })
    .await
}

/// Goes on or off the list; the page after that.
async fn set_active(
    it: &mut AppIteration<'_>,
    token: &str,
    before: &MentorDetail,
    active: bool,
) -> Option<MentorDetail> {
    let body = ActiveRequest { active };
    let request = Request::json(Method::PUT, paths::MENTORS_ME_ACTIVE, &body).bearer(token);
    it.call(&SET_ACTIVE, request, |reply| {
        check_active(reply, before, active)
    })
    .await
}

/// The new mentor's id, and the session.
fn check_registered(reply: &Reply, email: &str) -> Result<(MentorId, Session), Mismatch> {
    let session = auth::check_session(reply, 201, email)?;
    let user = &session.user;
    if user.role != Role::Mentor || user.display_name != NEW_MENTOR {
        return Err(Mismatch::new(
            "the account is not the one that was asked for",
        ));
    }
    let Some(id) = user.mentor_id else {
        return Err(Mismatch::new("the account has no mentor profile"));
    };
    Ok((id, session))
}

/// An empty page of a mentor who is not on the list.
fn check_new(reply: &Reply, id: MentorId) -> Result<MentorDetail, Mismatch> {
    let page = check_page(reply, id)?;
    let is_empty = page.card.headline.is_empty()
        && page.card.hourly_price_cents == Cents(0)
        && page.card.review_count == 0
        && page.recent_reviews.is_empty();
    if is_empty && page.card.display_name == NEW_MENTOR && !page.is_active {
        Ok(page)
    } else {
        Err(Mismatch::new(
            "the page of a new mentor is not an empty one",
        ))
    }
}

/// The page of a mentor who is on or off the list, and as before otherwise.
fn check_active(
    reply: &Reply,
    before: &MentorDetail,
    active: bool,
) -> Result<MentorDetail, Mismatch> {
    let after = check_page(reply, before.card.id)?;
    let expected = MentorDetail {
        is_active: active,
        ..before.clone()
    };
    if is_same(&after, &expected) {
        Ok(after)
    } else {
        Err(Mismatch::new(
            "the page does not show whether its mentor is on the list",
        ))
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
