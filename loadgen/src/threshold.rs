//! One promise about a trial, as people write it.
//!
//! Grammar:
//!
//! ```text
//! threshold  = [ "warn:" ] [ subject ":" ] metric comparison limit
//! subject    = the name of an operation or a flow; without one: all operations together
//! metric     = "p" number | "p(" number ")" | "mean" | "max"       limit: a duration, `1000ms`
//!            | "success" | "errors"                                limit: a percentage, `99%`
//!            | "rate"                                              limit: per second, `50/s`
//! comparison = "<" | "<=" | ">" | ">="
//! ```
//!
//! A percentile is over everything that was planned, failures counting as infinitely slow.

use std::{fmt, str::FromStr};

use shared::time::Millis;

use crate::units::Quantile;

/// A promise that can be held against a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As written.
    pub text: String,
    /// Whether breaking it fails the run, or only warns.
    pub level: Level,
    /// Operation or flow; absent for all together.
    pub subject: Option<String>,
    /// Of which figure.
    pub metric: Metric,
    /// On which side of the limit the figure has to be.
    pub comparison: Comparison,
    /// In the metric's own unit: milliseconds, a ratio from 0 to 1, or per second.
    pub limit: f64,
}

/// What breaking a threshold means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The run fails.
    Fail,
    /// The report warns.
    Warn,
}

/// The figure a threshold speaks of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// Response time at this quantile, in milliseconds.
    Quantile(Quantile),
    /// Mean response time of the successes, in milliseconds.
    Mean,
    /// Longest response time, in milliseconds.
    Max,
    /// Share of requests that were answered as they should.
    Success,
    /// Share of those that were not.
    Errors,
    /// Requests a second that were answered as they should.
    Rate,
}

/// A side of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A text that is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a threshold: {why}; write for example `p95 < 1000ms`, `success > 99%`, `auth.login: p97.5 < 1s` or `warn: rate > 50/s`"
)]
pub struct BadThreshold {
    text: String,
    why: String,
}

impl Metric {
    /// A figure of this metric with its unit, for people.
    pub fn display(self, figure: f64) -> String {
        match self {
            Self::Quantile(_) | Self::Mean | Self::Max => format!("{figure:.1} ms"),
            Self::Success | Self::Errors => format!("{:.3} %", figure * 100.0),
            Self::Rate => format!("{figure:.1}/s"),
        }
    }
}

impl Comparison {
    /// Whether `figure` lies on the right side of `limit`.
    pub fn holds(self, figure: f64, limit: f64) -> bool {
        match self {
            Self::Less => figure < limit,
            Self::LessOrEqual => figure <= limit,
            Self::Greater => figure > limit,
            Self::GreaterOrEqual => figure >= limit,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Threshold {
    type Err = BadThreshold;

    fn from_str(text: &str) -> Result<Self, BadThreshold> {
        let bad = |why: String| BadThreshold {
            text: text.trim().to_owned(),
            why,
        };
        let mut rest = text.trim();
        let mut level = Level::Fail;
        if let Some(after) = rest.strip_prefix("warn:") {
            level = Level::Warn;
            rest = after.trim();
        }
        let mut subject = None;
        if let Some((name, after)) = rest.split_once(':') {
            let name = name.trim();
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(bad(format!("`{name}` is not the name of an operation")));
            }
            subject = Some(name.to_owned());
            rest = after.trim();
        }
        let at = rest
            .find(['<', '>'])
            .ok_or_else(|| bad("it compares nothing: use <, <=, > or >=".to_owned()))?;
        let (metric_text, tail) = rest.split_at(at);
        let (comparison, limit_text) = split_comparison(tail);
        let metric = read_metric(metric_text.trim()).map_err(bad)?;
        let limit = read_limit(metric, limit_text.trim()).map_err(bad)?;
        Ok(Self {
            text: text.trim().to_owned(),
            level,
            subject,
            metric,
            comparison,
            limit,
        })
    }
}

fn split_comparison(tail: &str) -> (Comparison, &str) {
    for (sign, comparison) in [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
    ] {
        if let Some(rest) = tail.strip_prefix(sign) {
            return (comparison, rest);
        }
    }
    (Comparison::Greater, tail.strip_prefix('>').unwrap_or(tail))
}

fn read_metric(text: &str) -> Result<Metric, String> {
    match text {
        "mean" => return Ok(Metric::Mean),
        "max" => return Ok(Metric::Max),
        "success" => return Ok(Metric::Success),
        "errors" => return Ok(Metric::Errors),
        "rate" => return Ok(Metric::Rate),
        _ => {}
    }
    let unknown =
        || format!("`{text}` is not a metric; it is pN, mean, max, success, errors or rate");
    let number = text.strip_prefix('p').ok_or_else(unknown)?;
    let number = number
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(number);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(unknown());
    }
    format!("p{}", number.trim())
        .parse()
        .map(Metric::Quantile)
        .map_err(|error: crate::units::BadQuantile| error.to_string())
}

fn read_limit(metric: Metric, text: &str) -> Result<f64, String> {
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite() && *value >= 0.0)
    };
    match metric {
        Metric::Quantile(_) | Metric::Mean | Metric::Max => text
            .parse::<Millis>()
            .map(|span| span.0 as f64)
            .map_err(|error| error.to_string()),
        Metric::Success | Metric::Errors => text
            .strip_suffix('%')
            .and_then(number)
            .filter(|percent| *percent <= 100.0)
            .map(|percent| percent / 100.0)
            .ok_or_else(|| format!("`{text}` is not a percentage like `99%`")),
        Metric::Rate => text
            .strip_suffix("/s")
            .and_then(number)
            .ok_or_else(|| format!("`{text}` is not a rate like `50/s`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Threshold {
        text.parse().unwrap()
    }

    fn quantile(share: f64) -> Metric {
        Metric::Quantile(Quantile::of(share).unwrap())
    }

    #[test]
    fn the_thresholds_of_the_documents_are_read() {
        let all = read("p95 < 1000ms");
        assert_eq!(
            (
                all.level,
                all.subject,
                all.metric,
                all.comparison,
                all.limit
            ),
            (Level::Fail, None, quantile(0.95), Comparison::Less, 1000.0)
        );
        assert!((read("success > 99%").limit - 0.99).abs() < 1e-12);
        assert_eq!(read("errors < 1%").metric, Metric::Errors);
        let login = read("auth.login: p97.5 < 1s");
        assert_eq!(login.subject.as_deref(), Some("auth.login"));
        assert_eq!(login.metric, quantile(0.975));
        let warn = read("warn: p(99.9) <= 2000ms");
        assert_eq!((warn.level, warn.metric), (Level::Warn, quantile(0.999)));
        assert!((read("warn: chat.send: rate >= 50/s").limit - 50.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_threshold_is_refused_with_the_reason() {
        for (text, why) in [
            ("p95", "compares nothing"),
            ("p95 < 1000", "not a duration"),
            ("p101 < 1s", "not a percentile"),
            ("latency < 1s", "not a metric"),
            ("success > 101%", "not a percentage"),
            ("rate > 50", "not a rate"),
            ("two words: p95 < 1s", "not the name"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
