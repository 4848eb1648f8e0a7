//! Numbers with a unit: rates, nanoseconds, quantiles, percentages. Durations in files and options
//! are [`shared::time::Millis`].

use std::{fmt, ops, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use shared::number::{needless_zeros, without_underscores, without_zeros};

/// A value is stored as the text that it reads and prints.
macro_rules! stored_as_text {
    ($value:ty, $error:ty) => {
        impl TryFrom<String> for $value {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$value> for String {
            fn from(value: $value) -> Self {
                value.to_string()
            }
        }
    };
}

/// A number with or without decimals; `None` too where it begins with a zero that it does not need.
fn decimal(text: &str) -> Option<f64> {
    let number = text.parse().ok()?;
    without_zeros(text).is_none().then_some(number)
}

/// Why a text is refused: for zeros that its numbers begin with, or else because it is not `what`.
fn refusal<T: FromStr>(text: &str, what: &str) -> String {
    needless_zeros(text, |right| right.parse::<T>().is_ok())
        .unwrap_or_else(|| format!("`{text}` is not {what}"))
}

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A point in time since the epoch of the trial's clock, or a span, in nanoseconds.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Nanos(pub u64);

impl Nanos {
    /// That many whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * NANOS_PER_SECOND)
    }

    /// That many whole milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }

    /// The same span; a [`Duration`] beyond 584 years is cut to that.
    pub fn from_duration(span: Duration) -> Self {
        Self(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The same span as a [`Duration`].
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// In milliseconds.
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A rate of at most a million per second, kept as an exact fraction so that the k-th arrival can
/// be computed in integers. Zero is the rate of a pause, and an end of a ramp; only
/// [`Rate::or_zero`] reads it.
///
/// Grammar: a decimal number of at most three places, `/`, one of `s`, `m`, `h`: `10/s`,
/// `2.5/s`, `600/m`. `_` may part its digits, like `1_000/s`. It begins with no zero that it does not need:
/// `010/s` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    thousandths: u64,
    period_s: u64,
}

/// A text that is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", bad_rate(.0))]
pub struct BadRate(pub String);

fn bad_rate(text: &str) -> String {
    needless_zeros(text, |right| Rate::or_zero(right).is_ok()).unwrap_or_else(|| {
        format!(
            "`{text}` is not a rate: write a number above 0 (at most 1000000 a second, three decimals) and a unit, like `50/s`, `2.5/s` or `600/m`"
        )
    })
}

impl Rate {
    /// The rate of a number per second, rounded to a thousandth; from 0.001 to a million.
    pub fn per_second(count: impl Into<f64>) -> Result<Self, BadRate> {
        let count = count.into();
        Self::from_thousandths(count * 1_000.0, 1).ok_or_else(|| BadRate(format!("{count}/s")))
    }

    /// A rate of so many thousandths in a period; `None` outside of the bounds.
    fn from_thousandths(thousandths: f64, period_s: u64) -> Option<Self> {
        let most = 1e6 * 1_000.0 * period_s as f64;
        let rounded = thousandths.round();
        (1.0..=most).contains(&rounded).then_some(Self {
            thousandths: rounded as u64,
            period_s,
        })
    }

    /// Reads a rate, or zero: `0/s`.
    pub fn or_zero(text: &str) -> Result<Self, BadRate> {
        match parts(text) {
            Some((0.0, period_s)) => Ok(Self {
                thousandths: 0,
                period_s,
            }),
            _ => text.parse(),
        }
    }

    /// Whether nothing arrives.
    pub const fn is_zero(self) -> bool {
        self.thousandths == 0
    }

    /// As a floating-point number a second, for people and for ramps.
    pub fn as_per_second(self) -> f64 {
        self.thousandths as f64 / (1_000.0 * self.period_s as f64)
    }

    /// When the `k`-th event of an even stream is due after the first: `k` / rate, rounded down;
    /// at the end of time if nothing arrives.
    /// Computed from `k`, so that no error accumulates.
    pub fn nth(self, k: u64) -> Nanos {
        if self.is_zero() {
            return Nanos(u64::MAX);
        }
        let span = u128::from(k) * u128::from(self.period_s) * 1_000 * 1_000_000_000
            / u128::from(self.thousandths);
        Nanos(u64::try_from(span).unwrap_or(u64::MAX))
    }
}

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadRate(text.to_owned());
        let (number, period_s) = parts(text).ok_or_else(bad)?;
        let thousandths = number * 1_000.0;
        // A value with more decimals is refused, not rounded; a large one has an error of its own.
        let error = (thousandths.abs() * 1e-15).max(1e-6);
        if (thousandths - thousandths.round()).abs() > error {
            return Err(bad());
        }
        Self::from_thousandths(thousandths, period_s).ok_or_else(bad)
    }
}

/// Number and period in seconds of a rate.
fn parts(text: &str) -> Option<(f64, u64)> {
    let (number, unit) = text.trim().split_once('/')?;
    let period_s = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let number = without_underscores(number.trim())?;
    Some((decimal(&number)?, period_s))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.period_s {
            60 => "m",
            3_600 => "h",
            _ => "s",
        };
        write!(f, "{}/{unit}", self.thousandths as f64 / 1_000.0)
    }
}

stored_as_text!(Rate, BadRate);

/// A share of a distribution: above 0 and at most 1. Reads `p97.5` and prints the same.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quantile(f64);

/// A text or number that is not a quantile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", refusal::<Quantile>(.0, "a percentile: write p and a number above 0 and at most 100, like `p97.5`"))]
pub struct BadQuantile(pub String);

impl Quantile {
    /// The quantile of a share: 0.975.
    pub fn of(share: f64) -> Result<Self, BadQuantile> {
        if share > 0.0 && share <= 1.0 {
            Ok(Self(share))
        } else {
            Err(BadQuantile(share.to_string()))
        }
    }

    /// The share: 0.975.
    pub const fn share(self) -> f64 {
        self.0
    }

    /// How many of `n` sorted values lie at or below it: ceil(q·n), and 1 at least.
    ///
    /// The rounding error of the product must not push an exact rank to the next one.
    pub fn rank(self, n: u64) -> u64 {
        let exact = self.0 * n as f64;
        let nearest = exact.round();
        let rank = if (exact - nearest).abs() <= 1e-9 * nearest.max(1.0) {
            nearest
        } else {
            exact.ceil()
        };
        (rank as u64).max(1)
    }
}

impl FromStr for Quantile {
    type Err = BadQuantile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadQuantile(text.to_owned());
        let number = text.trim().strip_prefix('p').ok_or_else(bad)?;
        let percent = decimal(number).ok_or_else(bad)?;
        // Through nine decimals, or 99.9 / 100 would be a hair above 0.999.
        Self::of((percent * 1e7).round() / 1e9).map_err(|_| bad())
    }
}

impl fmt::Display for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", (self.0 * 1e9).round() / 1e7)
    }
}

stored_as_text!(Quantile, BadQuantile);

/// A share between 0 and 100 percent. Reads `1%` and `0.5%`, and prints the same.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(f64);

/// A text that is not a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", refusal::<Percent>(.0, "a percentage: write a number from 0 to 100 and %, like `0.5%`"))]
pub struct BadPercent(pub String);

impl Percent {
    /// As a share: 0 to 1.
    pub fn share(self) -> f64 {
        self.0 / 100.0
    }
}

impl FromStr for Percent {
    type Err = BadPercent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadPercent(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(bad)?;
        let number = decimal(number.trim()).ok_or_else(bad)?;
        if (0.0..=100.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

stored_as_text!(Percent, BadPercent);

#[cfg(test)]
#[path = "units_property_tests.rs"]
mod property_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_parsed_and_printed_as_written() {
        for (text, per_second) in [
            ("10/s", 10.0),
            ("600/m", 10.0),
            ("2.5/s", 2.5),
            ("36/h", 0.01),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert!((rate.as_per_second() - per_second).abs() < 1e-12);
            assert_eq!(rate.to_string(), text);
        }
    }

    #[test]
    fn a_rate_of_zero_or_above_the_limit_is_refused() {
        for text in [
            "0/s",
            "-1/s",
            "10",
            "10/d",
            "1000001/s",
            "NaN/s",
            "inf/s",
            "0.0001/s",
            "/s",
            "2_000_000/s",
        ] {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is not a rate")),
                "{error}"
            );
        }
        assert!("1000000/s".parse::<Rate>().is_ok());
    }

    #[test]
    fn the_digits_of_a_rate_may_be_parted() {
        for (text, same) in [
            ("1_000/s", "1000/s"),
            ("1_000.5 / m", "1000.5/m"),
            ("1_000_000/s", "1000000/s"),
        ] {
            assert_eq!(text.parse::<Rate>(), same.parse(), "{text}");
        }
        for wrong in ["_1/s", "1_/s", "1__0/s", "1_.5/s"] {
            assert!(Rate::or_zero(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn zero_is_read_only_where_it_is_allowed() {
        for text in ["0/s", "0.0/m", "-0/s"] {
            assert!(Rate::or_zero(text).unwrap().is_zero(), "{text}");
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        assert_eq!(Rate::or_zero("5/s"), "5/s".parse());
        assert_eq!(Rate::or_zero("0/s").unwrap().to_string(), "0/s");
        assert!(Rate::or_zero("0").is_err());
    }

    #[test]
    fn a_number_that_begins_with_a_zero_is_refused_with_what_it_would_be() {
        fn refused<T: FromStr<Err: fmt::Display> + fmt::Debug>(text: &str, right: &str) {
            let error = text.parse::<T>().unwrap_err().to_string();
            let said = format!("`{text}` begins with a zero: write `{right}`");
            assert!(error.ends_with(&said), "{error}");
            assert!(right.parse::<T>().is_ok(), "{right}");
        }
        refused::<Rate>("010/s", "10/s");
        refused::<Rate>("00.5/s", "0.5/s");
        refused::<Rate>("01_000/s", "1000/s");
        refused::<Rate>("0_100/s", "100/s");
        refused::<Percent>("01%", "1%");
        refused::<Percent>("00%", "0%");
        refused::<Quantile>("p095", "p95");
        refused::<Quantile>("p00.5", "p0.5");
        let zero = Rate::or_zero("00/s").unwrap_err().to_string();
        assert_eq!(zero, "`00/s` begins with a zero: write `0/s`");
        for text in ["0.5/s", ".5/s", "0/s", "0.0/m", "100/s"] {
            assert!(Rate::or_zero(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_nth_arrival_of_a_rate_that_does_not_divide_a_second_stays_exact() {
        let rate: Rate = "3/s".parse().unwrap();
        assert_eq!(rate.nth(1), Nanos(333_333_333));
        assert_eq!(rate.nth(3), Nanos::from_secs(1));
        assert_eq!(rate.nth(3_000_000_000), Nanos::from_secs(1_000_000_000));
    }

    #[test]
    fn a_rank_is_not_pushed_up_by_rounding_of_the_product() {
        let p999: Quantile = "p99.9".parse().unwrap();
        assert_eq!(p999.rank(1_000), 999);
        assert_eq!("p7".parse::<Quantile>().unwrap().rank(100), 7);
        assert_eq!("p97.5".parse::<Quantile>().unwrap().rank(1_001), 976);
        assert_eq!("p50".parse::<Quantile>().unwrap().rank(1), 1);
        assert_eq!(p999.to_string(), "p99.9");
    }

    #[test]
    fn quantiles_and_percentages_outside_of_their_range_are_refused() {
        for text in ["p0", "p101", "95", "p", "pNaN"] {
            assert!(text.parse::<Quantile>().is_err(), "{text}");
        }
        for text in ["101%", "-1%", "1", "%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
        assert!(("0.5%".parse::<Percent>().unwrap().share() - 0.005).abs() < 1e-15);
    }
}
