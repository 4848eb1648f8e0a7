//! What a threshold means.

use std::{cmp::Ordering, fmt};

use shared::time::Millis;

use super::{status::StatusClass, word::ThresholdWord};
use crate::units::Quantile;

/// A limit that a figure has to meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As written.
    pub text: String,
    /// Whether breaking it fails the run, or only warns.
    pub level: Level,
    /// After so long into the load, breaking it ends the run; absent where it is only judged
    /// at the end.
    pub abort_after: Option<Millis>,
    /// Which requests it speaks of.
    pub scope: Scope,
    /// Of which figure.
    pub metric: ThresholdMetric,
    /// On which side of the limit the figure has to be.
    pub comparison: Comparison,
    /// In the metric's own unit; see [`ThresholdMetric`].
    pub limit: f64,
    /// Beyond `limit` and up to here it is a warning, not a failure.
    pub tolerated: Option<f64>,
    /// Whether the limit was written as a percentage: a count otherwise.
    pub percent: bool,
}

/// The requests that a threshold speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those of an operation or a flow, by its name.
    Subject(String),
    /// The iterations of a flow, by its name, each as if it were one request: from the intended start
    /// of its first request to the end of the last.
    Flow(String),
    /// Those whose intended start lies in a phase, by its name.
    Phase(String),
    /// Those of the operations that are sent with this method.
    Method(String),
    /// Those that were answered with a status of this class.
    Status(StatusClass),
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
pub enum ThresholdMetric {
    /// Response time at this quantile, in nanoseconds.
    Quantile(Quantile),
    /// Mean response time of the successes, in nanoseconds.
    Mean,
    /// Longest response time, in nanoseconds.
    Max,
    /// Share of requests that were answered as they should.
    Success,
    /// Share, or number, of those that were not.
    Errors,
    /// Share, or number, of those that were not answered in time.
    Timeouts,
    /// Share, or number, of those that were not sent because too many were under way.
    Dropped,
    /// Requests a second that were answered as they should.
    Rate,
    /// Share, or number, of the requests in a status scope.
    Count,
    /// Bytes of bodies received a second.
    Bytes,
    /// Share of the sent messages that came back in time.
    Delivery,
    /// Processor time of the target, as a share of one core.
    TargetCpu,
    /// Largest resident memory of the target, in bytes.
    TargetMemory,
    /// Most connections of the pool in use, as a share of its size.
    PoolUse,
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

impl Threshold {
    /// A figure with its unit, for people: with so many digits that what is printed lies on the
    /// same side of the limits as the figure.
    pub fn display(&self, figure: f64) -> String {
        if !figure.is_finite() {
            return "beyond the timeout".to_owned();
        }
        let FigureUnit {
            unit,
            scale,
            decimals,
        } = self.unit(figure);
        let shown = |decimals: usize| format!("{:.decimals$}", figure / scale);
        let sides = |figure: f64| {
            let side = |limit| side(figure, limit);
            (side(self.limit), self.tolerated.map(side))
        };
        let same = |text: &String| {
            text.parse::<f64>()
                .is_ok_and(|value| sides(value * scale) == sides(figure))
        };
        let text = (decimals..MOST_DECIMALS)
            .map(shown)
            .find(same)
            .unwrap_or_else(|| shown(MOST_DECIMALS));
        format!("{text}{unit}")
    }

    /// How a figure of this size is printed.
    fn unit(&self, figure: f64) -> FigureUnit {
        let of = |unit, scale, decimals| FigureUnit {
            unit,
            scale,
            decimals,
        };
        match self.metric {
            ThresholdMetric::Quantile(_) | ThresholdMetric::Mean | ThresholdMetric::Max => {
                let (unit, scale) = TIMES
                    .into_iter()
                    .find(|(_, scale)| figure >= *scale)
                    .unwrap_or((" us", 1e3));
                let magnitude = (figure / scale).max(1.0).log10().floor();
                of(unit, scale, (2.0 - magnitude).max(0.0) as usize)
            }
            ThresholdMetric::Rate => of("/s", 1.0, 1),
            ThresholdMetric::Bytes => {
                let (size, _, scale) = size(figure);
                of(size, scale, usize::from(scale > 1.0))
            }
            ThresholdMetric::TargetMemory => {
                let (_, size, scale) = size(figure);
                of(size, scale, usize::from(scale > 1.0))
            }
            ThresholdMetric::Errors
            | ThresholdMetric::Timeouts
            | ThresholdMetric::Dropped
            | ThresholdMetric::Count
                if !self.percent =>
            {
                of("", 1.0, 0)
            }
            _ => of(" %", 0.01, 3),
        }
    }

    /// Whether a figure meets it.
    pub fn word(&self, figure: f64) -> ThresholdWord {
        let tolerated = self
            .tolerated
            .is_some_and(|limit| self.comparison.holds(figure, limit));
        if self.comparison.holds(figure, self.limit) {
            ThresholdWord::Pass
        } else if tolerated || self.level == Level::Warn {
            ThresholdWord::Warn
        } else {
            ThresholdWord::Fail
        }
    }
}

impl ThresholdMetric {
    /// Whether it is a figure of requests, and can have a scope.
    pub const fn is_of_requests(self) -> bool {
        !matches!(
            self,
            Self::TargetCpu | Self::TargetMemory | Self::PoolUse | Self::Delivery
        )
    }

    /// Whether it is a response time.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Quantile(_) | Self::Mean | Self::Max)
    }

    /// Whether it is known while the load runs.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Quantile(_) | Self::Success | Self::Errors | Self::Rate
        )
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

    /// Whether a smaller figure is the better one.
    pub const fn wants_less(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Most decimals that a figure is printed with.
const MOST_DECIMALS: usize = 9;

/// Units of times, in nanoseconds, from the largest; each is used from its own length on.
const TIMES: [(&str, f64); 2] = [(" s", 1e9), (" ms", 1e6)];

/// On which side of the limit a figure lies; the same to the last digits of a double is equal.
fn side(figure: f64, limit: f64) -> Ordering {
    if (figure - limit).abs() <= limit.abs() * 1e-12 {
        Ordering::Equal
    } else {
        figure.total_cmp(&limit)
    }
}

/// How a figure is printed.
struct FigureUnit {
    /// With the blank before it, if there is one.
    unit: &'static str,
    /// Its length in the metric's own unit.
    scale: f64,
    /// Fewest decimals.
    decimals: usize,
}

/// The unit of a number of bytes: of a stream, of an amount, and its size.
fn size(count: f64) -> (&'static str, &'static str, f64) {
    [
        (" GB/s", " GB", 1e9),
        (" MB/s", " MB", 1e6),
        (" kB/s", " kB", 1e3),
    ]
    .into_iter()
    .find(|(_, _, size)| count >= *size)
    .unwrap_or((" B/s", " B", 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_below_a_millisecond_is_compared_and_printed_as_it_is() {
        use ThresholdWord::{Fail, Pass};
        for (text, ns, word, shown) in [
            ("p50 < 2.4ms", 2_300_000.0, Pass, "2.30 ms"),
            ("p50 < 2.4ms", 2_400_000.0, Fail, "2.40 ms"),
            ("p50 < 2.4ms", 2_399_999.0, Pass, "2.399999 ms"),
            ("p90 < 2.5ms", 2_700_000.0, Fail, "2.70 ms"),
            ("p90 < 0.4ms", 300_000.0, Pass, "300 us"),
            ("p90 < 400us", 400_100.0, Fail, "400.1 us"),
            ("max <= 1m30s", 90_000_000_000.0, Pass, "90.0 s"),
            ("p99 < 1s", 1_000_400_000.0, Fail, "1.0004 s"),
            ("p99 < 1s", 999_960_000.0, Pass, "999.96 ms"),
            ("success > 99%", 0.99, Fail, "99.000 %"),
            ("success > 99%", 0.990_000_4, Pass, "99.00004 %"),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            assert_eq!(threshold.word(ns), word, "{text} {ns}");
            assert_eq!(threshold.display(ns), shown, "{text} {ns}");
        }
    }
}
