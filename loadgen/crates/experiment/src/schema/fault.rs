//! The faults that were put into a stack while a trial ran, and what each of them cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One fault of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultResult {
    /// Its name: `redis.down`.
    pub fault: String,
    /// When it began, in seconds since the measured window did.
    pub at_s: f64,
    /// How long it was in force, in seconds: until it was taken away and the service was ready again.
    pub for_s: f64,
    /// Right answers a second before it: mean over the undisturbed seconds before, at most 10 and at
    /// least 3 of them; absent where there are fewer.
    pub before_per_s: Option<f64>,
    /// Requests that failed, of those intended from its first second until the target had recovered;
    /// where that is not known, until its last second; where it did not recover, until the next fault or
    /// the end of the window.
    pub failed: u64,
    /// Goodput lost: `before_per_s` times the number of those seconds, minus the requests intended in
    /// them that were answered as they should; 0 where more were answered. Absent where the recovery is
    /// not known.
    pub lost: Option<f64>,
    /// How long the target took to recover.
    pub recovery: FaultRecovery,
}

/// How long a target took to recover after a fault, as far as that can be told from its seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultRecovery {
    /// From the end of the fault to the begin of the first of two seconds in a row in which the share of
    /// right answers and their number were back to what they were before; 0 where the second in which
    /// the fault ended is the first of them.
    After {
        /// How many seconds that took.
        seconds: f64,
    },
    /// Not before the next fault, or the end of the measured window.
    NotRecovered,
    /// There are too few data to tell.
    Unknown {
        /// What is missing.
        why: String,
    },
}

impl FaultRecovery {
    /// `recovered in 3.2 s`, `NOT RECOVERED`, or why it is not known.
    pub fn words(&self) -> String {
        match self {
            Self::After { seconds } if *seconds < 0.05 => "recovered at once".to_owned(),
            Self::After { seconds } => format!("recovered in {seconds:.1} s"),
            Self::NotRecovered => "NOT RECOVERED".to_owned(),
            Self::Unknown { why } => format!("recovery not known: {why}"),
        }
    }
}
