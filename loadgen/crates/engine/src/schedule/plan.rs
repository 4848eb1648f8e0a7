//! The plan of a trial: every arrival with its intended start and its flow, or the closed rule.

use shared::time::Millis;

use super::{
    draw::{Arrival, ArrivalDraw, ArrivalSource},
    mix::FlowMixes,
    phases,
    plan_error::{MOST_ARRIVALS, PlanError},
    share::LoadShare,
};
use crate::{
    recorder::Window,
    suite::{LoadModel, Think, Windows},
    units::Nanos,
};
use loadgen_stats::seed;

/// All arrivals of an open model. They are not kept but drawn, each time the same ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrivalPlan {
    source: ArrivalSource,
    count: u64,
    last: Option<Nanos>,
    share: LoadShare,
    /// First instant of the measured window.
    pub measure_from: Nanos,
    /// First instant after it.
    pub measure_to: Nanos,
}

impl ArrivalPlan {
    fn new(source: ArrivalSource, (measure_from, measure_to): (Nanos, Nanos)) -> Self {
        let mut plan = Self {
            source,
            count: u64::MAX,
            last: None,
            share: LoadShare::WHOLE,
            measure_from,
            measure_to,
        };
        plan.limit(u64::MAX);
        plan
    }

    /// Leaves out all arrivals after the first `most`. The window ends where the first of those would have come: a
    /// rate over the time in which nothing is to arrive would be none of this load.
    pub fn limit(&mut self, most: u64) {
        let leaves_out = most < self.count;
        self.count = self.count.min(most);
        let mut all = self.source.draw();
        let seen = |_, one: Arrival| (one.index + 1, Some(one.intended));
        let kept = all.by_ref().take(self.most());
        (self.count, self.last) = kept.fold((0, None), seen);
        if leaves_out && let Some(next) = all.next() {
            let end = self.measure_to.min(next.intended);
            self.measure_to = end.max(self.measure_from);
        }
    }

    /// Leaves out the arrivals that are not in this share; their numbers stay.
    pub fn keep(&mut self, share: LoadShare) {
        self.share = share;
    }

    /// Every arrival of the share, warm-up included, in order.
    pub fn arrivals(&self) -> impl Iterator<Item = Arrival> + use<> {
        let share = self.share;
        self.whole().filter(move |one| share.has(one.index))
    }

    fn whole(&self) -> std::iter::Take<ArrivalDraw> {
        self.source.draw().take(self.most())
    }

    /// How many arrivals there are at most.
    fn most(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// The intended start of the last arrival of the whole load; `None` where there is none.
    pub const fn last(&self) -> Option<Nanos> {
        self.last
    }

    /// Number of flows that it picks from.
    pub(crate) fn flows(&self) -> usize {
        self.source.mixes.flows()
    }

    /// The measured window.
    pub fn window(&self) -> Window {
        Window {
            from: self.measure_from,
            to: self.measure_to,
        }
    }

    /// Arrivals from one instant up to another.
    pub fn between(&self, from: Nanos, to: Nanos) -> u64 {
        let before = self.arrivals().take_while(|one| one.intended < to);
        before.filter(|one| from <= one.intended).count() as u64
    }
}

/// The rule of a closed model: users that start the next iteration after their think time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedLoop {
    /// Number of users.
    pub users: u32,
    /// For how long a user starts iterations, warm-up included.
    pub duration: Millis,
    /// Pause between two iterations, where the flow has none of its own.
    pub think: Option<Think>,
    /// Most iterations of one user.
    pub iterations: Option<u64>,
    /// First instant of the measured window.
    pub measure_from: Nanos,
    /// First instant after it.
    pub measure_to: Nanos,
}

/// When to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// At these times, independent of earlier responses.
    Open(ArrivalPlan),
    /// When a user has finished its iteration.
    Closed(ClosedLoop),
}

impl Schedule {
    /// The measured window.
    pub fn window(&self) -> Window {
        match self {
            Self::Open(plan) => plan.window(),
            Self::Closed(closed) => Window {
                from: closed.measure_from,
                to: closed.measure_to,
            },
        }
    }
}

/// Makes the plan. The same model, weights and seed give the same plan, to the nanosecond.
///
/// The window begins after the warm-up and ends after `measure`, or with the load if that is
/// shorter. `weights` are those of the flows, in the order of the suite.
pub fn plan(
    model: &LoadModel,
    weights: &[f64],
    windows: &Windows,
    seed: u64,
) -> Result<Schedule, PlanError> {
    let total = match model {
        LoadModel::Open { phases, .. } => Millis(phases.iter().map(|p| p.duration.0).sum()),
        LoadModel::Closed { duration, .. } => *duration,
    };
    if total <= windows.warm_up || windows.measure.0 == 0 {
        return Err(PlanError::NoWindow {
            total,
            warm_up: windows.warm_up,
        });
    }
    let measure_from = Nanos::from_millis(windows.warm_up.0);
    let measure_to = Nanos::from_millis(total.0.min(windows.planned().0));
    let mixes = FlowMixes::of_load(weights, model)?;
    Ok(match model {
        LoadModel::Closed {
            users,
            duration,
            think,
            iterations,
        } => Schedule::Closed(ClosedLoop {
            users: *users,
            duration: *duration,
            think: *think,
            iterations: *iterations,
            measure_from,
            measure_to,
        }),
        LoadModel::Open { phases, arrivals } => {
            let expected: f64 = phases.iter().map(phases::expected).sum();
            if expected > MOST_ARRIVALS as f64 {
                return Err(PlanError::TooMany(expected as u64));
            }
            let source = ArrivalSource {
                phases: phases.clone(),
                arrivals: *arrivals,
                mixes,
                times: seed::sub_seed(seed, "arrivals"),
                flows: seed::sub_seed(seed, "flows"),
                begin: Nanos(0),
                index: 0,
            };
            Schedule::Open(ArrivalPlan::new(source, (measure_from, measure_to)))
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::suite::{Arrivals, Phase};

    fn phase(ms: u64, rate: &str, to: Option<&str>) -> Phase {
        Phase {
            to: to.map(|to| to.parse().unwrap()),
            ..Phase::level(rate.parse().unwrap(), Millis(ms))
        }
    }

    fn windows(warm_up: u64, measure: u64) -> Windows {
        Windows {
            warm_up: Millis(warm_up),
            measure: Millis(measure),
            drain: Millis(1_000),
        }
    }

    fn open(phases: Vec<Phase>, arrivals: Arrivals, weights: &[f64], seed: u64) -> Vec<Arrival> {
        let model = LoadModel::Open { phases, arrivals };
        match plan(&model, weights, &windows(0, u64::MAX / 2), seed).unwrap() {
            Schedule::Open(plan) => plan.arrivals().collect(),
            Schedule::Closed(_) => unreachable!(),
        }
    }

    #[test]
    fn an_even_plan_is_exact_to_the_nanosecond_after_any_number_of_arrivals() {
        let plan = open(
            vec![phase(3_600_000, "3/s", None)],
            Arrivals::Constant,
            &[1.0],
            1,
        );
        assert_eq!(plan.len(), 10_800);
        for (k, arrival) in (0_u64..).zip(&plan) {
            assert_eq!(arrival.intended.0, k * 1_000_000_000 / 3);
        }
    }

    #[test]
    fn an_even_ramp_puts_each_arrival_where_its_number_is_expected() {
        let ramp = phase(2_000, "100/s", Some("500/s"));
        let plan = open(vec![ramp], Arrivals::Constant, &[1.0], 1);
        assert_eq!(plan.len(), 600);
        assert_eq!(plan[0].intended, Nanos(0));
        assert_eq!(plan[1].intended, Nanos(9_901_951));
        assert_eq!(plan[300].intended, Nanos(1_302_775_638));
    }

    #[test]
    fn poisson_arrivals_have_exponential_gaps() {
        let plan = open(
            vec![phase(100_000, "100/s", None)],
            Arrivals::Poisson,
            &[1.0],
            1,
        );
        assert_eq!(plan.len(), 10_000);
        let gaps: Vec<f64> = plan
            .windows(2)
            .map(|pair| pair[1].intended.since(pair[0].intended).0 as f64 / 1e9)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let longer = gaps.iter().filter(|gap| **gap > 0.01).count() as f64 / gaps.len() as f64;
        assert!((mean - 0.01).abs() < 0.0002, "{mean}");
        assert!((longer - (-1.0_f64).exp()).abs() < 0.02, "{longer}");
    }

    #[test]
    fn flows_are_picked_by_their_weights() {
        let weights = [40.0, 35.0, 0.0, 25.0];
        let plan = open(
            vec![phase(100_000, "200/s", None)],
            Arrivals::Poisson,
            &weights,
            9,
        );
        for (flow, weight) in weights.iter().enumerate() {
            let count = plan.iter().filter(|a| usize::from(a.flow) == flow).count();
            let share = count as f64 / plan.len() as f64;
            assert!((share - weight / 100.0).abs() < 0.015, "{flow}: {share}");
        }
    }

    #[test]
    fn the_window_follows_the_warm_up_and_ends_with_the_load_at_the_latest() {
        let model = LoadModel::Open {
            phases: vec![phase(5_000, "10/s", None)],
            arrivals: Arrivals::Constant,
        };
        let Schedule::Open(mut short) = plan(&model, &[1.0], &windows(1_000, 2_000), 1).unwrap()
        else {
            unreachable!()
        };
        assert_eq!(short.measure_to, Nanos::from_secs(3));
        assert_eq!(short.between(short.measure_from, short.measure_to), 20);
        assert_eq!(
            (short.arrivals().count(), short.last()),
            (50, Some(Nanos(4_900_000_000)))
        );
        short.limit(50);
        assert_eq!(short.measure_to, Nanos::from_secs(3), "none is left out");
        short.limit(11);
        assert_eq!(
            (short.arrivals().count(), short.last()),
            (11, Some(Nanos::from_secs(1)))
        );
        // The twelfth would have come a tenth of a second later.
        assert_eq!(short.measure_to, Nanos::from_millis(1_100));
        assert_eq!(short.between(short.measure_from, short.measure_to), 1);
        let long = plan(&model, &[1.0], &windows(1_000, 9_000), 1).unwrap();
        assert_eq!(long.window().to, Nanos::from_secs(5));
    }

    #[test]
    fn a_load_that_cannot_be_planned_is_refused_with_the_way_out() {
        let model = |rate| LoadModel::Open {
            phases: vec![phase(3_600_000, rate, None)],
            arrivals: Arrivals::Poisson,
        };
        let planned = |rate, weights: &[f64], warm_up| {
            plan(&model(rate), weights, &windows(warm_up, 1_000), 1).unwrap_err()
        };
        assert!(matches!(
            planned("1000000/s", &[1.0], 0),
            PlanError::TooMany(_)
        ));
        assert_eq!(planned("1/s", &[0.0], 0), PlanError::NoFlow);
        assert_eq!(planned("1/s", &[f64::NAN], 0), PlanError::NoFlow);
        let error = planned("1/s", &[1.0], 3_600_000);
        assert!(error.to_string().contains("shorten the warm-up"), "{error}");
    }

    fn phases_strategy() -> impl Strategy<Value = Vec<Phase>> {
        let rate = || (1_u32..400_000).prop_map(|thousandths| f64::from(thousandths) / 1_000.0);
        let phase = (1_u64..5_000, rate(), prop::option::of(rate())).prop_map(|(ms, rate, to)| {
            phase(
                ms,
                &format!("{rate}/s"),
                to.map(|to| format!("{to}/s")).as_deref(),
            )
        });
        prop::collection::vec(phase, 1..6)
    }

    proptest! {
        #[test]
        fn a_plan_never_loses_an_arrival(
            phases in phases_strategy(),
            even in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let expected: f64 = phases.iter().map(phases::expected).sum();
            let total: u64 = phases.iter().map(|p| p.duration.0 * 1_000_000).sum();
            let arrivals = if even { Arrivals::Constant } else { Arrivals::Poisson };
            let plan = open(phases, arrivals, &[1.0, 2.0], seed);
            prop_assert!((plan.len() as f64 - expected).abs() <= 1.0);
            prop_assert!(plan.is_sorted_by_key(|a| a.intended));
            prop_assert!(plan.iter().all(|a| a.intended.0 < total));
            prop_assert!(plan.iter().zip(0..).all(|(a, k)| a.index == k));
        }

        #[test]
        fn the_same_seed_gives_the_same_plan_and_another_seed_another(seed in any::<u64>()) {
            let phases = || vec![phase(1_000, "100/s", None)];
            let one = open(phases(), Arrivals::Poisson, &[1.0, 1.0], seed);
            prop_assert_eq!(&one, &open(phases(), Arrivals::Poisson, &[1.0, 1.0], seed));
            prop_assert_ne!(&one, &open(phases(), Arrivals::Poisson, &[1.0, 1.0], !seed));
        }
    }
}
