//! The statements of this feature's operations, for the control plane to explain.

use chrono::{TimeDelta, Utc};
use shared::{
    api::mentors::MentorQuery,
    dataset::{self, Kind},
    profile::{ListQuery, Total},
};

use super::{
    listing,
    model::{Criteria, MAX_SLOTS, RECENT_REVIEWS},
    repository,
};
use crate::{
    db::Statement,
    engine::{MentorListPolicy, Policies},
};

/// Days of availability that are explained: what a request asks for that says nothing.
const DAYS: i64 = 14;

/// What `operation` sends under `policies`; `None`: it is none of this feature.
pub(crate) fn plans(operation: &str, policies: &Policies) -> Option<Vec<Statement>> {
    let mentor = dataset::id(Kind::Mentor, 1);
    match operation {
        "mentors.list" => Some(list(policies.mentors)),
        "mentors.detail" => Some(vec![
            Statement::of("profile", repository::PROFILE).bind(mentor),
            Statement::of("newest reviews", repository::REVIEWS)
                .bind(mentor)
                .bind(RECENT_REVIEWS)
                .bind(0_i64),
        ]),
        "mentors.availability" => {
            let now = Utc::now();
            Some(vec![
                Statement::of("open slots", repository::OPEN_SLOTS)
                    .bind(mentor)
                    .bind(now)
                    .bind(now + TimeDelta::days(DAYS))
                    .bind(MAX_SLOTS),
            ])
        }
        _ => None,
    }
}

/// The first page of the plain list, best rated first.
fn list(policy: MentorListPolicy) -> Vec<Statement> {
    // Nothing asked for is always right.
    let Ok(criteria) = Criteria::try_from(MentorQuery::default()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if policy.total == Total::Exact {
        all.push(Statement::built("total", listing::count_text(&criteria)));
    }
    match policy.query {
        ListQuery::Joined => all.push(Statement::built("page", listing::joined_text(&criteria))),
        ListQuery::NPlusOne => {
            let mentor = dataset::id(Kind::Mentor, 1);
            all.push(Statement::built("ids", listing::positions_text(&criteria)));
            for (what, sql) in [
                ("card", listing::ONE_CARD),
                ("skills", listing::ONE_SKILLS),
                ("rating", listing::ONE_RATING),
            ] {
                let one = Statement::of(what, sql).bind(mentor);
                all.push(one.repeated(criteria.per_page));
            }
        }
    }
    all
}
