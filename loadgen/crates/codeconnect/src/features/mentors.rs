//! Discovery: a visitor searches, looks at the next page, at a mentor, at their open slots. Reviews, and what
//! mentors do with their own pages.
//!
//! Whatever the arm, the list has to be right: in the asked order with ties broken by id,
//! with every filter held, no longer than asked, and going on where the page before ended. That holds beside
//! reviews, new prices and mentors who come and go too. With `mentors.pagination: offset` it is not judged where
//! a page begins while flows of the load change the list, because a mentor who is pushed onto the next page is
//! there again. With `mentors.query: n_plus_one` a card may be newer than its place, which counts as what it is,
//! a wrong list.

#[cfg(test)]
mod fixture;
mod join;
mod list;
mod profile;
mod review;
mod steps;

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use rand::RngExt as _;
use shared::{
    api::mentors::{Availability, MentorCard, MentorDetail, MentorQuery, SlotView},
    ids::MentorId,
    paths,
};

use self::{
    list::{ListPlace, SeenPage, see_list},
    steps::{DETAIL, NEW_MENTOR, UPDATE_OWN},
};
use crate::flows::{
    AppFlow, AppIteration, CachedReads, DrawnPlace, FeatureFlows, NEXT_PAGE, Op, World,
    until_failure,
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    flow::Access,
    request::Request,
};

/// Pages that a visitor turns who reads the whole list; a small platform has a hundred.
const DEEP_PAGES: usize = 60;
/// Most open slots that an answer may hold.
const MAX_SLOTS: usize = 200;
/// How many look at a mentor of the list.
const LOOK_AT_ONE: f64 = 0.3;
/// Of those, how many look at the open slots.
const LOOK_AT_SLOTS: f64 = 0.5;

static LIST: Op = Op::get("mentors.list");
pub(super) static AVAILABILITY: Op = Op::get("mentors.availability");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &LIST,
        &DETAIL,
        &AVAILABILITY,
        &review::LESSONS,
        &review::CREATE_REVIEW,
        &review::LIST_REVIEWS,
        &UPDATE_OWN,
        &join::SET_ACTIVE,
    ],
    headline: &[&LIST],
    completes: &[("reviews written", &[&review::CREATE_REVIEW])],
    flows: &[
        AppFlow {
            name: "mentors.browse",
            help: "a visitor searches mentors, pages on, looks at one and at their open slots",
            operations: &[&LIST, &DETAIL, &AVAILABILITY],
            needs_sessions: false,
            at_once: 1,
            run: |it| until_failure(browse(it)),
        },
        AppFlow {
            name: "mentors.page_through",
            help: "a visitor turns sixty pages of the list of all mentors",
            operations: &[&LIST],
            needs_sessions: false,
            at_once: 1,
            run: |it| until_failure(page_through(it)),
        },
        review::FLOW,
        profile::FLOW,
        join::FLOW,
    ],
    caches: &[CachedReads {
        switch: "cache.mentors",
        operation: &LIST,
        weights: Some(World::list_weights),
    }],
    ..FeatureFlows::new("mentors", "Mentor discovery")
};

async fn browse(mut it: AppIteration<'_>) -> Option<()> {
    // Every draw is made whatever comes back, so that both arms draw the same.
    let query = pick_search(&mut it);
    let (next, one, slots) = (
        it.rng.random_bool(NEXT_PAGE),
        it.rng.random_bool(LOOK_AT_ONE),
        it.rng.random_bool(LOOK_AT_SLOTS),
    );
    let place = DrawnPlace::draw(it.rng);

    let look_at = one.then_some(place);
    let first = it
        .call(&LIST, list_request(&query), |reply| {
            see_list(reply, &query, None, look_at)
        })
        .await?;
    if next && let Some(cursor) = first.next_cursor {
        turn_page(&mut it, &query, cursor, first.last.as_ref()).await;
    }
    let card = first.chosen?;
    let detail = Request::get(paths::with_id(paths::MENTOR, card.id));
    let seen = it
        .call(&DETAIL, detail, |reply| check_detail(reply, &card))
        .await;
    if slots && seen.is_some() {
        let id = card.id;
        it.call(&AVAILABILITY, availability_request(id), |reply| {
            check_availability(reply, id)
        })
        .await;
    }
    Some(())
}

async fn page_through(mut it: AppIteration<'_>) -> Option<()> {
    let query = MentorQuery::default();
    let mut page = it
        .call(&LIST, list_request(&query), |reply| {
            see_list(reply, &query, None, None)
        })
        .await;
    for _ in 1..DEEP_PAGES {
        let seen = page?;
        let cursor = seen.next_cursor?;
        page = turn_page(&mut it, &query, cursor, seen.last.as_ref()).await;
    }
    Some(())
}

/// The page that goes on behind `last`, unless pages may shift.
async fn turn_page(
    it: &mut AppIteration<'_>,
    query: &MentorQuery,
    cursor: String,
    last: Option<&ListPlace>,
) -> Option<SeenPage> {
    let onward = MentorQuery {
        page: None,
        cursor: Some(cursor),
        ..query.clone()
    };
    let last = last.filter(|_| !it.world.pages_may_shift);
    it.call(&LIST, list_request(&onward), |reply| {
        see_list(reply, &onward, last, None)
    })
    .await
}

/// Whether users of a flow change what is on the list of mentors, or its order.
pub(crate) fn changes_list(flow: &str) -> bool {
    let is_change = |op: &Op| {
        let own = FEATURE.operations.iter();
        let own = own.map(|one| one.descriptor());
        own.filter(|one| one.access == Access::Write)
            .any(|one| one.name == op.descriptor().name)
    };
    let mut flows = FEATURE.flows.iter().filter(|one| one.name == flow);
    flows.any(|one| one.operations.iter().any(|op| is_change(op)))
}

fn pick_search(it: &mut AppIteration<'_>) -> MentorQuery {
    let index = it.world.search_popularity.pick(it.rng) as usize;
    it.world.searches.get(index).cloned().unwrap_or_default()
}

fn list_request(query: &MentorQuery) -> Request {
    let mut path = String::from(paths::MENTORS);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(key);
            path.push('=');
            path.push_str(&encoded(&value));
        }
    };
    add("q", query.q.clone());
    add("skill", query.skill.clone());
    add("min_rating", query.min_rating.map(|n| n.to_string()));
    add(
        "max_price_cents",
        query.max_price_cents.map(|n| n.to_string()),
    );
    add("language", query.language.clone());
    add("sort", query.sort.map(|sort| sort.as_str().to_owned()));
    add("page", query.page.map(|n| n.to_string()));
    add("per_page", query.per_page.map(|n| n.to_string()));
    add("cursor", query.cursor.clone());
    Request::get(path)
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte as char);
            }
            _ => {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn check_detail(reply: &Reply, card: &MentorCard) -> Result<(), Mismatch> {
    let detail: MentorDetail = check::json(reply, 200)?;
    let same = detail.card.id == card.id
        && detail.card.display_name == card.display_name
        && detail.card.skills == card.skills;
    if !same {
        return Err(Mismatch::new(
            "the profile is not that of the listed mentor",
        ));
    }
    if !detail.is_active && card.display_name != NEW_MENTOR {
        return Err(Mismatch::new("the list shows a mentor who is not active"));
    }
    if detail.recent_reviews.len() > 5 {
        return Err(Mismatch::new("more than five recent reviews"));
    }
    Ok(())
}

/// Asks for a mentor's open slots of the next two weeks.
pub(crate) fn availability_request(mentor: MentorId) -> Request {
    Request::get(paths::with_id(paths::MENTOR_AVAILABILITY, mentor))
}

/// Asks for a mentor's open slots of the two weeks from then on.
pub(super) fn availability_from(mentor: MentorId, from: DateTime<Utc>) -> Request {
    let path = paths::with_id(paths::MENTOR_AVAILABILITY, mentor);
    let from = from.to_rfc3339_opts(SecondsFormat::Secs, true);
    Request::get(format!("{path}?from={from}"))
}

/// The open slots, if they are that mentor's, open, and in order.
pub(crate) fn check_availability(
    reply: &Reply,
    mentor: MentorId,
) -> Result<Vec<SlotView>, Mismatch> {
    let availability: Availability = check::json(reply, 200)?;
    let slots = availability.slots;
    if slots.len() > MAX_SLOTS {
        return Err(Mismatch::new("more than 200 slots in one answer"));
    }
    for slot in &slots {
        if slot.mentor_id != mentor {
            return Err(Mismatch::new("a slot of another mentor"));
        }
        if slot.booked >= slot.capacity {
            return Err(Mismatch::new("a full slot is shown as open"));
        }
        if slot.ends_at <= slot.starts_at {
            return Err(Mismatch::new("a slot ends before it begins"));
        }
    }
    if slots
        .windows(2)
        .any(|pair| pair[0].starts_at >= pair[1].starts_at)
    {
        return Err(Mismatch::new("the slots are not in order of time"));
    }
    Ok(slots)
}

#[cfg(test)]
mod tests;
