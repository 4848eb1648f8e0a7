//! Types of the calendar: spans and days that were checked, whose events are read.

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveTime, SubsecRound as _, TimeDelta, Utc,
};
use shared::{
    api::calendar::{CalendarQuery, MAX_EVENTS, MAX_SPAN_DAYS, MoveRequest, WeekQuery},
    ids::{MentorId, UserId},
};

use crate::{
    error::ApiError,
    paging::{PageNumber, page_number},
};

/// Length of a span that does not say its end.
const DEFAULT_SPAN: TimeDelta = TimeDelta::days(31);
/// How far ahead an event can be moved.
const HORIZON: TimeDelta = TimeDelta::days(3_650);
/// Years of the days of a week that is asked for.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;
/// The last day whose week ends in those years.
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 26).expect("a day of December");

/// Whose events are read, by the key that the tables have for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CalendarOwner {
    /// The slots of a mentor.
    Mentor(MentorId),
    /// The slots that a student booked.
    Student(UserId),
}

/// A query that was checked: events that begin from `from` (inclusive) to `to` (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventSpan {
    /// Begin of the span.
    pub(super) from: DateTime<Utc>,
    /// Its end.
    pub(super) to: DateTime<Utc>,
    /// Which part of its events.
    pub(super) page: PageNumber,
}

impl EventSpan {
    /// Checks a query at the instant `now`.
    pub(super) fn read(query: &CalendarQuery, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let from = query.from.unwrap_or(now);
        let to = query.to.unwrap_or(from + DEFAULT_SPAN);
        if to <= from {
            return Err(ApiError::invalid("to", "an instant after `from`"));
        }
        if to - from > TimeDelta::days(MAX_SPAN_DAYS) {
            return Err(ApiError::invalid("to", "at most 400 days after `from`"));
        }
        let per_page = query.per_page.unwrap_or(MAX_EVENTS);
        if !(1..=MAX_EVENTS).contains(&per_page) {
            return Err(ApiError::invalid("per_page", "a number from 1 to 1000"));
        }
        let page = PageNumber {
            page: page_number(query.page, "")?,
            per_page,
        };
        Ok(Self { from, to, page })
    }

    /// The week from that Monday.
    pub(super) fn week(monday: NaiveDate) -> Self {
        let from = monday.and_time(NaiveTime::MIN).and_utc();
        Self {
            from,
            to: from + TimeDelta::days(7),
            page: PageNumber {
                page: 1,
                per_page: MAX_EVENTS,
            },
        }
    }
}

/// The Monday of the week that is asked for.
pub(super) fn monday(query: WeekQuery, now: DateTime<Utc>) -> Result<NaiveDate, ApiError> {
    let date = query.date.unwrap_or_else(|| now.date_naive());
    if !YEARS.contains(&date.year()) || date > LAST_DAY {
        return Err(ApiError::invalid(
            "date",
            "a day from 0001-01-01 to 9999-12-26",
        ));
    }
    Ok(date - Days::new(u64::from(date.weekday().num_days_from_monday())))
}

/// The new begin of an event, in the next ten years; in microseconds, which PostgreSQL keeps.
pub(super) fn new_begin(
    request: MoveRequest,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, ApiError> {
    if request.starts_at > now && request.starts_at - now <= HORIZON {
        Ok(request.starts_at.trunc_subsecs(6))
    } else {
        Err(ApiError::invalid(
            "starts_at",
            "an instant of the next ten years",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_is_bounded_in_time_and_events() {
        let now = at("2027-03-03T10:00:00Z");
        let whole = EventSpan::read(&CalendarQuery::default(), now).unwrap();
        assert_eq!((whole.from, whole.to), (now, now + DEFAULT_SPAN));
        assert_eq!(whole.page.per_page, MAX_EVENTS);
        let query = |to, per_page| CalendarQuery {
            from: Some(now),
            to: Some(to),
            page: None,
            per_page,
        };
        for (query, field) in [
            (query(now, None), "`to`"),
            (
                query(now + TimeDelta::days(MAX_SPAN_DAYS + 1), None),
                "`to`",
            ),
            (query(now + DEFAULT_SPAN, Some(0)), "`per_page`"),
            (
                query(now + DEFAULT_SPAN, Some(MAX_EVENTS + 1)),
                "`per_page`",
            ),
        ] {
            let refused = EventSpan::read(&query, now).unwrap_err();
            assert!(refused.detail().starts_with(field), "{refused}");
        }
    }

    #[test]
    fn a_week_begins_on_the_monday_of_any_of_its_days() {
        let now = at("2027-03-03T10:00:00Z");
        let expected: NaiveDate = "2027-03-01".parse().unwrap();
        assert_eq!(monday(WeekQuery::default(), now).unwrap(), expected);
        for day in 0..7 {
            let date = Some(expected + Days::new(day));
            assert_eq!(monday(WeekQuery { date }, now).unwrap(), expected);
        }
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            assert!(monday(WeekQuery { date: Some(date) }, now).is_err());
        }
    }

    #[test]
    fn an_event_is_moved_ahead_and_not_beyond_ten_years() {
        let now = at("2027-03-03T10:00:00Z");
        let moved = |starts_at| new_begin(MoveRequest { starts_at }, now);
        assert!(moved(now + TimeDelta::hours(1)).is_ok());
        assert!(moved(now).is_err());
        assert!(moved(now + HORIZON + TimeDelta::seconds(1)).is_err());
    }
}
