//! A feature as the load side sees it.

use super::{bound::AppFlow, operation::Op};

/// One feature: what it is called, what can be sent to it, and what its users do.
pub struct FeatureFlows {
    /// The first word of its operations: `mentors`.
    pub area: &'static str,
    /// The heading of its figures in a report: `Mentor discovery`.
    pub label: &'static str,
    /// Its operations, in the order of a report.
    pub operations: &'static [&'static Op],
    /// Those of them that a short report shows.
    pub headline: &'static [&'static Op],
    /// Its flows.
    pub flows: &'static [&'static dyn AppFlow],
}
