//! The part of a load that one of several processes generates.
//!
//! Every process draws the whole plan from the same seed and keeps what is its own: of an open load
//! the arrivals, of a closed load the users whose number leaves the remainder `index` when it is divided
//! by the number of processes. Together they send exactly what one process would send, because what an
//! iteration draws follows from the number of its arrival alone.

/// The part of one process: the first of one is the whole load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadShare {
    index: u32,
    of: u32,
}

impl LoadShare {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// The part of process `index`, from 0, of `of` processes; `None` where there is no such process.
    pub const fn new(index: u32, of: u32) -> Option<Self> {
        if index < of {
            Some(Self { index, of })
        } else {
            None
        }
    }

    /// Number of the process, from 0.
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Number of processes.
    pub const fn of(self) -> u32 {
        self.of
    }

    /// Whether it is the whole load.
    pub const fn is_whole(self) -> bool {
        self.of == 1
    }

    /// Whether the arrival or user of this number is in it.
    pub const fn has(self, number: u64) -> bool {
        number % self.of as u64 == self.index as u64
    }
}

impl Default for LoadShare {
    fn default() -> Self {
        Self::WHOLE
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::time::Millis;

    use super::*;
    use crate::{
        schedule::{Arrival, ArrivalPlan, Schedule, plan},
        suite::{Arrivals, LoadModel, Phase, Windows},
        units::Nanos,
    };

    fn planned(per_second: u32, arrivals: Arrivals, seed: u64) -> ArrivalPlan {
        let model = LoadModel::Open {
            phases: vec![Phase::level(
                format!("{per_second}/s").parse().unwrap(),
                Millis(3_000),
            )],
            arrivals,
        };
        let windows = Windows {
            warm_up: Millis(1_000),
            measure: Millis(2_000),
            drain: Millis(1_000),
        };
        match plan(&model, &[3.0, 1.0], &windows, seed).unwrap() {
            Schedule::Open(plan) => plan,
            Schedule::Closed(_) => unreachable!(),
        }
    }

    proptest! {
        #[test]
        fn the_shares_of_all_processes_are_the_whole_plan_and_no_two_have_an_arrival_in_common(
            per_second in 1_u32..200,
            even in any::<bool>(),
            seed in any::<u64>(),
            of in 1_u32..=64,
        ) {
            let arrivals = if even { Arrivals::Constant } else { Arrivals::Poisson };
            let whole = planned(per_second, arrivals, seed);
            let mut together: Vec<Arrival> = Vec::new();
            let mut between = 0;
            for index in 0..of {
                let mut one = whole.clone();
                one.keep(LoadShare::new(index, of).unwrap());
                // Every process ends its records at the same instant.
                prop_assert_eq!(one.last(), whole.last());
                between += one.between(Nanos::from_secs(1), Nanos::from_secs(3));
                together.extend(one.arrivals());
            }
            together.sort_by_key(|one| one.index);
            prop_assert_eq!(together, whole.arrivals().collect::<Vec<_>>());
            prop_assert_eq!(between, whole.between(Nanos::from_secs(1), Nanos::from_secs(3)));
        }

        #[test]
        fn a_user_lives_in_one_process(number in any::<u64>(), of in 1_u32..=64) {
            let homes = (0..of).filter(|index| LoadShare::new(*index, of).unwrap().has(number));
            prop_assert_eq!(homes.count(), 1);
        }
    }

    #[test]
    fn there_is_no_process_beyond_the_last() {
        assert_eq!(LoadShare::new(4, 4), None);
        assert_eq!(LoadShare::new(0, 0), None);
        assert!(LoadShare::new(0, 1).unwrap().is_whole());
    }
}
