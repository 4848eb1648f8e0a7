//! What is loaded past the capacity: the admission policies, the loads, the rounds, and the spike.

use shared::time::Millis;

use crate::system::{Application, Settings};
use loadgen_engine::suite::Windows;

/// Loads, as multiples of the lower bound; the goodput at the last is compared with that at the first.
pub(super) const TIMES: [f64; 3] = [1.0, 1.5, 2.0];
/// The level load before and after a spike, as a share of the spike's: half the lower bound of twice it.
pub(super) const SHARE_OUTSIDE_SPIKE: f64 = 0.25;
/// Trials of each load with each policy.
const ROUNDS: u32 = 3;
/// Fewest of them, and those of a quick breakdown: a single one cannot disagree with another.
pub(super) const FEWEST_ROUNDS: u32 = 2;
/// The policy of an application that names no switch.
const AS_SET: &str = "as set";

/// An admission policy.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmissionPolicy {
    /// The switch with its value.
    pub name: String,
    /// Every switch.
    pub settings: Settings,
}

/// The times of a trial with a spike, the warm-up apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpikeTimes {
    /// Level load before it.
    pub before: Millis,
    /// The spike.
    pub spike: Millis,
    /// Level load after it.
    pub after: Millis,
}

/// The rule of recovery measures against ten seconds.
const CAREFUL: SpikeTimes = SpikeTimes {
    before: Millis(10_000),
    spike: Millis(5_000),
    after: Millis(30_000),
};
const QUICK: SpikeTimes = SpikeTimes {
    before: Millis(4_000),
    spike: Millis(2_000),
    after: Millis(8_000),
};

impl SpikeTimes {
    /// All of them together.
    pub const fn measured(self) -> Millis {
        Millis(self.before.0 + self.spike.0 + self.after.0)
    }
}

/// What is loaded past the capacity.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakdownPlan {
    /// The policies, that of the search first.
    pub policies: Vec<AdmissionPolicy>,
    /// Trials of each load with each policy.
    pub rounds: u32,
    /// The times of the trial with a spike.
    pub spike: SpikeTimes,
}

impl BreakdownPlan {
    /// The policy in `settings`, and those of the application's switch that are another one. `quick` is
    /// as short as the rules allow. The error says what the application does not take.
    pub fn of(
        application: &dyn Application,
        settings: &Settings,
        quick: bool,
    ) -> Result<Self, String> {
        let mut policies = Vec::new();
        let switch = application.admission_switch();
        let in_force = switch.and_then(|switch| Some((switch.path, settings.get(switch.path)?)));
        policies.push(AdmissionPolicy {
            name: in_force.map_or_else(
                || AS_SET.to_owned(),
                |(path, value)| format!("{path}={value}"),
            ),
            settings: settings.clone(),
        });
        if let Some(switch) = switch {
            for value in switch.values {
                let mut changed = settings.clone();
                application.set(&mut changed, switch.path, value)?;
                if policies.iter().all(|one| one.settings != changed) {
                    policies.push(AdmissionPolicy {
                        name: format!("{}={value}", switch.path),
                        settings: changed,
                    });
                }
            }
        }
        Ok(Self {
            policies,
            rounds: if quick { FEWEST_ROUNDS } else { ROUNDS },
            spike: if quick { QUICK } else { CAREFUL },
        })
    }

    /// How many trials that is.
    pub fn trials(&self) -> u32 {
        self.policies.len() as u32 * (self.rounds * TIMES.len() as u32 + 1)
    }

    /// Seconds of load that all trials take, of which those with a level load have `windows`; what is done
    /// before and after each trial comes on top.
    pub fn planned_s(&self, windows: Windows) -> f64 {
        let level = f64::from(self.rounds) * TIMES.len() as f64 * windows.planned().0 as f64;
        let spike = (windows.warm_up.0 + self.spike.measured().0) as f64;
        self.policies.len() as f64 * (level + spike) / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use loadgen_engine::{driver::ClientOptions, flow::SingleRequest, request::Request};

    use super::*;
    use crate::system::{Endpoints, HttpService, Shop, SystemUnderTest as _};

    fn names(settings: &Settings) -> Vec<String> {
        let plan = BreakdownPlan::of(&Shop, settings, true).unwrap();
        plan.policies.into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn the_policy_in_force_is_the_first_and_none_is_loaded_twice() {
        let mut settings = Shop.default_profile();
        assert_eq!(names(&settings), ["admission=off", "admission=limit(4)"]);
        Shop.set(&mut settings, "admission", "limit(9)").unwrap();
        assert_eq!(
            names(&settings),
            ["admission=limit(9)", "admission=off", "admission=limit(4)"]
        );
        let plan = BreakdownPlan::of(&Shop, &settings, true).unwrap();
        for (one, value) in plan.policies.iter().zip(["limit(9)", "off", "limit(4)"]) {
            assert_eq!(one.settings.get("admission"), Some(value));
        }
    }

    #[test]
    fn an_application_without_the_switch_is_loaded_as_it_is() {
        let endpoint = std::net::SocketAddr::from(([127, 0, 0, 1], 80)).into();
        let flow = SingleRequest::new(Request::get("/"), None);
        let service = HttpService::new(Endpoints::one(endpoint), ClientOptions::default(), flow);
        let settings = Settings::default();
        let plan = BreakdownPlan::of(service.application(), &settings, true).unwrap();
        let names: Vec<&str> = plan.policies.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["as set"]);
        assert_eq!(plan.trials(), 7);
    }

    #[test]
    fn the_time_is_that_of_every_trial() {
        let settings = Shop.default_profile();
        let windows = Windows {
            warm_up: Millis(2_000),
            measure: Millis(8_000),
            drain: Millis(0),
        };
        let quick = BreakdownPlan::of(&Shop, &settings, true).unwrap();
        assert_eq!((quick.rounds, quick.trials()), (2, 14));
        assert!((quick.planned_s(windows) - 2.0 * (60.0 + 16.0)).abs() < 1e-9);
        let careful = BreakdownPlan::of(&Shop, &settings, false).unwrap();
        assert_eq!(careful.trials(), 20);
    }
}
