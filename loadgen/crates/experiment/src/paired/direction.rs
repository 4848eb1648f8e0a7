//! Which way a metric is expected to go.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::schema::Decision;

/// Which way the first primary metric was expected to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Better after than before.
    Improves,
    /// Worse after than before.
    Regresses,
    /// Neither, by the metric's margin.
    NoChange,
}

impl Direction {
    /// The decision that agrees with it.
    pub const fn decision(self) -> Decision {
        match self {
            Self::Improves => Decision::Improved,
            Self::Regresses => Decision::Regressed,
            Self::NoChange => Decision::NoChange,
        }
    }
}

impl FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Improves, Self::Regresses, Self::NoChange]
            .into_iter()
            .find(|one| one.to_string() == text)
            .ok_or_else(|| {
                format!("`{text}` is nothing to expect; it is improves, regresses or no_change")
            })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Improves => "improves",
            Self::Regresses => "regresses",
            Self::NoChange => "no_change",
        })
    }
}
