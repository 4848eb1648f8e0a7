//! What is known of a figure besides its value.

use super::{MetricKind, MetricUnit};

/// Relative difference that matters (`docs/METHOD.md`, "What is decided").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Margin {
    /// 5 %: medians.
    Median,
    /// 10 %: tails and waits.
    Tail,
    /// 3 %: CPU time and numbers of things to do.
    Cost,
    /// 0.1 %: shares of successes.
    Success,
}

impl Margin {
    /// As a share.
    pub const fn share(self) -> f64 {
        match self {
            Self::Median => 0.05,
            Self::Tail => 0.10,
            Self::Cost => 0.03,
            Self::Success => 0.001,
        }
    }
}

/// What is known of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricDescription {
    /// As it is stored, and named in experiments: `queries per request`. What it is a figure of
    /// is added by [`MetricId`](super::MetricId).
    pub name: &'static str,
    /// As reports show it.
    pub label: &'static str,
    /// What it is counted in.
    pub unit: MetricUnit,
    /// What a change of it means.
    pub kind: MetricKind,
    /// Difference that matters.
    pub margin: Margin,
    /// What it is, in one sentence without its full stop.
    pub definition: &'static str,
}
