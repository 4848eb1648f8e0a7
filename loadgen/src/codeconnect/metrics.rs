//! Which metrics a run of the reference backend can have.

use crate::{experiment::metrics, flows, suite::Suite};

/// The cache kinds that report a hit ratio.
pub const CACHE_KINDS: [&str; 3] = ["mentors", "bookings", "users"];

/// Names of all metrics that a trial of this suite can have, in the order of the report.
pub fn metric_names(suite: &Suite) -> Vec<String> {
    let operations: Vec<&str> = suite
        .flows
        .iter()
        .filter_map(|share| flows::flow(&share.flow))
        .flat_map(flows::Flow::operations)
        .map(|op| flows::operation_name(*op))
        .collect();
    metrics(&operations, &CACHE_KINDS, f64::INFINITY)
        .into_iter()
        .map(|one| one.name)
        .collect()
}
