//! One page of the mentor list from the database, in the shape of the policy in force.

use shared::{
    api::mentors::MentorCard,
    page::{MAX_PAGE, Page},
    profile::{ListQuery, Pagination, Total},
};

use super::{
    listing,
    model::{self, Criteria, Listed},
};
use crate::{
    db::{DbError, DbSession},
    engine::Engine,
    error::ApiError,
    paging::PageStart,
};

/// One page of the list, read from the database in the shape of the policy in force.
pub(super) async fn read(
    engine: &Engine,
    session: &mut DbSession,
    criteria: &Criteria,
) -> Result<Page<MentorCard>, ApiError> {
    let total = match engine.policies.mentors.total {
        Total::Exact => Some(listing::count(&mut *session.conn().await?, criteria).await?),
        Total::None => None,
    };
    let (listed, more) = match engine.policies.mentors.query {
        ListQuery::Joined => {
            let mut listed = listing::joined(&mut *session.conn().await?, criteria).await?;
            let more = cut(&mut listed, criteria);
            (listed, more)
        }
        ListQuery::NPlusOne => one_by_one(session, criteria).await?,
    };
    let next_cursor = match listed.last() {
        Some(last) if more => Some(next(engine.policies.mentors.pagination, criteria, last)),
        _ => None,
    };
    Ok(Page {
        items: listed.into_iter().map(|listed| listed.card).collect(),
        total,
        page: criteria.start.page(),
        per_page: criteria.per_page,
        next_cursor,
    })
}

/// The page as an ORM's loop reads it: its ids, then each mentor's card, skills and reviews.
async fn one_by_one(
    session: &mut DbSession,
    criteria: &Criteria,
) -> Result<(Vec<Listed>, bool), DbError> {
    let mut positions = listing::positions(&mut *session.conn().await?, criteria).await?;
    let more = cut(&mut positions, criteria);
    let mut listed = Vec::with_capacity(positions.len());
    for position in positions {
        let id = position.id;
        let Some(mut card) = listing::card(&mut *session.conn().await?, id).await? else {
            continue;
        };
        card.skills = listing::skills(&mut *session.conn().await?, id).await?;
        (card.rating, card.review_count) =
            listing::live_rating(&mut *session.conn().await?, id).await?;
        listed.push(Listed { card, position });
    }
    Ok((listed, more))
}

/// Takes off the row that was only read to see whether another page follows; returns whether
/// one does.
fn cut<T>(rows: &mut Vec<T>, criteria: &Criteria) -> bool {
    let most = criteria.per_page as usize;
    let more = rows.len() > most;
    rows.truncate(most);
    more
}

/// The cursor of the page after `last`.
fn next(pagination: Pagination, criteria: &Criteria, last: &Listed) -> String {
    let page = criteria.start.page().saturating_add(1);
    let start = match pagination {
        // Beyond the deepest numbered page a list can only go on behind its last row.
        Pagination::Offset if page <= MAX_PAGE => PageStart::Page(page),
        Pagination::Offset | Pagination::Keyset => PageStart::After {
            page,
            position: last.position,
        },
    };
    model::cursor(criteria.sort, &start)
}
