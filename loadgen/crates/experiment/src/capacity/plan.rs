//! What a capacity search runs: the suite at each load, the SLO, the configuration.

use shared::time::Millis;

use super::{
    breakdown_plan::{BreakdownPlan, SHARE_OUTSIDE_SPIKE, SpikeTimes},
    search_plan::SearchPlan,
    soak::SoakPlan,
};
use crate::{
    schema::{LoadUnit, Percentile, TrialPurpose},
    system::Settings,
};
use loadgen_engine::{
    suite::{
        Arrivals, InFlight, LoadModel, LoadOptions, Phase, Policy, Suite, Think, UserPhase, Windows,
    },
    threshold::{Scope, Threshold, ThresholdMetric},
    units::{BadRate, Quantile, Rate},
};

/// Requests that may always be in flight, whatever the load.
const FEWEST_IN_FLIGHT: f64 = 64.0;
/// Most virtual users of a flow that an open load is given.
const MOST_USERS: f64 = 20_000.0;
/// Most times that a trial is made longer to have data for its percentile.
const LONGEST: u64 = 4;
/// The percentile that is shown where the SLO limits none.
const USUAL_SHARE: f64 = 0.95;
/// Levels of the scaling model, as shares of the lower bound.
pub(super) const LEVELS: [f64; 8] = [0.2, 0.4, 0.6, 0.8, 0.95, 1.1, 1.3, 1.5];

/// What a capacity search runs.
#[derive(Debug, Clone)]
pub struct CapacityPlan {
    /// Flows, windows, timeouts; its load is replaced.
    pub suite: Suite,
    /// The limits that a load has to meet.
    pub slo: Vec<Threshold>,
    /// What loads are counted in.
    pub unit: LoadUnit,
    /// Pause between the iterations of a user.
    pub think: Option<Think>,
    /// How long an iteration may be under way before an open load counts as overloaded, in mean.
    pub overloaded_after: Millis,
    /// How loads are chosen.
    pub search: SearchPlan,
    /// Every switch.
    pub settings: Settings,
    /// Trials of each scaling level; 0 for none.
    pub level_trials: u32,
    /// A long trial at the end; absent where none is asked for.
    pub soak: Option<SoakPlan>,
    /// What is loaded past the capacity; absent where that is not asked for.
    pub breakdown: Option<BreakdownPlan>,
    /// Requests that an iteration sends at least, in mean: how long a trial must be for its percentile.
    pub requests_per_iteration: f64,
}

impl CapacityPlan {
    /// The suite at a load. An open load that falls behind is ended early: its result is known.
    pub fn suite_at(&self, load: f64, purpose: TrialPurpose) -> Result<Suite, BadRate> {
        let mut suite = self.suite.clone();
        suite.thresholds.clone_from(&self.slo);
        suite.options = LoadOptions {
            pace: self.suite.options.pace,
            ..LoadOptions::default()
        };
        let windows = &mut suite.windows;
        windows.measure = self.long_enough(load);
        if let Some(soak) = self.soak.filter(|_| purpose == TrialPurpose::Soak) {
            windows.measure = soak.duration;
        }
        let spike = self.breakdown.as_ref().map(|one| one.spike);
        let spike = spike.filter(|_| purpose == TrialPurpose::Spike);
        if let Some(spike) = spike {
            windows.measure = spike.measured();
        }
        let pieces = pieces(load, *windows, spike);
        match self.unit {
            LoadUnit::Rate => {
                let phase =
                    |(name, duration, load): &(&str, Millis, f64)| -> Result<Phase, BadRate> {
                        Ok(Phase {
                            name: (*name).to_owned(),
                            ..Phase::level(Rate::per_second(*load)?, *duration)
                        })
                    };
                suite.load = LoadModel::Open {
                    phases: pieces.iter().map(phase).collect::<Result<_, BadRate>>()?,
                    arrivals: Arrivals::Poisson,
                };
                let in_flight = self.most_in_flight(load);
                suite.max_users = suite.max_users.max(in_flight);
                // Some trials are measured to their end: they show what an overload completes.
                if !purpose.is_past_search() {
                    suite.options.in_flight = InFlight {
                        policy: Policy::Abort,
                        max: Some(in_flight),
                    };
                }
            }
            LoadUnit::Users => {
                suite.load = LoadModel::Closed {
                    users: load as u32,
                    duration: windows.planned(),
                    think: self.think,
                    iterations: None,
                };
                if spike.is_some() {
                    let phase = |(name, duration, load): &(&str, Millis, f64)| UserPhase {
                        name: (*name).to_owned(),
                        duration: *duration,
                        users: load.round().max(1.0) as u32,
                        to: None,
                        flows: Vec::new(),
                    };
                    suite.options.ramp = pieces.iter().map(phase).collect();
                }
            }
        }
        Ok(suite)
    }

    /// The quantile of the response time that the SLO limits for all requests, the highest of several.
    pub fn quantile(&self) -> Quantile {
        let limited = self.slo.iter().filter(|one| one.scope == Scope::All);
        let quantiles = limited.filter_map(|one| match one.metric {
            ThresholdMetric::Quantile(quantile) => Some(quantile),
            _ => None,
        });
        quantiles
            .max_by(|a, b| a.share().total_cmp(&b.share()))
            .unwrap_or_else(|| Quantile::of(USUAL_SHARE).expect("it lies between 0 and 1"))
    }

    /// The measured window at a load: longer where few requests would not decide the percentile. Users
    /// begin no more iterations than their pauses allow; without a pause nothing is known beforehand.
    fn long_enough(&self, load: f64) -> Millis {
        let base = self.suite.windows.measure;
        let rate = match (self.unit, self.think) {
            (LoadUnit::Rate, _) => load,
            (LoadUnit::Users, Some(think)) => load * 1_000.0 / mean_pause_ms(think),
            (LoadUnit::Users, None) => return base,
        };
        let needed = Percentile::fewest_samples(self.quantile().share()) as f64 * 1.2;
        let wanted = (needed / self.requests_per_iteration / rate * 1_000.0).ceil() as u64;
        Millis(wanted.clamp(base.0, base.0 * LONGEST))
    }

    /// Arrivals under way from which an open load is overloaded (Little's law).
    fn most_in_flight(&self, rate: f64) -> u32 {
        let seconds = self.overloaded_after.0 as f64 / 1_000.0;
        (FEWEST_IN_FLIGHT + rate * seconds).min(MOST_USERS) as u32
    }

    /// How long an arrival may be under way in mean, where an iteration is one request: four times the
    /// limit of the SLO, and longer than the requests that it lets fail can make the mean.
    pub fn overload_limit(slo: &[Threshold], timeout: Millis) -> Millis {
        let limits = slo.iter().filter(|one| one.metric.is_time());
        let longest = limits.map(|one| one.limit / 1e6).fold(0.0, f64::max);
        let limit = (4.0 * longest).max(timeout.0 as f64 * 0.1).max(1_000.0);
        Millis((limit as u64).min(timeout.0))
    }
}

/// Mean of a pause in milliseconds.
fn mean_pause_ms(think: Think) -> f64 {
    let even = f64::midpoint(think.min.0 as f64, think.max.0 as f64);
    think.mean.map_or(even, |mean| mean.0 as f64)
}

/// The load of a trial piece by piece: name, length, and load in the unit of the search. `load` is that of
/// the measured window, or of the spike in it.
fn pieces(
    load: f64,
    windows: Windows,
    spike: Option<SpikeTimes>,
) -> Vec<(&'static str, Millis, f64)> {
    let outside = match spike {
        Some(_) => load * SHARE_OUTSIDE_SPIKE,
        None => load,
    };
    let measured = match spike {
        Some(times) => vec![
            ("before", times.before, outside),
            ("spike", times.spike, load),
            ("after", times.after, outside),
        ],
        None => vec![("hold", windows.measure, load)],
    };
    let warm_up = ("warm up", windows.warm_up, outside);
    let warm_up = Some(warm_up).filter(|_| windows.warm_up.0 > 0);
    warm_up.into_iter().chain(measured).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use loadgen_engine::{flow::shop, suite::load};

    use super::*;
    use crate::system::{Application as _, Shop};

    pub(in crate::capacity) fn plan(unit: LoadUnit) -> CapacityPlan {
        let text = "name: x\nload: { model: open, rate: 20/s, warmup: 2s, duration: 10s }\nflows: [ { flow: orders.browse } ]\n";
        let slo: Vec<Threshold> = vec![
            "p95 < 100ms".parse().unwrap(),
            "errors < 1%".parse().unwrap(),
        ];
        CapacityPlan {
            suite: load::parse(text, "x.yaml", &shop()).unwrap(),
            overloaded_after: CapacityPlan::overload_limit(&slo, Millis(10_000)),
            slo,
            unit,
            think: None,
            search: SearchPlan::quick(10.0, 1.0, 1_000.0, unit == LoadUnit::Users),
            settings: Settings::default(),
            level_trials: 0,
            soak: None,
            breakdown: None,
            requests_per_iteration: 1.0,
        }
    }

    #[test]
    fn a_rate_is_level_random_and_ends_early_when_it_falls_behind() {
        let suite = plan(LoadUnit::Rate)
            .suite_at(200.0, TrialPurpose::Narrow)
            .unwrap();
        assert!(suite.load.is_level(suite.windows) && !suite.load.is_even());
        assert_eq!(suite.windows.measure, Millis(10_000));
        assert_eq!(suite.options.in_flight.policy, Policy::Abort);
        // 64, and what arrives in a second: more than one can be under way for 4 x 100 ms.
        assert_eq!(suite.options.in_flight.max, Some(264));
        assert_eq!(suite.thresholds.len(), 2);
        let level = plan(LoadUnit::Rate)
            .suite_at(200.0, TrialPurpose::Level)
            .unwrap();
        assert_eq!(level.options.in_flight.policy, Policy::Backlog);
    }

    #[test]
    fn a_low_rate_is_measured_longer_so_that_its_percentile_has_data() {
        let plan = plan(LoadUnit::Rate);
        let measure = |rate| {
            plan.suite_at(rate, TrialPurpose::Bracket)
                .unwrap()
                .windows
                .measure
        };
        assert_eq!(measure(10.0), Millis(24_000));
        assert_eq!(measure(1.0), Millis(40_000), "four times at most");
        let several = CapacityPlan {
            requests_per_iteration: 2.0,
            ..plan.clone()
        };
        let suite = several.suite_at(10.0, TrialPurpose::Bracket).unwrap();
        assert_eq!(suite.windows.measure, Millis(12_000));
    }

    #[test]
    fn few_users_who_pause_are_measured_longer_too() {
        let pausing = |mean| CapacityPlan {
            think: Some(Think {
                min: Millis(5_000),
                max: Millis(15_000),
                mean,
            }),
            ..plan(LoadUnit::Users)
        };
        let planned = |plan: &CapacityPlan, users| {
            let suite = plan.suite_at(users, TrialPurpose::Bracket).unwrap();
            let LoadModel::Closed { duration, .. } = suite.load else {
                panic!("closed")
            };
            (suite.windows.measure.0, duration.0)
        };
        // 100 users with 10 s between their iterations begin ten a second.
        assert_eq!(planned(&pausing(None), 100.0), (24_000, 26_000));
        assert_eq!(planned(&pausing(None), 4.0).0, 40_000, "four times at most");
        let exponential = pausing(Some(Millis(5_000)));
        assert_eq!(planned(&exponential, 100.0).0, 12_000);
        assert_eq!(planned(&pausing(None), 1_000.0).0, 10_000);
        let at_once = plan(LoadUnit::Users);
        assert_eq!(planned(&at_once, 4.0).0, 10_000);
    }

    #[test]
    fn a_soak_is_as_long_as_it_is_asked_for_and_measured_to_its_end() {
        for unit in [LoadUnit::Rate, LoadUnit::Users] {
            let asked = CapacityPlan {
                soak: Some(SoakPlan {
                    duration: Millis(1_800_000),
                    load: None,
                }),
                ..plan(unit)
            };
            let suite = asked.suite_at(7.0, TrialPurpose::Soak).unwrap();
            assert_eq!(suite.windows.measure, Millis(1_800_000));
            assert_eq!(suite.options.in_flight.policy, Policy::Backlog);
            let suite = asked.suite_at(7.0, TrialPurpose::Narrow).unwrap();
            assert!(suite.windows.measure < Millis(60_000));
        }
    }

    #[test]
    fn users_make_a_closed_load() {
        let suite = plan(LoadUnit::Users)
            .suite_at(7.0, TrialPurpose::Narrow)
            .unwrap();
        let LoadModel::Closed { users, .. } = suite.load else {
            panic!("closed")
        };
        assert_eq!(users, 7);
    }

    #[test]
    fn a_spike_has_twice_the_capacity_between_level_loads_of_half_of_it() {
        let breakdown = BreakdownPlan::of(&Shop, &Shop.default_profile(), true).unwrap();
        let asked = |unit| CapacityPlan {
            breakdown: Some(breakdown.clone()),
            ..plan(unit)
        };
        let suite = asked(LoadUnit::Rate)
            .suite_at(80.0, TrialPurpose::Spike)
            .unwrap();
        let LoadModel::Open { phases, .. } = &suite.load else {
            panic!("open")
        };
        let seen: Vec<(&str, u64, f64)> = phases
            .iter()
            .map(|one| (&*one.name, one.duration.0, one.rate.as_per_second()))
            .collect();
        assert_eq!(
            seen,
            [
                ("warm up", 2_000, 20.0),
                ("before", 4_000, 20.0),
                ("spike", 2_000, 80.0),
                ("after", 8_000, 20.0)
            ]
        );
        assert_eq!(suite.windows.measure, Millis(14_000));
        assert_eq!(suite.options.in_flight.policy, Policy::Backlog);

        let suite = asked(LoadUnit::Users)
            .suite_at(8.0, TrialPurpose::Spike)
            .unwrap();
        let users: Vec<u32> = suite.options.ramp.iter().map(|one| one.users).collect();
        assert_eq!(users, [2, 2, 8, 2]);
        let suite = asked(LoadUnit::Users)
            .suite_at(8.0, TrialPurpose::Breakdown)
            .unwrap();
        assert!(suite.options.ramp.is_empty());
        assert_eq!(suite.windows.measure, Millis(10_000));
    }
}
