//! The counters of a running load as they go to another process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{driver::histogram_buckets::ResponseBuckets, sample::Outcome};

/// Counters since the begin of a load, or of a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressCounts {
    /// Iterations that were started.
    pub offered: u64,
    /// Requests that became due.
    pub due: u64,
    /// Users that are active; 0 in an open load.
    pub users: u64,
    /// Operations with finished requests, by number.
    pub(in crate::driver) operations: BTreeMap<u16, CountedOperation>,
}

/// Finished requests of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::driver) struct CountedOperation {
    /// How they ended, by [`Outcome::index`].
    pub(in crate::driver) outcomes: [u64; Outcome::ALL.len()],
    /// Response times of the successes, by number of the bucket; empty buckets are left out.
    pub(in crate::driver) buckets: BTreeMap<u16, u64>,
    /// The same by fixed buckets.
    pub(in crate::driver) fixed: ResponseBuckets,
}
