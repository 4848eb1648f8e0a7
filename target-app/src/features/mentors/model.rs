//! Types of mentors: a list's criteria in one normal form, rows of the list, changes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use shared::{
    api::mentors::{
        AvailabilityQuery, MentorCard, MentorDetail, MentorQuery, MentorSort, MentorUpdate,
        ReviewRequest, ReviewView,
    },
    money::Cents,
    page::MAX_PAGE,
};

use crate::{
    error::ApiError,
    paging::{self, PageNumber, PageStart, Position, page_number, per_page},
    text::{fits, one_line, trimmed},
};

/// Most open slots in one answer.
pub(super) const MAX_SLOTS: i64 = 200;
/// Newest reviews that a profile shows.
pub(super) const RECENT_REVIEWS: i64 = 5;

const MAX_WORDS: usize = 200;
const MAX_SKILL: usize = 64;
const MAX_LANGUAGE: usize = 8;
const MAX_PRICE: i64 = 1_000_000;
const DEFAULT_SPAN: TimeDelta = TimeDelta::days(14);
const MAX_SPAN: TimeDelta = TimeDelta::days(62);
/// How far ahead availability can be asked for.
const HORIZON: TimeDelta = TimeDelta::days(3_650);

/// What a list asks for: checked, bounded, and in one form for all ways to write it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Criteria {
    pub(super) words: Option<String>,
    pub(super) skill: Option<String>,
    pub(super) min_rating_hundredths: Option<i32>,
    pub(super) max_price_cents: Option<i64>,
    pub(super) language: Option<String>,
    pub(super) sort: MentorSort,
    pub(super) start: PageStart,
    pub(super) per_page: u32,
}

impl Criteria {
    /// The query that means the same with nothing left unsaid: equal criteria, equal queries.
    pub(super) fn query(&self) -> MentorQuery {
        let (page, cursor) = match &self.start {
            PageStart::Page(page) => (Some(*page), None),
            start @ PageStart::After { .. } => (None, Some(self::cursor(self.sort, start))),
        };
        MentorQuery {
            q: self.words.clone(),
            skill: self.skill.clone(),
            min_rating: self.min_rating_hundredths.map(|h| f64::from(h) / 100.0),
            max_price_cents: self.max_price_cents,
            language: self.language.clone(),
            sort: Some(self.sort),
            page,
            per_page: Some(self.per_page),
            cursor,
        }
    }
}

impl TryFrom<MentorQuery> for Criteria {
    type Error = ApiError;

    fn try_from(query: MentorQuery) -> Result<Self, ApiError> {
        let words = query
            .q
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .map(|text| text.to_lowercase())
            .filter(|text| !text.is_empty());
        if words.as_deref().is_some_and(|text| !fits(text, MAX_WORDS)) {
            return Err(ApiError::invalid(
                "q",
                "at most 200 characters, none of them NUL",
            ));
        }
        let skill = word(query.skill, "skill", MAX_SKILL)?;
        let language = word(query.language, "language", MAX_LANGUAGE)?;
        // A mean is kept in hundredths: 4.1 means 410 and up, whatever 4.1 * 100 is in binary.
        let min_rating_hundredths = match query.min_rating {
            None => None,
            Some(stars) if (0.0..=5.0).contains(&stars) => {
                // Every mentor has at least 0.
                Some((stars * 100.0 - 1e-6).ceil() as i32).filter(|hundredths| *hundredths > 0)
            }
            Some(_) => return Err(ApiError::invalid("min_rating", "a number from 0 to 5")),
        };
        if query.max_price_cents.is_some_and(|cents| cents < 0) {
            return Err(ApiError::invalid("max_price_cents", "0 or more cents"));
        }
        let per_page = per_page(query.per_page)?;
        let (sort, start) = match (query.cursor, query.page) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid("cursor", "either `cursor` or `page`"));
            }
            (Some(text), None) => {
                let (sort, start) = read_cursor(&text).ok_or_else(|| {
                    ApiError::invalid("cursor", "the `next_cursor` of a page, unaltered")
                })?;
                if query.sort.is_some_and(|asked| asked != sort) {
                    return Err(ApiError::invalid("cursor", "a cursor of the same `sort`"));
                }
                if matches!(start, PageStart::Page(page) if page > MAX_PAGE) {
                    return Err(ApiError::invalid("cursor", "a page up to 1000"));
                }
                (sort, start)
            }
            (None, number) => (
                query.sort.unwrap_or_default(),
                PageStart::Page(page_number(number, "; go on with `next_cursor` beyond")?),
            ),
        };
        Ok(Self {
            words,
            skill,
            min_rating_hundredths,
            // Above the dearest price that can be set, the bound bounds nothing.
            max_price_cents: query.max_price_cents.filter(|cents| *cents < MAX_PRICE),
            language,
            sort,
            start,
            per_page,
        })
    }
}

/// A mentor as a page shows them, and their position in its order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub(super) card: MentorCard,
    pub(super) position: Position,
}

/// A mentor's own page, without reviews.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MentorProfile {
    pub(super) card: MentorCard,
    pub(super) bio: String,
    pub(super) is_active: bool,
}

impl MentorProfile {
    /// The whole page.
    pub(super) fn with_reviews(self, recent_reviews: Vec<ReviewView>) -> MentorDetail {
        MentorDetail {
            card: self.card,
            bio: self.bio,
            is_active: self.is_active,
            recent_reviews,
        }
    }
}

/// Open slots that begin from `from` (inclusive) to `to` (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AvailabilitySpan {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl AvailabilitySpan {
    /// Reads a query at the instant `now`; slots in the past are not open, so it starts there.
    pub(super) fn read(query: AvailabilityQuery, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let from = query.from.unwrap_or(now).max(now);
        if from - now > HORIZON {
            return Err(ApiError::invalid(
                "from",
                "an instant of the next ten years",
            ));
        }
        let to = query.to.unwrap_or(from + DEFAULT_SPAN);
        if query.from.is_some_and(|from| to <= from) {
            return Err(ApiError::invalid("to", "an instant after `from`"));
        }
        if to - from > MAX_SPAN {
            return Err(ApiError::invalid("to", "at most 62 days after `from`"));
        }
        Ok(Self { from, to })
    }
}

/// Query of a mentor's reviews, newest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewQuery {
    /// 1-based page, at most 1000.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub per_page: Option<u32>,
}

impl ReviewQuery {
    /// The page that is asked for.
    pub(super) fn part(self) -> Result<PageNumber, ApiError> {
        PageNumber::read(self.page, self.per_page)
    }
}

/// A review whose fields were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewReview {
    pub(super) stars: i16,
    pub(super) body: String,
}

impl TryFrom<ReviewRequest> for NewReview {
    type Error = ApiError;

    fn try_from(request: ReviewRequest) -> Result<Self, ApiError> {
        if !(1..=5).contains(&request.stars) {
            return Err(ApiError::invalid("stars", "a whole number from 1 to 5"));
        }
        let body = trimmed(&request.body, 2_000);
        let Some(body) = body.filter(|body| !body.is_empty()) else {
            return Err(ApiError::invalid(
                "body",
                "1 to 2,000 characters, none of them NUL",
            ));
        };
        Ok(Self {
            stars: request.stars,
            body: body.to_owned(),
        })
    }
}

/// Checks a change of the own profile; absent fields stay absent.
pub(super) fn checked(update: MentorUpdate) -> Result<MentorUpdate, ApiError> {
    let headline = update.headline.as_deref().map(|text| {
        let line = one_line(text, 160).filter(|line| !line.is_empty());
        line.map(str::to_owned)
            .ok_or_else(|| ApiError::invalid("headline", "1 to 160 characters on one line"))
    });
    let headline = headline.transpose()?;
    if update.bio.as_deref().is_some_and(|text| !fits(text, 4_000)) {
        return Err(ApiError::invalid(
            "bio",
            "at most 4,000 characters, none of them NUL",
        ));
    }
    if let Some(Cents(cents)) = update.hourly_price_cents
        && !(0..=MAX_PRICE).contains(&cents)
    {
        return Err(ApiError::invalid(
            "hourly_price_cents",
            "0 to 1,000,000 cents",
        ));
    }
    Ok(MentorUpdate { headline, ..update })
}

/// The cursor of the page that starts there; it names the order by its place among all.
pub(super) fn cursor(sort: MentorSort, start: &PageStart) -> String {
    let place = MentorSort::ALL.iter().position(|known| *known == sort);
    paging::encode(place.unwrap_or_default() as u8, start)
}

/// Reads a cursor; `None` for a word that [`cursor`] did not write.
fn read_cursor(word: &str) -> Option<(MentorSort, PageStart)> {
    let (place, start) = paging::decode(word)?;
    Some((*MentorSort::ALL.get(usize::from(place))?, start))
}

/// One word in lower case; blank means absent. This form is what fits, since it is read again from the key of a
/// cached page, and can be longer than what was sent.
fn word(text: Option<String>, field: &str, limit: usize) -> Result<Option<String>, ApiError> {
    let text = text.map(|text| text.trim().to_lowercase());
    match text.filter(|text| !text.is_empty()) {
        Some(text) if !fits(&text, limit) => Err(ApiError::invalid(
            field,
            &format!("at most {limit} characters, none of them NUL"),
        )),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests;
