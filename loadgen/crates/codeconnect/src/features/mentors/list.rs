//! A page of the list of mentors and what has to be right of it. Its texts stay where they were received: most
//! of them are looked at once, and a page has two hundred.

use std::{borrow::Cow, cell::RefCell, cmp::Ordering};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::{
    api::mentors::{MentorCard, MentorQuery, MentorSort},
    ids::MentorId,
    money::Cents,
    page::{DEFAULT_PER_PAGE, Page},
};

use crate::flows::DrawnPlace;
use loadgen_engine::check::{self, Mismatch, Reply};

/// A text of a response. It is copied only where something in it is escaped.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct ListText<'a>(#[serde(borrow)] Cow<'a, str>);

/// A [`MentorCard`] in a response.
#[derive(Debug, Deserialize)]
pub(super) struct ListedCard<'a> {
    id: MentorId,
    #[serde(borrow)]
    display_name: ListText<'a>,
    #[serde(borrow)]
    headline: ListText<'a>,
    #[serde(borrow)]
    skills: Vec<ListText<'a>>,
    #[serde(borrow)]
    languages: Vec<ListText<'a>>,
    hourly_price_cents: Cents,
    rating: f64,
    review_count: i64,
    joined_at: DateTime<Utc>,
}

/// What the place of a mentor in a list depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListPlace {
    id: MentorId,
    hourly_price_cents: Cents,
    rating: f64,
    joined_at: DateTime<Utc>,
}

/// What a visitor goes on with after a page.
#[derive(Clone)]
pub(super) struct SeenPage {
    /// Where the next page starts.
    pub(super) next_cursor: Option<String>,
    first: Option<ListPlace>,
    /// The place of the last mentor.
    pub(super) last: Option<ListPlace>,
    /// The mentor that is looked at, where the visitor looks at one.
    pub(super) chosen: Option<MentorCard>,
}

/// Most queries whose pages a thread keeps, each of a few kilobytes.
const MOST_KEPT: usize = 128;

thread_local! {
    static RIGHT: RefCell<RightPages> = const { RefCell::new(RightPages { pages: Vec::new(), next: 0 }) };
}

/// Pages that were found right, the latest of each query.
struct RightPages {
    pages: Vec<RightPage>,
    /// Where the next page of another query goes once there are so many as are kept: each in turn.
    next: usize,
}

/// A page that was found right.
struct RightPage {
    query: MentorQuery,
    body: Vec<u8>,
    seen: SeenPage,
}

impl RightPages {
    fn find(&self, reply: &Reply, query: &MentorQuery) -> Option<&RightPage> {
        self.pages.iter().find(|page| page.is(reply, query))
    }

    /// Keeps a page in place of an earlier one of its query, or of the one that has been here for longest. Its
    /// body takes the memory of that one.
    fn keep(&mut self, reply: &Reply, query: &MentorQuery, seen: &SeenPage) {
        let earlier = self.pages.iter().position(|one| one.query == *query);
        let place = earlier.or_else(|| {
            let full = self.pages.len() >= MOST_KEPT;
            full.then(|| {
                let place = self.next;
                self.next = (place + 1) % MOST_KEPT;
                place
            })
        });
        let Some(page) = place.and_then(|place| self.pages.get_mut(place)) else {
            self.pages.push(RightPage {
                query: query.clone(),
                body: reply.body.to_vec(),
                seen: seen.clone(),
            });
            return;
        };
        if earlier.is_none() {
            page.query.clone_from(query);
        }
        page.body.clear();
        page.body.extend_from_slice(&reply.body);
        page.seen.clone_from(seen);
    }
}

impl RightPage {
    fn is(&self, reply: &Reply, query: &MentorQuery) -> bool {
        reply.status == 200 && !reply.cut && self.body[..] == reply.body[..] && self.query == *query
    }
}

impl ListText<'_> {
    fn text(&self) -> String {
        self.0.clone().into_owned()
    }
}

fn has(texts: &[ListText<'_>], wanted: &str) -> bool {
    texts.iter().any(|text| text.0 == wanted)
}

impl ListedCard<'_> {
    /// The card by itself.
    fn card(&self) -> MentorCard {
        MentorCard {
            id: self.id,
            display_name: self.display_name.text(),
            headline: self.headline.text(),
            skills: self.skills.iter().map(ListText::text).collect(),
            languages: self.languages.iter().map(ListText::text).collect(),
            hourly_price_cents: self.hourly_price_cents,
            rating: self.rating,
            review_count: self.review_count,
            joined_at: self.joined_at,
        }
    }

    fn place(&self) -> ListPlace {
        ListPlace {
            id: self.id,
            hourly_price_cents: self.hourly_price_cents,
            rating: self.rating,
            joined_at: self.joined_at,
        }
    }

    fn holds_filters(&self, query: &MentorQuery) -> Result<(), Mismatch> {
        let held = query
            .skill
            .as_ref()
            .is_none_or(|skill| has(&self.skills, skill))
            && query
                .language
                .as_ref()
                .is_none_or(|one| has(&self.languages, one))
            && query.min_rating.is_none_or(|least| self.rating >= least)
            && query
                .max_price_cents
                .is_none_or(|most| self.hourly_price_cents.0 <= most);
        if held {
            Ok(())
        } else {
            Err(Mismatch::new(format!(
                "mentor {} does not meet the filters",
                self.id
            )))
        }
    }
}

impl SeenPage {
    /// Of a page at whose mentors nobody looks.
    fn of(page: &Page<ListedCard<'_>>) -> Self {
        Self {
            next_cursor: page.next_cursor.clone(),
            first: page.items.first().map(ListedCard::place),
            last: page.items.last().map(ListedCard::place),
            chosen: None,
        }
    }

    fn goes_on_behind(&self, last: Option<&ListPlace>, sort: MentorSort) -> Result<(), Mismatch> {
        match (last, &self.first) {
            (Some(last), Some(first)) if in_order(last, first, sort).is_none() => Err(
                Mismatch::new("the next page does not continue after the last one"),
            ),
            _ => Ok(()),
        }
    }
}

/// What a visitor goes on with after a page, if it is the one that was asked for, which goes on behind `last`
/// where there is one; `look_at` is where in the page the mentor is that is looked at.
///
/// A page that is byte for byte one that was found right for the same query is right. Of a list that comes from a
/// cache nearly all are.
pub(super) fn see_list(
    reply: &Reply,
    query: &MentorQuery,
    last: Option<&ListPlace>,
    look_at: Option<DrawnPlace>,
) -> Result<SeenPage, Mismatch> {
    let known = RIGHT.with_borrow(|pages| {
        let page = pages.find(reply, query)?;
        Some(page.seen.clone())
    });
    let seen = match known {
        Some(seen) if look_at.is_none() => seen,
        known => {
            let page = check_list(reply, query)?;
            let mut seen = SeenPage::of(&page);
            if known.is_none() {
                RIGHT.with_borrow_mut(|pages| pages.keep(reply, query, &seen));
            }
            let chosen = look_at.and_then(|place| place.item(&page.items));
            seen.chosen = chosen.map(ListedCard::card);
            seen
        }
    };
    seen.goes_on_behind(last, query.sort.unwrap_or_default())?;
    Ok(seen)
}

/// The page, if it is the one that was asked for.
pub(super) fn check_list<'a>(
    reply: &'a Reply,
    query: &MentorQuery,
) -> Result<Page<ListedCard<'a>>, Mismatch> {
    let page: Page<ListedCard<'a>> = check::json(reply, 200)?;
    let per_page = query.per_page.unwrap_or(DEFAULT_PER_PAGE);
    if page.per_page != per_page || page.items.len() > per_page as usize {
        return Err(Mismatch::new(format!(
            "asked for {per_page} a page, got {} of {}",
            page.items.len(),
            page.per_page
        )));
    }
    if query.cursor.is_none() && page.page != query.page.unwrap_or(1) {
        return Err(Mismatch::new("the page has another number than asked"));
    }
    if page.next_cursor.is_some() && page.items.len() < per_page as usize {
        return Err(Mismatch::new(
            "a page that is not full says that more follow",
        ));
    }
    for card in &page.items {
        card.holds_filters(query)?;
    }
    check_order(&page.items, query.sort.unwrap_or_default())?;
    Ok(page)
}

/// Which way the ids of a tie run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    Ascending,
    Descending,
    /// The sort keys differ: no tie.
    None,
}

/// How `a` comes before `b`; `None` if it must not.
fn in_order(a: &ListPlace, b: &ListPlace, sort: MentorSort) -> Option<Tie> {
    let keys = match sort {
        MentorSort::Rating => b.rating.total_cmp(&a.rating),
        MentorSort::PriceAsc => a.hourly_price_cents.cmp(&b.hourly_price_cents),
        MentorSort::PriceDesc => b.hourly_price_cents.cmp(&a.hourly_price_cents),
        MentorSort::Newest => b.joined_at.cmp(&a.joined_at),
    };
    match (keys, a.id.cmp(&b.id)) {
        (Ordering::Less, _) => Some(Tie::None),
        (Ordering::Equal, Ordering::Less) => Some(Tie::Ascending),
        (Ordering::Equal, Ordering::Greater) => Some(Tie::Descending),
        _ => None,
    }
}

/// Total order: the sort key, then the ids, all ties the same way.
fn check_order(items: &[ListedCard<'_>], sort: MentorSort) -> Result<(), Mismatch> {
    let mut ties = Tie::None;
    for pair in items.windows(2) {
        let tie = in_order(&pair[0].place(), &pair[1].place(), sort).ok_or_else(|| {
            Mismatch::new(format!(
                "the list is not in the order {}: {} before {}",
                sort.as_str(),
                pair[0].id,
                pair[1].id
            ))
        })?;
        if tie != Tie::None {
            if ties != Tie::None && ties != tie {
                return Err(Mismatch::new("ties are not broken by id"));
            }
            ties = tie;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::scripted;

    #[test]
    fn a_card_is_read_as_the_api_writes_it_and_texts_stay_where_they_are() {
        let written = MentorCard {
            id: MentorId(uuid::Uuid::from_u128(7)),
            display_name: "Ada Stone".to_owned(),
            headline: "\"Rust\" after C++,\n\tdéjà vu".to_owned(),
            skills: vec!["rust".to_owned(), "sql".to_owned()],
            languages: vec!["de".to_owned()],
            hourly_price_cents: Cents(4_200),
            rating: 4.25,
            review_count: 3,
            joined_at: DateTime::UNIX_EPOCH,
        };
        let json = serde_json::to_vec(&written).unwrap();
        let listed: ListedCard<'_> = serde_json::from_slice(&json).unwrap();
        assert_eq!(listed.card(), written);
        assert!(matches!(listed.headline.0, Cow::Owned(_)));
        let texts = listed.skills.iter().chain(&listed.languages);
        let borrowed = |text: &ListText<'_>| matches!(text.0, Cow::Borrowed(_));
        assert!(texts.chain([&listed.display_name]).all(borrowed));
    }

    #[test]
    fn a_card_that_lacks_any_field_is_not_as_documented() {
        let card = serde_json::json!({
            "id": uuid::Uuid::nil(), "display_name": "", "headline": "", "skills": [], "languages": [],
            "hourly_price_cents": 0, "rating": 0.0, "review_count": 0, "joined_at": DateTime::UNIX_EPOCH,
        });
        let is_card = |card: &serde_json::Value| {
            let json = card.to_string();
            let listed = serde_json::from_str::<ListedCard<'_>>(&json).is_ok();
            assert_eq!(listed, serde_json::from_str::<MentorCard>(&json).is_ok());
            listed
        };
        assert!(is_card(&card));
        for field in card.as_object().unwrap().keys() {
            let mut lacking = card.clone();
            lacking.as_object_mut().unwrap().remove(field);
            assert!(!is_card(&lacking), "{field}");
        }
    }

    #[test]
    fn a_thread_keeps_the_pages_of_the_latest_queries_one_of_each() {
        let page_of = |number| {
            let query = MentorQuery {
                page: Some(number),
                ..MentorQuery::default()
            };
            let empty = Page::<MentorCard> {
                items: Vec::new(),
                total: None,
                page: number,
                per_page: DEFAULT_PER_PAGE,
                next_cursor: None,
            };
            (scripted::reply(200, &empty), query)
        };
        for _ in 0..2 {
            for number in 1..300 {
                let (reply, query) = page_of(number);
                assert!(see_list(&reply, &query, None, None).is_ok());
                // The page is known from then on, however many there were before.
                RIGHT.with_borrow(|pages| assert!(pages.find(&reply, &query).is_some()));
            }
            RIGHT.with_borrow(|pages| assert_eq!(pages.pages.len(), MOST_KEPT));
        }
        let (reply, query) = page_of(1);
        RIGHT.with_borrow(|pages| assert!(pages.find(&reply, &query).is_none()));
    }
}
