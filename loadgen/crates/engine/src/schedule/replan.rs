//! Plans the rest of an open load again after its rate was changed while it runs.

use shared::time::Millis;

use super::{
    draw::{ArrivalDraw, ArrivalSource},
    mix::FlowMixes,
    plan_error::{MOST_ARRIVALS, PlanError},
};
use crate::{
    suite::{Arrivals, Phase},
    units::{Nanos, Rate},
};
use loadgen_stats::seed;

/// The properties of a load that do not change with its rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Replanner {
    arrivals: Arrivals,
    mixes: FlowMixes,
    end: Nanos,
    seed: u64,
}

impl Replanner {
    /// For a load with this distribution of arrivals, these mixes of flows, and this end.
    pub fn new(arrivals: Arrivals, mixes: FlowMixes, end: Nanos, seed: u64) -> Self {
        Self {
            arrivals,
            mixes,
            end,
            seed: seed::sub_seed(seed, "replan"),
        }
    }

    /// When the load ends.
    pub const fn end(&self) -> Nanos {
        self.end
    }

    /// Arrivals at `rate` from `at` to the end; the first has the number `index`. A rate with more
    /// than [`MOST_ARRIVALS`] arrivals is refused.
    pub fn plan(&self, at: Nanos, rate: Rate, index: u64) -> Result<ArrivalDraw, PlanError> {
        let left = self.end.since(at);
        let expected = rate.as_per_second() * left.0 as f64 / 1e9;
        if expected > MOST_ARRIVALS as f64 {
            return Err(PlanError::TooMany(expected as u64));
        }
        let phase = Phase::level(rate, Millis(left.0 / 1_000_000));
        // Each change has its own random stream, independent of earlier changes.
        let source = ArrivalSource {
            phases: vec![phase],
            arrivals: self.arrivals,
            mixes: self.mixes.clone(),
            times: seed::sub_seed(self.seed, &format!("arrivals {index}")),
            flows: seed::sub_seed(self.seed, &format!("flows {index}")),
            begin: at,
            index,
        };
        Ok(source.draw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Arrival;

    #[test]
    fn the_rest_of_the_plan_has_the_new_rate_and_continues_the_numbers() {
        let end = Nanos::from_secs(10);
        let replan = Replanner::new(
            Arrivals::Constant,
            FlowMixes::constant(&[1.0, 1.0]).unwrap(),
            end,
            7,
        );
        let rest: Vec<Arrival> = replan
            .plan(Nanos::from_secs(4), "50/s".parse().unwrap(), 123)
            .unwrap()
            .collect();
        assert_eq!(rest.len(), 300);
        assert_eq!(
            (rest[0].intended, rest[0].index),
            (Nanos::from_secs(4), 123)
        );
        assert!(rest.iter().all(|one| one.intended < end));
        assert!(rest.iter().any(|one| one.flow == 1));
        let after_the_end = replan.plan(Nanos::from_secs(11), "1/s".parse().unwrap(), 0);
        assert_eq!(after_the_end.unwrap().count(), 0);
    }

    #[test]
    fn too_many_arrivals_are_refused() {
        let end = Nanos::from_secs(86_400);
        let replan = Replanner::new(
            Arrivals::Poisson,
            FlowMixes::constant(&[1.0]).unwrap(),
            end,
            7,
        );
        let refused = replan.plan(Nanos(0), "1000000/s".parse().unwrap(), 0);
        assert!(matches!(refused, Err(PlanError::TooMany(_))));
    }
}
