//! Types of dashboards: whose, and the instants that bound their figures.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use shared::{
    api::dashboards::PERIOD_DAYS,
    ids::{MentorId, UserId},
};

/// Which lessons a dashboard is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DashboardScope {
    /// All of them.
    Platform,
    /// Those that a mentor gives.
    Mentor(MentorId),
    /// Those that a student booked.
    Student(UserId),
}

impl fmt::Display for DashboardScope {
    /// The name of its cache group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Mentor(id) => write!(f, "mentor/{id}"),
            Self::Student(id) => write!(f, "student/{id}"),
        }
    }
}

/// A text that is no name of a cache group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a group of dashboards")]
pub(super) struct NoScope(String);

impl FromStr for DashboardScope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let wrong = || NoScope(text.to_owned());
        match text.split_once('/') {
            None if text == "platform" => Ok(Self::Platform),
            Some(("mentor", id)) => id.parse().map(Self::Mentor).map_err(|_| wrong()),
            Some(("student", id)) => id.parse().map(Self::Student).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

/// The instants of a day that figures are counted between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DashboardPeriod {
    /// Begin of the first of the 30 days before.
    pub(super) from: DateTime<Utc>,
    /// Begin of the day.
    pub(super) day: DateTime<Utc>,
    /// Begin of the next day.
    pub(super) next: DateTime<Utc>,
    /// Begin of the day a week later.
    pub(super) week: DateTime<Utc>,
    /// End of the thirty days from the day on.
    pub(super) to: DateTime<Utc>,
}

impl DashboardPeriod {
    /// That of a day, UTC.
    pub(super) fn of(day: NaiveDate) -> Self {
        let begin = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
        Self {
            from: begin(day - Days::new(PERIOD_DAYS)),
            day: begin(day),
            next: begin(day + Days::new(1)),
            week: begin(day + Days::new(7)),
            to: begin(day + Days::new(PERIOD_DAYS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_scope_reads_back_from_the_name_of_its_group() {
        let id = Uuid::from_u128(7);
        for scope in [
            DashboardScope::Platform,
            DashboardScope::Mentor(MentorId(id)),
            DashboardScope::Student(UserId(id)),
        ] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for text in ["", "mentor", "mentor/7", "parent/x", "platform/"] {
            assert!(text.parse::<DashboardScope>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_has_thirty_before_it_and_thirty_from_it_on() {
        let period = DashboardPeriod::of("2027-03-03".parse().unwrap());
        assert_eq!((period.day - period.from).num_days(), 30);
        assert_eq!((period.to - period.day).num_days(), 30);
        assert_eq!(period.next.to_string(), "2027-03-04 00:00:00 UTC");
    }
}
