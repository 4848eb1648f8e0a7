//! What a run gave, without its warm-up.

use super::{network::QueueingNetwork, resource::ResourceSums};
use crate::mser::mser;

/// Share of the requests of a window that have to be done in it: the queue grows otherwise.
const CARRIED: f64 = 0.95;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulationEnding {
    /// Every request is done.
    Finished,
    /// More requests were in the system than the limit allows.
    Overloaded,
    /// It had more events than the limit allows.
    TooManyEvents,
    /// The time of the caller was over.
    OutOfTime,
}

/// How much of a resource was used, all its copies taken together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ResourceLoad {
    /// Servers or units in use / all of them; absent of a delay.
    pub utilization: Option<f64>,
    /// Mean number of requests there, those that wait included.
    pub present: f64,
    /// Visits that ended, a second.
    pub visits_per_s: f64,
    /// Mean seconds of a visit, the wait included; 0 without one.
    pub stay_s: f64,
}

/// What a run gave.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedRun {
    /// Requests a second that were to arrive.
    pub rate: f64,
    /// How it ended.
    pub ending: SimulationEnding,
    /// Requests that belong to the warm-up: by MSER on the means of batches, half of all at most.
    pub warm_up: usize,
    /// Requests a second that arrived after it.
    pub offered: f64,
    /// Requests a second that were done after it, up to the last arrival.
    pub throughput: f64,
    /// Each resource, in the order of the network.
    pub resources: Vec<ResourceLoad>,
    /// Seconds of the requests that arrived after the warm-up, ascending.
    pub(super) responses: Vec<f64>,
}

impl SimulatedRun {
    /// Whether the load was carried: every request done, and no queue that grew.
    pub fn is_carried(&self) -> bool {
        self.ending == SimulationEnding::Finished && self.throughput >= CARRIED * self.offered
    }

    /// Response time in seconds that this share of the requests does not exceed; absent where not every request
    /// was done.
    pub fn percentile_s(&self, share: f64) -> Option<f64> {
        let all = self.finished()?;
        let rank = (share * all.len() as f64).ceil() as usize;
        all.get(rank.saturating_sub(1)).copied()
    }

    fn finished(&self) -> Option<&[f64]> {
        let finished = self.ending == SimulationEnding::Finished && !self.responses.is_empty();
        finished.then_some(&self.responses)
    }

    /// The resource that was used most, and how much of it.
    pub fn most_used(&self) -> Option<(usize, f64)> {
        let used = self.resources.iter().enumerate();
        let used = used.filter_map(|(place, one)| Some((place, one.utilization?)));
        used.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// The sums at a moment of a run.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint {
    pub(super) at: f64,
    pub(super) arrived: usize,
    pub(super) completed: u64,
    pub(super) sums: Vec<ResourceSums>,
}

/// The run without its warm-up. `responses` in the order of arrival, no number for those that are not done;
/// the first of the checkpoints is the begin.
pub(super) fn simulated(
    network: &QueueingNetwork,
    rate: f64,
    ending: SimulationEnding,
    responses: &[f64],
    checkpoints: &[Checkpoint],
) -> SimulatedRun {
    let batches = checkpoints.windows(2).map(|pair| {
        let done = responses[pair[0].arrived..pair[1].arrived].iter();
        mean(done.copied().filter(|seconds| seconds.is_finite()))
    });
    let means: Vec<f64> = batches.collect();
    let cut = mser(&means).map_or(0, |found| found.drop.min(means.len() / 2));
    let (from, to) = (&checkpoints[cut], &checkpoints[checkpoints.len() - 1]);
    let seconds = (to.at - from.at).max(f64::MIN_POSITIVE);
    let load = |place: usize| {
        let used = to.sums[place].since(&from.sums[place]);
        let resource = &network.resources[place];
        let copies = f64::from(network.copies(resource));
        ResourceLoad {
            utilization: resource
                .kind
                .servers()
                .map(|all| used.busy_s / seconds / (f64::from(all) * copies)),
            present: used.present_s / seconds,
            visits_per_s: used.visits as f64 / seconds,
            stay_s: used.stay_s / used.visits.max(1) as f64,
        }
    };
    let mut counted: Vec<f64> = responses[from.arrived..to.arrived]
        .iter()
        .copied()
        .filter(|seconds| seconds.is_finite())
        .collect();
    counted.sort_by(f64::total_cmp);
    SimulatedRun {
        rate,
        ending,
        warm_up: from.arrived,
        offered: (to.arrived - from.arrived) as f64 / seconds,
        throughput: (to.completed - from.completed) as f64 / seconds,
        resources: (0..network.resources.len()).map(load).collect(),
        responses: counted,
    }
}

/// The mean, 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}
