//! What bounds a simulation of a plan.

use loadgen_stats::simulation::SimulationLimits;

/// Events of a request at most, on average: steps, and plans of shared processors that got out of date.
const EVENTS_A_REQUEST: u64 = 100;
/// Instances from which on more requests are simulated, so that each gets some.
const FEW_INSTANCES: u32 = 8;
/// Most times that the requests are multiplied.
const MOST_TIMES: u32 = 8;
/// Requests in the system from which on a load is too high.
const IN_SYSTEM: usize = 20_000;

/// How much is simulated.
#[derive(Clone, Copy)]
pub struct SimulationBounds<'a> {
    /// Requests of a simulated run; up to eight times as many for many instances.
    pub requests: usize,
    /// Runs of each configuration, each with its own random numbers.
    pub replications: u32,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Whether the time for it is over.
    pub expired: &'a dyn Fn() -> bool,
}

impl SimulationBounds<'_> {
    /// The limits of one run with so many instances.
    pub(super) fn limits(&self, instances: u32) -> SimulationLimits<'_> {
        let times = (instances / FEW_INSTANCES).clamp(1, MOST_TIMES);
        let requests = self.requests.saturating_mul(times as usize);
        SimulationLimits {
            requests,
            in_system: IN_SYSTEM,
            events: (requests as u64).saturating_mul(EVENTS_A_REQUEST),
            expired: self.expired,
        }
    }
}
