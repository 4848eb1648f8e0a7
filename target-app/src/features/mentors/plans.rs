//! The statements of this feature's operations, for the control plane to explain.

use chrono::TimeDelta;
use shared::{
    api::mentors::MentorQuery,
    dataset::{self, RowKind},
    profile::{ListQuery, Total},
};

use super::{
    listing,
    model::{Criteria, MAX_SLOTS, RECENT_REVIEWS},
    repository,
};
use crate::clock::Clock;
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// Days of availability that are explained: those of a request without parameters.
const DAYS: i64 = 14;

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "mentors.list",
            statements: list,
        },
        ExplainedOperation {
            name: "mentors.detail",
            statements: detail,
        },
        ExplainedOperation {
            name: "mentors.availability",
            statements: availability,
        },
    ]
}

fn detail(_: &Policies) -> Vec<Statement> {
    let mentor = dataset::id(RowKind::Mentor, 1);
    vec![
        Statement::of("profile", repository::PROFILE).bind(mentor),
        Statement::of("newest reviews", repository::REVIEWS)
            .bind(mentor)
            .bind(RECENT_REVIEWS)
            .bind(0_i64),
    ]
}

fn availability(_: &Policies) -> Vec<Statement> {
    let now = Clock::system().now();
    vec![
        Statement::of("open slots", repository::OPEN_SLOTS)
            .bind(dataset::id(RowKind::Mentor, 1))
            .bind(now)
            .bind(now + TimeDelta::days(DAYS))
            .bind(MAX_SLOTS),
    ]
}

/// The first page of the plain list, best rated first.
fn list(policies: &Policies) -> Vec<Statement> {
    // A query without parameters is always valid.
    let Ok(criteria) = Criteria::try_from(MentorQuery::default()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if policies.mentors.total == Total::Exact {
        all.push(Statement::built("total", listing::count_text(&criteria)));
    }
    match policies.mentors.query {
        ListQuery::Joined => all.push(Statement::built("page", listing::joined_text(&criteria))),
        ListQuery::NPlusOne => {
            let mentor = dataset::id(RowKind::Mentor, 1);
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

#[cfg(test)]
mod tests {
    use shared::profile::Profile;

    use super::*;

    #[test]
    fn the_loop_of_queries_says_how_often_it_runs() {
        assert!(
            list(&Policies::new(&Profile::before()))
                .iter()
                .any(|one| one.times > 1)
        );
        assert!(
            list(&Policies::new(&Profile::after()))
                .iter()
                .all(|one| one.times == 1)
        );
    }
}
