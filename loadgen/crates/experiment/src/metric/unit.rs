//! What a metric is counted in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MetricUnit {
    /// A time, in milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Per cent.
    #[serde(rename = "%")]
    Percent,
    /// A number a second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// A ratio: after / before.
    #[serde(rename = "times")]
    Times,
    /// A plain number.
    #[serde(rename = "")]
    Number,
    /// Bytes.
    #[serde(rename = "B")]
    Bytes,
}

impl MetricUnit {
    /// As it is written after a number.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Percent => "%",
            Self::PerSecond => "1/s",
            Self::Times => "times",
            Self::Number => "",
            Self::Bytes => "B",
        }
    }
}

impl fmt::Display for MetricUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
