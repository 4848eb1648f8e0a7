//! Durations as people write them: `250ms`, `30s`, `5m`, `1h`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A span of time in whole milliseconds; reads and prints as `250ms`, `2s`, `5m`, `1h`.
///
/// Grammar: a non-negative decimal number followed by one of `ms`, `s`, `m`, `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Millis(pub u64);

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write a number and a unit, like `250ms`, `30s`, `5m` or `1h`")]
pub struct BadDuration(pub String);

impl Millis {
    /// The same span as a [`Duration`].
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<Duration> for Millis {
    /// Whole milliseconds; what is beyond them is cut off.
    fn from(span: Duration) -> Self {
        Self(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }
}

impl FromStr for Millis {
    type Err = BadDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadDuration(text.to_owned());
        let text = text.trim();
        let split = text
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(bad)?;
        let (number, unit) = text.split_at(split);
        let scale = match unit {
            "ms" => 1.0,
            "s" => 1_000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return Err(bad()),
        };
        let number: f64 = number.trim().parse().map_err(|_| bad())?;
        let ms = number * scale;
        // A year is more than anything here lasts, and far from overflow.
        if !ms.is_finite() || !(0.0..=3.2e10).contains(&ms) {
            return Err(bad());
        }
        Ok(Self(ms.round() as u64))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0s"),
            ms if ms % 3_600_000 == 0 => write!(f, "{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 => write!(f, "{}m", ms / 60_000),
            ms if ms % 1_000 == 0 => write!(f, "{}s", ms / 1_000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

impl TryFrom<String> for Millis {
    type Error = BadDuration;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Millis> for String {
    fn from(span: Millis) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Millis;

    #[test]
    fn durations_read_and_print_the_way_people_write_them() {
        for (text, ms) in [
            ("250ms", 250),
            ("2s", 2_000),
            ("1.5s", 1_500),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("0s", 0),
        ] {
            let span: Millis = text.parse().unwrap();
            assert_eq!(span.0, ms);
            assert_eq!(span.to_string().parse::<Millis>().unwrap(), span);
        }
    }

    #[test]
    fn a_duration_without_a_unit_or_with_a_sign_is_refused() {
        for text in ["5", "s", "", "-1s", "1d", "1e99s", "NaNs", "10 parsecs"] {
            assert!(text.parse::<Millis>().is_err(), "{text}");
        }
    }
}
