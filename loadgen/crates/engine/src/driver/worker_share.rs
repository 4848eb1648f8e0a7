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

/// One worker's part of a limit. All parts together are the limit, unless it is below the number of workers:
/// each has at least one.
pub(super) fn part_of(limit: u32, worker: u32, workers: u32) -> u32 {
    let more = u32::from(worker < limit % workers);
    (limit / workers + more).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_all_workers_are_the_limit() {
        for (limit, workers) in [(1, 1), (5, 2), (50, 4), (64, 64), (20_000, 7)] {
            let parts = (0..workers).map(|worker| part_of(limit, worker, workers));
            assert_eq!(parts.sum::<u32>(), limit, "{limit} of {workers}");
        }
        let few: Vec<u32> = (0..4).map(|worker| part_of(2, worker, 4)).collect();
        assert_eq!(few, [1, 1, 1, 1]);
    }
}
