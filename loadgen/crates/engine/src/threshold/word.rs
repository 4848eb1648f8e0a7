//! Whether a threshold holds, in one word.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a threshold holds. Stored as these words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum ThresholdWord {
    /// It holds.
    Pass,
    /// It is missed, and only warns.
    Warn,
    /// Too few requests say whether it holds.
    Unknown,
    /// It is missed.
    Fail,
}

impl ThresholdWord {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Unknown => "UNKNOWN",
            Self::Fail => "FAIL",
        }
    }
}

impl fmt::Display for ThresholdWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
