//! Switch values that are a share, or a time that may be off.

use std::{fmt, str::FromStr};

use super::values::SwitchValue;
use crate::time::Millis;

/// A whole number of percent from 0 to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WholePercent<const MAX: u32>(u32);

impl<const MAX: u32> WholePercent<MAX> {
    /// The share: 0.25 for `25%`.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl<const MAX: u32> fmt::Display for WholePercent<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl<const MAX: u32> FromStr for WholePercent<MAX> {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        text.strip_suffix('%')
            .and_then(|number| number.parse().ok())
            .filter(|number| *number <= MAX)
            .map(Self)
            .ok_or(())
    }
}

impl<const MAX: u32> SwitchValue for WholePercent<MAX> {
    fn accepts() -> String {
        format!("a whole share from 0% to {MAX}%")
    }

    fn forms() -> Vec<&'static str> {
        Vec::new()
    }
}

/// A time, or nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lasting {
    /// Not done.
    Off,
    /// Done, for so long.
    For(Millis),
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::For(span) => span.fmt(f),
        }
    }
}

impl FromStr for Lasting {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::For).map_err(|_| ())
    }
}

impl SwitchValue for Lasting {
    fn accepts() -> String {
        "off, or a duration like 250ms, 30s or 5m".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        vec!["off", "5s"]
    }
}

/// A time from nothing to `MAX` whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortTime<const MAX: u64>(Millis);

impl<const MAX: u64> ShortTime<MAX> {
    /// The time.
    pub const fn get(self) -> Millis {
        self.0
    }
}

impl<const MAX: u64> fmt::Display for ShortTime<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0.0)
    }
}

impl<const MAX: u64> FromStr for ShortTime<MAX> {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse::<Millis>()
            .ok()
            .filter(|time| time.0 <= MAX)
            .map(Self)
            .ok_or(())
    }
}

impl<const MAX: u64> SwitchValue for ShortTime<MAX> {
    fn accepts() -> String {
        format!("a time from 0ms to {MAX}ms")
    }

    fn forms() -> Vec<&'static str> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_its_sign_and_stays_within_its_bound() {
        let tenth = "10%".parse::<WholePercent<50>>().unwrap().share();
        assert!((tenth - 0.1).abs() < 1e-9);
        assert_eq!("0%".parse::<WholePercent<50>>().unwrap().to_string(), "0%");
        for wrong in ["10", "51%", "-1%", "1.5%", "%"] {
            assert!(wrong.parse::<WholePercent<50>>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_short_time_stays_within_its_bound_and_prints_milliseconds() {
        for (text, printed) in [
            ("0ms", "0ms"),
            ("0s", "0ms"),
            ("20ms", "20ms"),
            ("50ms", "50ms"),
        ] {
            assert_eq!(text.parse::<ShortTime<50>>().unwrap().to_string(), printed);
        }
        for wrong in ["51ms", "1s", "20", "-1ms", "off"] {
            assert!(wrong.parse::<ShortTime<50>>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_may_be_off_reads_and_prints_the_same() {
        assert_eq!("off".parse(), Ok(Lasting::Off));
        assert_eq!("30s".parse(), Ok(Lasting::For(Millis(30_000))));
        assert_eq!("30s".parse::<Lasting>().unwrap().to_string(), "30s");
        assert!("on".parse::<Lasting>().is_err());
    }
}
