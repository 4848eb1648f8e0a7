//! `Server-Timing`: what one request cost on the server, written and read side by side.
//!
//! The parts and counts are enums. Whoever keeps a figure for each of them (recorder, stored
//! summary, charts) uses an [`EnumMap`], so a new part is one variant here and nothing elsewhere.

use std::fmt::Write as _;

use enum_map::{Enum, EnumMap};
use serde::{Deserialize, Serialize};

/// A named stretch of server time, in the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Enum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerPart {
    /// Waited for a permit of the admission limiter.
    Admission,
    /// Waited for a PostgreSQL connection.
    Pool,
    /// In PostgreSQL statements.
    Db,
    /// In Redis commands, the checkout included.
    Redis,
    /// Hashing a password, the queue for it included.
    Hash,
}

impl ServerPart {
    /// Every part, in order.
    pub const ALL: [Self; 5] = [
        Self::Admission,
        Self::Pool,
        Self::Db,
        Self::Redis,
        Self::Hash,
    ];

    /// The name in the header, in stored files and in style sheets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admission => "admission",
            Self::Pool => "pool",
            Self::Db => "db",
            Self::Redis => "redis",
            Self::Hash => "hash",
        }
    }

    /// The name in reports.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Admission => "admission wait",
            Self::Pool => "pool wait",
            Self::Db => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Hash => "hashing",
        }
    }

    fn by_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|part| part.name().as_bytes() == name)
    }
}

/// Something that the server counts for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Enum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerCount {
    /// PostgreSQL statements sent.
    Queries,
    /// Redis commands sent to read, store or remove values.
    Commands,
    /// Checks of a pooled Redis connection at its checkout: one `UNWATCH` and one `PING` each.
    Pings,
    /// Cache lookups that found a value.
    Hits,
    /// Cache lookups that did not.
    Misses,
}

impl ServerCount {
    /// Every count, in order.
    pub const ALL: [Self; 5] = [
        Self::Queries,
        Self::Commands,
        Self::Pings,
        Self::Hits,
        Self::Misses,
    ];

    /// The name in the header and in stored files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queries => "queries",
            Self::Commands => "commands",
            Self::Pings => "pings",
            Self::Hits => "hits",
            Self::Misses => "misses",
        }
    }

    fn by_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|count| count.name().as_bytes() == name)
    }
}

/// What one request cost on the server, as carried by `Server-Timing`.
///
/// Grammar: `admission;dur=0.0, pool;dur=0.1, db;dur=1.2, redis;dur=0.3, hash;dur=50.0,
/// total;dur=52.0, queries;desc="3", commands;desc="1", pings;desc="0", hits;desc="1",
/// misses;desc="0", age;dur=1234`; durations are milliseconds. `age` is there only where the response body came
/// from a cache; the standard `Age` header then has the same in whole seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerTiming {
    /// Microseconds in each part.
    pub us: EnumMap<ServerPart, u32>,
    /// Microseconds from the first byte read to the response made, all parts included.
    pub total_us: u32,
    /// What was counted.
    pub counts: EnumMap<ServerCount, u16>,
    /// Milliseconds since the load of the cached value that the body is made of began; `None`
    /// where the body was made from the database.
    pub cache_age_ms: Option<u32>,
}

impl ServerTiming {
    /// The header's value.
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(192);
        let parts = self.us.iter().map(|(part, us)| (part.name(), *us));
        for (name, us) in parts.chain([("total", self.total_us)]) {
            let _infallible = write!(out, "{name};dur={}.{:03}, ", us / 1_000, us % 1_000);
        }
        for (index, (count, value)) in self.counts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _infallible = write!(out, "{comma}{};desc=\"{value}\"", count.name());
        }
        if let Some(age) = self.cache_age_ms {
            let _infallible = write!(out, ", age;dur={age}");
        }
        out
    }

    /// Reads what [`write`](Self::write) wrote; unknown metrics are ignored. Allocates nothing.
    pub fn parse(value: &str) -> Self {
        let value = value.as_bytes();
        Self::as_written(value).unwrap_or_else(|| Self::of_metrics(value))
    }

    /// Reads exactly what [`write`](Self::write) writes, in one pass: a client reads this header of each
    /// response.
    fn as_written(value: &[u8]) -> Option<Self> {
        let mut out = Self::default();
        let mut rest = value;
        for part in ServerPart::ALL {
            (out.us[part], rest) = leading_micros(behind(rest, part.name(), b";dur=")?)?;
            rest = rest.strip_prefix(b", ")?;
        }
        (out.total_us, rest) = leading_micros(behind(rest, "total", b";dur=")?)?;
        for count in ServerCount::ALL {
            rest = behind(rest.strip_prefix(b", ")?, count.name(), b";desc=\"")?;
            let (number, end) = leading_whole(rest)?;
            out.counts[count] = number.try_into().ok()?;
            rest = end.strip_prefix(b"\"")?;
        }
        if !rest.is_empty() {
            rest = behind(rest.strip_prefix(b", ")?, "age", b";dur=")?;
            let (age, end) = leading_whole(rest)?;
            (out.cache_age_ms, rest) = (Some(age), end);
        }
        rest.is_empty().then_some(out)
    }

    /// Reads metrics in any order, with any others between them.
    fn of_metrics(value: &[u8]) -> Self {
        // Bytes: the fields are too short for the searches of `str` to pay.
        let mut out = Self::default();
        for metric in value.split(|byte| *byte == b',') {
            let mut fields = metric.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let name = fields.next().unwrap_or_default();
            for field in fields {
                if let Some(text) = field.strip_prefix(b"dur=") {
                    out.set_duration(name, text);
                } else if let Some(text) = field.strip_prefix(b"desc=") {
                    out.set_count(name, text);
                }
            }
        }
        out
    }

    fn set_duration(&mut self, name: &[u8], text: &[u8]) {
        match name {
            b"age" => self.cache_age_ms = whole(unquoted(text)),
            b"total" => self.total_us = micros(unquoted(text)),
            _ => {
                if let Some(part) = ServerPart::by_name(name) {
                    self.us[part] = micros(unquoted(text));
                }
            }
        }
    }

    fn set_count(&mut self, name: &[u8], text: &[u8]) {
        if let Some(count) = ServerCount::by_name(name) {
            let value = whole(unquoted(text)).and_then(|value| u16::try_from(value).ok());
            self.counts[count] = value.unwrap_or(0);
        }
    }
}

/// What follows a name and what is between it and its figure.
fn behind<'a>(text: &'a [u8], name: &str, between: &[u8]) -> Option<&'a [u8]> {
    text.strip_prefix(name.as_bytes())?.strip_prefix(between)
}

/// The number of the leading digits, and the rest.
fn leading_whole(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    Some((whole(digits)?, rest))
}

/// Microseconds of a leading number of milliseconds with three decimals, and the rest.
fn leading_micros(text: &[u8]) -> Option<(u32, &[u8])> {
    let (ms, rest) = leading_whole(text)?;
    let (decimals, rest) = rest.strip_prefix(b".")?.split_at_checked(3)?;
    let us = ms.checked_mul(1_000)?.checked_add(whole(decimals)?)?;
    Some((us, rest))
}

fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""))
        .unwrap_or(text)
}

/// A number of digits alone.
fn whole(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u32, |value, byte| {
        let digit = u32::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Microseconds of a text in milliseconds; 0 where it is no number.
fn micros(text: &[u8]) -> u32 {
    // `write` makes exactly three decimals: two whole numbers are read faster than a float.
    if let Some(point) = text.len().checked_sub(4)
        && text[point] == b'.'
        && let (Some(ms), Some(decimals)) = (whole(&text[..point]), whole(&text[point + 1..]))
    {
        return ms.saturating_mul(1_000).saturating_add(decimals);
    }
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.parse::<f64>().map_or(0, |ms| {
        (ms * 1_000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
    })
}

#[cfg(test)]
mod tests {
    use enum_map::enum_map;
    use proptest::prelude::*;

    use super::*;

    fn example() -> ServerTiming {
        ServerTiming {
            us: enum_map! {
                ServerPart::Admission => 9,
                ServerPart::Pool => 17,
                ServerPart::Db => 1_234,
                ServerPart::Redis => 5,
                ServerPart::Hash => 50_000,
            },
            total_us: 61_001,
            counts: enum_map! {
                ServerCount::Queries => 21,
                ServerCount::Commands => 2,
                ServerCount::Pings => 7,
                ServerCount::Hits => 1,
                ServerCount::Misses => 3,
            },
            cache_age_ms: None,
        }
    }

    #[test]
    fn server_timing_reads_back_as_it_was_written() {
        let timing = example();
        assert_eq!(ServerTiming::parse(&timing.write()), timing);
        let aged = ServerTiming {
            cache_age_ms: Some(299_999),
            ..timing
        };
        assert_eq!(ServerTiming::parse(&aged.write()), aged);
    }

    #[test]
    fn the_header_names_every_part_and_count_in_order() {
        assert_eq!(
            example().write(),
            "admission;dur=0.009, pool;dur=0.017, db;dur=1.234, redis;dur=0.005, \
             hash;dur=50.000, total;dur=61.001, queries;desc=\"21\", commands;desc=\"2\", \
             pings;desc=\"7\", hits;desc=\"1\", misses;desc=\"3\""
        );
    }

    #[test]
    fn durations_with_other_decimals_are_read_as_well() {
        let timing = ServerTiming::parse("db;dur=1.5, pool;dur=2, total;dur=53.25");
        assert_eq!(timing.us[ServerPart::Db], 1_500);
        assert_eq!(timing.us[ServerPart::Pool], 2_000);
        assert_eq!(timing.total_us, 53_250);
    }

    #[test]
    fn a_foreign_server_timing_header_does_no_harm() {
        assert_eq!(
            ServerTiming::parse("cdn-cache; desc=HIT, edge; dur=abc,;;,=,db"),
            ServerTiming::default()
        );
    }

    #[test]
    fn stored_names_are_those_of_the_header() {
        for part in ServerPart::ALL {
            assert_eq!(serde_json::to_value(part).unwrap(), part.name());
        }
        for count in ServerCount::ALL {
            assert_eq!(serde_json::to_value(count).unwrap(), count.name());
        }
    }

    fn any_timing() -> impl Strategy<Value = ServerTiming> {
        let figures = (any::<[u32; 6]>(), any::<[u16; 5]>(), any::<Option<u32>>());
        figures.prop_map(|(us, counts, cache_age_ms)| ServerTiming {
            us: EnumMap::from_fn(|part| us[part as usize]),
            total_us: us[5],
            counts: EnumMap::from_fn(|count| counts[count as usize]),
            cache_age_ms,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn every_timing_reads_back_as_it_was_written(timing in any_timing()) {
            let text = timing.write();
            prop_assert_eq!(ServerTiming::as_written(text.as_bytes()), Some(timing));
            prop_assert_eq!(ServerTiming::of_metrics(text.as_bytes()), timing);
        }

        #[test]
        fn a_text_that_is_nearly_as_written_is_read_by_its_metrics(
            timing in any_timing(),
            at in any::<prop::sample::Index>(),
            by in prop_oneof!["", "[ ,;=.\"0-9a-z]{1,2}"],
            length in 0..3_usize,
        ) {
            let mut text = timing.write();
            let at = at.index(text.len());
            text.replace_range(at..(at + length).min(text.len()), &by);
            prop_assert_eq!(ServerTiming::parse(&text), ServerTiming::of_metrics(text.as_bytes()));
        }

        #[test]
        fn any_text_is_read_as_a_timing_that_can_be_written(text in prop_oneof![
            ".{0,60}",
            "((db|pool|total|age|hits|x)[ ;]{0,2}(dur|desc)?[= ]{0,2}\"?[-+.0-9e]{0,14}\"?[,;]? ?){0,5}",
        ]) {
            let timing = ServerTiming::parse(&text);
            prop_assert_eq!(ServerTiming::parse(&timing.write()), timing);
        }
    }
}
