//! Which flow an iteration runs: by the weights of the suite, or of the phase it starts in.

use shared::time::Millis;

use super::plan_error::PlanError;
use crate::{
    suite::{LoadModel, UserPhase},
    units::Nanos,
};

/// Picks flows by their weights.
#[derive(Debug, Clone, PartialEq)]
struct FlowMix {
    /// Sums of the weights up to and with each flow, divided by all.
    upper: Vec<f64>,
}

impl FlowMix {
    /// The mix of these weights; what is not above 0 is never picked.
    fn new(weights: impl IntoIterator<Item = f64>) -> Result<Self, PlanError> {
        let weights: Vec<f64> = weights
            .into_iter()
            .map(|weight| {
                if weight.is_finite() {
                    weight.max(0.0)
                } else {
                    0.0
                }
            })
            .collect();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return Err(PlanError::NoFlow);
        }
        let upper = weights
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight / total;
                Some(*sum)
            })
            .collect();
        Ok(Self { upper })
    }

    /// The flow at a point of [0, 1).
    fn pick(&self, at: f64) -> u16 {
        let index = self.upper.partition_point(|upper| *upper <= at);
        if let Some(upper) = self.upper.get(index) {
            debug_assert!(*upper > at);
            return index as u16;
        }
        // The sum fell short of 1 by rounding: the last flow that has a share.
        let full = self.upper.last().copied().unwrap_or(0.0);
        self.upper.partition_point(|upper| *upper < full) as u16
    }
}

/// The mix of the whole load, and of each phase that names its flows.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowMixes {
    all: FlowMix,
    /// The end of each phase with its mix; empty where no phase names flows.
    phases: Vec<(Nanos, FlowMix)>,
}

impl FlowMixes {
    /// The same mix at all times.
    pub fn constant(weights: &[f64]) -> Result<Self, PlanError> {
        Self::new(weights, std::iter::empty())
    }

    /// The mixes of an open load with these weights of the suite's flows.
    pub fn of_load(weights: &[f64], load: &LoadModel) -> Result<Self, PlanError> {
        let phases = match load {
            LoadModel::Open { phases, .. } => phases.as_slice(),
            LoadModel::Closed { .. } => &[],
        };
        let phases = phases
            .iter()
            .map(|phase| (phase.duration, phase.flows.as_slice()));
        Self::new(weights, phases)
    }

    /// The mixes of a closed load.
    pub fn of_users(weights: &[f64], ramp: &[UserPhase]) -> Result<Self, PlanError> {
        let phases = ramp
            .iter()
            .map(|phase| (phase.duration, phase.flows.as_slice()));
        Self::new(weights, phases)
    }

    fn new<'a>(
        weights: &[f64],
        phases: impl Iterator<Item = (Millis, &'a [u16])>,
    ) -> Result<Self, PlanError> {
        let all = FlowMix::new(weights.iter().copied())?;
        let mut end = Nanos(0);
        let mut named = false;
        let mut mixes = Vec::new();
        for (duration, flows) in phases {
            end = end + Nanos::from_millis(duration.0);
            named |= !flows.is_empty();
            let starts = |flow: usize| flows.is_empty() || flows.contains(&(flow as u16));
            let weights = weights.iter().enumerate();
            let weights = weights.map(|(flow, weight)| if starts(flow) { *weight } else { 0.0 });
            mixes.push((end, FlowMix::new(weights)?));
        }
        if !named {
            mixes.clear();
        }
        Ok(Self { all, phases: mixes })
    }

    /// Number of flows that are picked from.
    pub(super) const fn flows(&self) -> usize {
        self.all.upper.len()
    }

    /// The flow of an iteration that starts at `at`, for a point of [0, 1).
    pub(crate) fn pick(&self, at: Nanos, point: f64) -> u16 {
        let phase = self.phases.partition_point(|(end, _)| *end <= at);
        // An iteration that starts after the last phase belongs to it.
        let mix = self.phases.get(phase).or(self.phases.last());
        mix.map_or(&self.all, |(_, mix)| mix).pick(point)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phase(ms: u64, flows: &[u16]) -> UserPhase {
        UserPhase {
            name: String::new(),
            duration: Millis(ms),
            users: 1,
            to: None,
            flows: flows.to_vec(),
        }
    }

    #[test]
    fn a_phase_starts_only_its_own_flows_in_the_proportions_of_the_suite() {
        let ramp = [phase(1_000, &[1]), phase(1_000, &[]), phase(1_000, &[0, 2])];
        let mixes = FlowMixes::of_users(&[1.0, 2.0, 1.0], &ramp).unwrap();
        let picked = |ms| {
            let at = Nanos::from_millis(ms);
            [0.0, 0.3, 0.6, 0.9].map(|point| mixes.pick(at, point))
        };
        assert_eq!(picked(0), [1, 1, 1, 1]);
        assert_eq!(picked(999), [1, 1, 1, 1]);
        assert_eq!(picked(1_000), [0, 1, 1, 2]);
        assert_eq!(picked(2_000), [0, 0, 2, 2]);
        assert_eq!(picked(9_000), [0, 0, 2, 2]);
    }

    #[test]
    fn a_phase_of_flows_without_weight_is_refused() {
        let ramp = [phase(1_000, &[1])];
        assert_eq!(
            FlowMixes::of_users(&[1.0, 0.0], &ramp),
            Err(PlanError::NoFlow)
        );
    }

    proptest! {
        #[test]
        fn only_flows_with_a_weight_are_picked(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.001..1e6_f64], 1..20),
            point in 0.0..1.0_f64,
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0.0));
            let mixes = FlowMixes::constant(&weights).unwrap();
            let flow = mixes.pick(Nanos(0), point);
            prop_assert!(weights[usize::from(flow)] > 0.0);
        }
    }
}
