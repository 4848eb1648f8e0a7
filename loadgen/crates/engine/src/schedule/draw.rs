//! Arrivals as they come: drawn one after the other from a seed, so that a plan takes no memory and can
//! be drawn again.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{mix::FlowMixes, phases::ArrivalTimes};
use crate::{
    suite::{Arrivals, Phase},
    units::Nanos,
};
use loadgen_stats::seed;

/// One iteration that is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When, since the epoch.
    pub intended: Nanos,
    /// Which flow, by its index in the suite.
    pub flow: u16,
    /// Its number in the plan, which selects its random stream.
    pub index: u64,
}

/// What arrivals are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ArrivalSource {
    pub(super) phases: Vec<Phase>,
    pub(super) arrivals: Arrivals,
    pub(super) mixes: FlowMixes,
    /// Seed of the times.
    pub(super) times: u64,
    /// Seed of the flows.
    pub(super) flows: u64,
    /// When the first phase begins.
    pub(super) begin: Nanos,
    /// Number of the first arrival.
    pub(super) index: u64,
}

impl ArrivalSource {
    /// All arrivals from the first on: each time the same ones.
    pub(super) fn draw(&self) -> ArrivalDraw {
        let times = seed::rng(self.times);
        ArrivalDraw {
            times: ArrivalTimes::new(self.phases.clone(), self.arrivals, times),
            mixes: self.mixes.clone(),
            flows: seed::rng(self.flows),
            begin: self.begin,
            index: self.index,
        }
    }
}

/// Arrivals in order, each drawn when it is asked for.
#[derive(Debug)]
pub struct ArrivalDraw {
    times: ArrivalTimes,
    mixes: FlowMixes,
    flows: ChaCha8Rng,
    begin: Nanos,
    index: u64,
}

impl Iterator for ArrivalDraw {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let intended = self.begin + self.times.next()?;
        let index = self.index;
        self.index += 1;
        Some(Arrival {
            intended,
            flow: self.mixes.pick(intended, self.flows.random()),
            index,
        })
    }
}
