//! What a change of a metric means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a change of a metric means, and which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Milliseconds that a user waits: faster, slower.
    Latency,
    /// Requests a second: more is better.
    Rate,
    /// A share that should be high.
    Share,
    /// A share that should be low.
    Loss,
    /// Time in a queue: shorter, longer.
    Wait,
    /// A number of things to do: fewer is better.
    Count,
    /// An effort: less is better.
    Effort,
    /// A figure without a better side.
    Neutral,
}

impl MetricKind {
    /// Whether less is better; `None` where neither side is.
    pub const fn less_is_better(self) -> Option<bool> {
        match self {
            Self::Latency | Self::Loss | Self::Wait | Self::Count | Self::Effort => Some(true),
            Self::Rate | Self::Share => Some(false),
            Self::Neutral => None,
        }
    }

    /// Whether two runs of the same system differ in it by chance. A number of things to do may be the
    /// same in every run because the application does the same.
    pub const fn varies(self) -> bool {
        !matches!(self, Self::Count | Self::Neutral)
    }

    /// Whether it is a share, of which a change is stated in percentage points.
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Share | Self::Loss)
    }
}
