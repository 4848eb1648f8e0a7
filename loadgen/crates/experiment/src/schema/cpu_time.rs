//! CPU time, and how far off it can be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many times its possible error a figure is at least.
const LEAST_TIMES_ERROR: f64 = 20.0;

/// CPU seconds of a process over one or more windows. Processes that live have a clock in nanoseconds; children
/// that have ended are known in clock ticks only, so that a window in which one ended is off by up to a tick.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CpuTime {
    /// Seconds that were counted.
    pub spent_s: f64,
    /// Seconds that they can be off by; 0 where all of them come from clocks in nanoseconds.
    pub error_s: f64,
}

impl CpuTime {
    /// Seconds of a clock in nanoseconds.
    pub const fn exact(spent_s: f64) -> Self {
        Self {
            spent_s,
            error_s: 0.0,
        }
    }

    /// The seconds, where they are far enough above their error to be a figure.
    pub fn figure(self) -> Option<f64> {
        // Both are sums of ticks: 0.2 s of ticks of 0.01 s are twenty of them.
        (self.spent_s >= LEAST_TIMES_ERROR * self.error_s * (1.0 - 1e-9)).then_some(self.spent_s)
    }

    /// That of two windows together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            spent_s: self.spent_s + other.spent_s,
            error_s: self.error_s + other.error_s,
        }
    }
}
