//! Statuses of responses, one by one and by the range: `404`, `4xx`, `200-299`, `200,404`.

use std::{fmt, str::FromStr};

/// `404`, all of `4xx`, or `200-299`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusClass {
    /// The first status.
    pub from: u16,
    /// The last.
    pub to: u16,
}

/// A text that names no statuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a status like `404`, `5xx` or `200-299` (100 to 599)")]
pub struct BadStatus(String);

impl StatusClass {
    /// Whether a status is one of them.
    pub fn contains(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl FromStr for StatusClass {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadStatus(text.to_owned());
        let one = |text: &str| {
            let status = text.trim().parse().ok();
            status.filter(|status: &u16| (100..=599).contains(status))
        };
        if let Some(class) = text.trim().strip_suffix("xx") {
            let class: u16 = class.parse().map_err(|_| bad())?;
            return match class {
                1..=5 => Ok(Self {
                    from: class * 100,
                    to: class * 100 + 99,
                }),
                _ => Err(bad()),
            };
        }
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (one(from), one(to)) {
            (Some(from), Some(to)) if from <= to => Ok(Self { from, to }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for StatusClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (from, to) if from == to => write!(f, "{from}"),
            (from, to) if from % 100 == 0 && to == from + 99 => write!(f, "{}xx", from / 100),
            (from, to) => write!(f, "{from}-{to}"),
        }
    }
}

/// Several of them, separated by commas; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<StatusClass>);

impl StatusSet {
    /// The set of one status.
    pub fn one(status: u16) -> Self {
        Self(vec![StatusClass {
            from: status,
            to: status,
        }])
    }

    /// Whether a status is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|class| class.contains(status))
    }
}

impl FromStr for StatusSet {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, class) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{class}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_listed_and_given_by_class_and_by_range() {
        let set: StatusSet = "200, 404,5xx,301-303".parse().unwrap();
        for (status, inside) in [(200, true), (201, false), (404, true), (500, true)] {
            assert_eq!(set.contains(status), inside, "{status}");
        }
        assert!(set.contains(302) && !set.contains(304) && set.contains(599));
        assert_eq!(set.to_string(), "200,404,5xx,301-303");
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in [
            "", "200,", "99", "600", "6xx", "xx", "299-200", "2x", "200-", "ten", "-200",
        ] {
            assert!(text.parse::<StatusSet>().is_err(), "{text}");
        }
    }
}
