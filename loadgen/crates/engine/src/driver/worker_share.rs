//! How the load is divided between workers.

use crate::suite::InFlight;

/// The share of one worker in the load.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorkerShare {
    /// Number of the worker, from 0.
    pub(super) worker: u32,
    /// How many workers there are.
    pub(super) workers: u32,
    /// Most virtual users of this worker for each flow.
    pub(super) max_users: u32,
    /// What happens to an arrival when too many requests are in flight; `max` is this worker's
    /// share of the limit.
    pub(super) in_flight: InFlight,
}
