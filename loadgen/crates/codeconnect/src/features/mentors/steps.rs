//! What several flows do with the page of a mentor: look at it, change the own one, and find the change there.

use http::Method;
use shared::{
    api::mentors::{MentorCard, MentorDetail, MentorUpdate},
    ids::MentorId,
    paths,
};

use crate::flows::{AppIteration, Op};
use crate::ledger::OwnChange;
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

pub(super) static DETAIL: Op = Op::get("mentors.detail");
pub(super) static UPDATE_OWN: Op = Op::patch("mentors.update_own");

/// Shown name of those who register as mentors. They leave the list again, maybe while others look at them.
pub(super) const NEW_MENTOR: &str = "Load Mentor";

/// A mentor's page, as its owner opens it.
pub(super) async fn read_page(
    it: &mut AppIteration<'_>,
    token: &str,
    id: MentorId,
) -> Option<MentorDetail> {
    it.call(&DETAIL, page_request(token, id), |reply| {
        check_page(reply, id)
    })
    .await
}

/// Changes the own profile; the page after that.
pub(super) async fn update(
    it: &mut AppIteration<'_>,
    token: &str,
    before: &MentorDetail,
    update: &MentorUpdate,
) -> Option<MentorDetail> {
    let request = Request::json(Method::PATCH, paths::MENTORS_ME, update).bearer(token);
    let may_be_old = it.world.reads_may_be_old;
    it.call(&UPDATE_OWN, request, |reply| {
        check_update(reply, before, update, may_be_old)
    })
    .await
}

/// Opens the own page after a change, which it has to show unless reads may be old.
pub(super) async fn find_changed(it: &mut AppIteration<'_>, token: &str, changed: &MentorDetail) {
    let id = changed.card.id;
    let reading = OwnChange::acknowledged().read_begins();
    let world = it.world;
    it.call(&DETAIL, page_request(token, id), |reply| {
        let shown = is_same(&check_page(reply, id)?, changed);
        world.check_own(reading, shown, "the page does not show the change")
    })
    .await;
}

/// A mentor's page. With the token: whoever has just changed it is promised to see that.
pub(super) fn page_request(token: &str, id: MentorId) -> Request {
    Request::get(paths::with_id(paths::MENTOR, id)).bearer(token)
}

/// The page, if it is that mentor's.
pub(super) fn check_page(reply: &Reply, id: MentorId) -> Result<MentorDetail, Mismatch> {
    let page: MentorDetail = check::json(reply, 200)?;
    if page.card.id == id {
        Ok(page)
    } else {
        Err(Mismatch::new("the page is another mentor's"))
    }
}

/// The page with what was sent, and the rest as it was. Where what was seen before `may_be_old`, nothing is known
/// of fields that were not sent.
fn check_update(
    reply: &Reply,
    before: &MentorDetail,
    sent: &MentorUpdate,
    may_be_old: bool,
) -> Result<MentorDetail, Mismatch> {
    let after = check_page(reply, before.card.id)?;
    let kept = if may_be_old { &after } else { before };
    let sent = sent.clone();
    let expected = MentorDetail {
        card: MentorCard {
            headline: sent.headline.unwrap_or_else(|| kept.card.headline.clone()),
            hourly_price_cents: sent
                .hourly_price_cents
                .unwrap_or(kept.card.hourly_price_cents),
            ..kept.card.clone()
        },
        bio: sent.bio.unwrap_or_else(|| kept.bio.clone()),
        ..kept.clone()
    };
    if is_same(&after, &expected) {
        Ok(after)
    } else {
        Err(Mismatch::new("the profile is not what was sent"))
    }
}

/// Whether two pages of a mentor are the same but for the reviews, which students may write meanwhile.
pub(super) fn is_same(one: &MentorDetail, other: &MentorDetail) -> bool {
    let reviewed = MentorDetail {
        card: MentorCard {
            rating: other.card.rating,
            review_count: other.card.review_count,
            ..one.card.clone()
        },
        recent_reviews: other.recent_reviews.clone(),
        ..one.clone()
    };
    reviewed == *other
}
