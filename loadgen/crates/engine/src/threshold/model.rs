//! What a threshold means.

use std::fmt;

use shared::time::Millis;

use super::word::ThresholdWord;
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
    /// Those whose intended start lies in a phase, by its name.
    Phase(String),
    /// Those of the operations that are sent with this method.
    Method(String),
    /// Those that were answered with a status of this class.
    Status(StatusClass),
}

/// `404`, or all of `4xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusClass {
    /// The first status.
    pub from: u16,
    /// The last.
    pub to: u16,
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
    /// Response time at this quantile, in milliseconds.
    Quantile(Quantile),
    /// Mean response time of the successes, in milliseconds.
    Mean,
    /// Longest response time, in milliseconds.
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
    /// A figure with its unit, for people.
    pub fn display(&self, figure: f64) -> String {
        match self.metric {
            ThresholdMetric::Quantile(_) | ThresholdMetric::Mean | ThresholdMetric::Max => {
                format!("{figure:.1} ms")
            }
            ThresholdMetric::Rate => format!("{figure:.1}/s"),
            ThresholdMetric::Bytes => format!("{}/s", bytes(figure)),
            ThresholdMetric::TargetMemory => bytes(figure),
            ThresholdMetric::Errors
            | ThresholdMetric::Timeouts
            | ThresholdMetric::Dropped
            | ThresholdMetric::Count
                if !self.percent =>
            {
                format!("{figure:.0}")
            }
            _ => format!("{:.3} %", figure * 100.0),
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

    /// The operation or flow that it speaks of, if it is one.
    pub fn subject(&self) -> Option<&str> {
        match &self.scope {
            Scope::Subject(name) => Some(name),
            _ => None,
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

impl StatusClass {
    /// Whether a status is one of them.
    pub fn contains(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn bytes(count: f64) -> String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] {
        if count >= size {
            return format!("{:.1} {unit}", count / size);
        }
    }
    format!("{count:.0} B")
}
