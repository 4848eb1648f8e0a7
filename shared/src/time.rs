//! Durations as people write them: `250ms`, `30s`, `5m`, `1h`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::number::{needless_zeros, without_underscores, without_zeros};

/// A span of time in whole milliseconds; reads and prints as `250ms`, `2s`, `5m`, `1h`.
///
/// Grammar: that of [`nanoseconds`], and a whole number of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Millis(pub u64);

/// A text that is not a duration. A number alone is refused, because programs differ in what they
/// take it for: seconds or milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", refusal(.0))]
pub struct BadDuration(pub String);

fn refusal(text: &str) -> String {
    if is_too_long(text) {
        return format!("`{text}` is too long: a duration is at most {LONGEST}");
    }
    needless_zeros(text, |right| nanoseconds(right).is_ok())
        .unwrap_or_else(|| format!("`{text}` is not a duration: {}", hint(text)))
}

/// What would be a duration.
fn hint(text: &str) -> String {
    let number = text.trim();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = without_zeros(number).unwrap_or_else(|| number.to_owned());
        return format!("it has no unit; write `{number}s` or `{number}ms`");
    }
    "write a number and a unit, like `250ms`, `30s`, `1m30s` or `1h`; only a limit of response times may be finer than a millisecond".to_owned()
}

/// The units, from the largest; a span names each at most once, in this order.
const UNITS: [(&str, f64); 5] = [
    ("h", 3.6e12),
    ("m", 6e10),
    ("s", 1e9),
    ("ms", 1e6),
    ("us", 1e3),
];
/// A year is more than anything here lasts, and far from overflow.
const LONGEST: Millis = Millis(8_784 * 3_600_000);

/// Reads a span in whole nanoseconds: `400us`, `2.4ms`, `1.5s`, `1m30s`, `1h`.
///
/// Grammar: one or more non-negative decimal numbers, each followed by one of `h`, `m`, `s`, `ms`,
/// `us`, the units in this order. `_` may part digits, like `1_500ms`. No number begins with a zero that it does
/// not need: `010s` is refused.
pub fn nanoseconds(text: &str) -> Result<u64, BadDuration> {
    let total = unbounded(text)?;
    if total > longest_ns() {
        return Err(BadDuration(text.to_owned()));
    }
    Ok(total as u64)
}

/// Whether it is a duration, but for its length.
fn is_too_long(text: &str) -> bool {
    unbounded(text).is_ok_and(|total| total > longest_ns())
}

fn longest_ns() -> f64 {
    LONGEST.0 as f64 * 1e6
}

/// The nanoseconds of a span of any length.
fn unbounded(text: &str) -> Result<f64, BadDuration> {
    let bad = || BadDuration(text.to_owned());
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut total = 0.0;
    loop {
        let unit_at = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(bad)?;
        let (number, tail) = rest.split_at(unit_at);
        let end = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, after) = tail.split_at(end);
        let (_, scale) = units.find(|(name, _)| *name == unit).ok_or_else(bad)?;
        let number = without_underscores(number.trim()).ok_or_else(bad)?;
        if without_zeros(&number).is_some() {
            return Err(bad());
        }
        let number: f64 = number.parse().map_err(|_| bad())?;
        if number.is_sign_negative() {
            return Err(bad());
        }
        total += (number * scale).round();
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(total);
        }
    }
}

impl BadDuration {
    /// Whether the text would be a duration, were it not longer than a year.
    pub fn is_too_long(&self) -> bool {
        is_too_long(&self.0)
    }
}

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
        let nanos = nanoseconds(text)?;
        if nanos % 1_000_000 != 0 {
            return Err(BadDuration(text.to_owned()));
        }
        Ok(Self(nanos / 1_000_000))
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
    use super::{Millis, nanoseconds};

    #[test]
    fn durations_read_and_print_the_way_people_write_them() {
        for (text, ms) in [
            ("250ms", 250),
            ("2s", 2_000),
            ("1.5s", 1_500),
            ("1_500ms", 1_500),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("0s", 0),
            ("1m30s", 90_000),
            ("1h 2m 3s 4ms", 3_723_004),
        ] {
            let span: Millis = text.parse().unwrap();
            assert_eq!(span.0, ms);
            assert_eq!(span.to_string().parse::<Millis>().unwrap(), span);
        }
    }

    #[test]
    fn a_duration_without_a_unit_or_with_a_sign_is_refused() {
        for text in [
            "5",
            "s",
            "",
            "-1s",
            "1d",
            "1e99s",
            "NaNs",
            "10 parsecs",
            "30s1m",
            "1s1s",
            "1__0s",
            "1_s",
            "1m30",
        ] {
            assert!(text.parse::<Millis>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_that_is_too_long_is_refused_with_the_longest() {
        assert!("8784h".parse::<Millis>().is_ok());
        let digits = format!("{}h", "9".repeat(400));
        for text in ["8784h 1ms", "99999999999h", "1_000_000h", digits.as_str()] {
            let error = text.parse::<Millis>().unwrap_err();
            assert!(error.is_too_long(), "{text}");
            assert!(error.to_string().ends_with("at most 8784h"), "{error}");
        }
        assert!(!"10".parse::<Millis>().unwrap_err().is_too_long());
    }

    #[test]
    fn a_number_that_begins_with_a_zero_is_refused_with_what_it_would_be() {
        for (text, right) in [
            ("010ms", "10ms"),
            ("+010s", "+10s"),
            ("00s", "0s"),
            ("00.5s", "0.5s"),
            ("01h", "1h"),
            ("1h 05m", "1h 5m"),
            ("1m030s", "1m30s"),
            ("0400us", "400us"),
        ] {
            let error = nanoseconds(text).unwrap_err().to_string();
            let said = format!("`{text}` begins with a zero: write `{right}`");
            assert!(error.ends_with(&said), "{error}");
            assert!(text.parse::<Millis>().is_err(), "{text}");
            assert!(nanoseconds(right).is_ok(), "{right}");
        }
        for text in ["0s", "0ms", "0.5s", "1.05s", ".5s", "1h0m5s"] {
            assert!(text.parse::<Millis>().is_ok(), "{text}");
        }
        let error = "010".parse::<Millis>().unwrap_err().to_string();
        assert!(error.contains("write `10s` or `10ms`"), "{error}");
    }

    #[test]
    fn nanoseconds_are_exact_and_only_whole_milliseconds_are_a_span_of_them() {
        for (text, ns) in [
            ("2.4ms", 2_400_000),
            ("0.4ms", 400_000),
            ("400us", 400_000),
            ("1.5us", 1_500),
            ("1m30s", 90_000_000_000),
        ] {
            assert_eq!(nanoseconds(text).unwrap(), ns, "{text}");
        }
        assert!("0.4ms".parse::<Millis>().is_err());
    }
}
