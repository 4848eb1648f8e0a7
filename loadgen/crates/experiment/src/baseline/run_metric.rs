//! What runs that were made at different times are compared in.

use std::{fmt, str::FromStr};

use crate::metric::{MetricId, UnknownMetric};

/// Name of what capacity searches are compared in.
const CAPACITY: &str = "capacity";

/// What runs that were made at different times are compared in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunMetric {
    /// The lower bound of a capacity search: its trials had another load each.
    Capacity,
    /// A figure of the trials of a run; of an experiment the ratio after / before of this figure.
    Of(MetricId),
}

impl fmt::Display for RunMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity => f.write_str(CAPACITY),
            Self::Of(id) => fmt::Display::fmt(id, f),
        }
    }
}

impl FromStr for RunMetric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        if text == CAPACITY {
            Ok(Self::Capacity)
        } else {
            text.parse().map(Self::Of)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_and_every_metric_are_read_from_their_names() {
        for name in ["capacity", "total p97.5", "queries per request"] {
            let metric: RunMetric = name.parse().unwrap();
            assert_eq!(metric.to_string(), name);
            assert_eq!(metric == RunMetric::Capacity, name == "capacity");
        }
        assert!("capacities".parse::<RunMetric>().is_err());
    }
}
