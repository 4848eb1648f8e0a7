//! Figures of the requests of one operation, or of all operations together.

use super::{Margin, MetricDescription, MetricKind, MetricUnit};

/// A figure of requests. Those of the last three are what the target reported of each of them
/// (`Server-Timing`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationFigure {
    /// Median response time.
    P50,
    /// 95th percentile of it.
    P95,
    /// 97.5th percentile of it.
    P97_5,
    /// Share of successes.
    Success,
    /// Successes a second.
    Goodput,
    /// Share of cache look-ups that found a value.
    CacheHitRatio,
    /// PostgreSQL statements.
    Queries,
    /// Wait for a pool connection.
    PoolWait,
}

impl OperationFigure {
    /// Every figure. None of the names ends like another one.
    pub const ALL: [Self; 8] = [
        Self::P50,
        Self::P95,
        Self::P97_5,
        Self::Success,
        Self::Goodput,
        Self::CacheHitRatio,
        Self::Queries,
        Self::PoolWait,
    ];

    /// The share of the requests that it is the longest time of, 0 to 1; absent for a figure that is
    /// no percentile.
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P95 => Some(0.95),
            Self::P97_5 => Some(0.975),
            Self::Success
            | Self::Goodput
            | Self::CacheHitRatio
            | Self::Queries
            | Self::PoolWait => None,
        }
    }

    /// What is known of it.
    pub const fn description(self) -> MetricDescription {
        match self {
            Self::P50 => response(
                "p50",
                "P50",
                Margin::Median,
                "Median response time from the intended start to the last byte; a failure counts as infinitely slow",
            ),
            Self::P95 => response(
                "p95",
                "P95",
                Margin::Tail,
                "95th percentile of the response time; a failure counts as infinitely slow",
            ),
            Self::P97_5 => response(
                "p97.5",
                "P97.5",
                Margin::Tail,
                "97.5th percentile of the response time; a failure counts as infinitely slow",
            ),
            Self::Success => MetricDescription {
                name: "success",
                label: "success rate",
                unit: MetricUnit::Percent,
                kind: MetricKind::Share,
                margin: Margin::Success,
                definition: "Share of the planned requests that were answered as they should",
            },
            Self::Goodput => MetricDescription {
                name: "goodput",
                label: "goodput",
                unit: MetricUnit::PerSecond,
                kind: MetricKind::Rate,
                margin: Margin::Median,
                definition: "Requests a second that were answered as they should",
            },
            Self::CacheHitRatio => MetricDescription {
                name: "cache hits per look-up",
                label: "cache hits",
                unit: MetricUnit::Percent,
                kind: MetricKind::Share,
                margin: Margin::Tail,
                definition: "Share of the cache look-ups of these requests that found a value",
            },
            Self::Queries => MetricDescription {
                name: "queries per response",
                label: "queries",
                unit: MetricUnit::Number,
                kind: MetricKind::Count,
                margin: Margin::Cost,
                definition: "PostgreSQL statements that the target sent for one of these requests, by its response",
            },
            Self::PoolWait => MetricDescription {
                name: "pool wait per response",
                label: "pool wait",
                unit: MetricUnit::Milliseconds,
                kind: MetricKind::Wait,
                margin: Margin::Tail,
                definition: "Milliseconds that one of these requests waited for pool connections, by its response",
            },
        }
    }
}

/// A percentile of the response time.
const fn response(
    name: &'static str,
    label: &'static str,
    margin: Margin,
    definition: &'static str,
) -> MetricDescription {
    MetricDescription {
        name,
        label,
        unit: MetricUnit::Milliseconds,
        kind: MetricKind::Latency,
        margin,
        definition,
    }
}
