//! A suite as it is meant, every text parsed into its type. `load.rs` makes it from a file.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::time::Millis;

use super::{fault_plan::PlannedFault, topology::Topology};
use crate::{flow::Catalog, threshold::Threshold, units::Rate};

/// Flows, load and thresholds. Stored as it goes to other processes that generate a part of its load:
/// without thresholds and topology, which are none of theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Short name: part of the result folder's.
    pub name: String,
    /// What it asks, in one sentence.
    pub question: String,
    /// How much load, and when.
    pub load: LoadModel,
    /// How users and arrivals behave within it.
    pub options: LoadOptions,
    /// What comes before and after the measured window.
    pub windows: Windows,
    /// The mix.
    pub flows: Vec<FlowShare>,
    /// Limits that its figures have to meet.
    #[serde(skip)]
    pub thresholds: Vec<Threshold>,
    /// How many accounts are signed in before the run, for the flows that need them.
    pub accounts: u32,
    /// A request's time limit, counted from its intended start.
    pub timeout: Millis,
    /// Most virtual users a flow.
    pub max_users: u32,
    /// Root of every sub-seed.
    pub seed: u64,
    /// What an own stack consists of.
    #[serde(skip)]
    pub topology: Topology,
    /// What is done to its services while load runs. A worker that generates a part of the load
    /// is not told: who observes the trial does it.
    #[serde(skip)]
    pub faults: Vec<PlannedFault>,
}

impl Suite {
    /// Whether users send as fast as they are answered: a closed load in which some flow has no
    /// pause. The generator is then as busy as the target lets it be.
    pub fn is_unpaced(&self) -> bool {
        let LoadModel::Closed { think, .. } = self.load else {
            return false;
        };
        let pauses = |think: Option<Think>| think.is_some_and(|think| think.max.0 > 0);
        self.options.pace.is_none()
            && self
                .flows
                .iter()
                .any(|share| !pauses(share.think.or(think)))
    }

    /// The names of the operations that its flows send.
    pub fn operation_names(&self, catalog: &Catalog) -> Vec<&'static str> {
        let flows = self.flows.iter();
        flows
            .filter_map(|share| catalog.flow(&share.flow))
            .flat_map(|flow| catalog.operation_names(flow))
            .collect()
    }

    /// Sets the number of users of a closed load; phases keep their proportions to the largest.
    pub fn set_users(&mut self, users: u32) {
        // Users of a closed load keep their pauses.
        let (think, iterations) = match self.load {
            LoadModel::Closed {
                think, iterations, ..
            } => (think, iterations),
            LoadModel::Open { .. } => (None, None),
        };
        self.load = LoadModel::Closed {
            users,
            duration: self.windows.planned(),
            think,
            iterations,
        };
        let counts = |phase: &UserPhase| phase.users.max(phase.to.unwrap_or(0));
        let Some(most) = self
            .options
            .ramp
            .iter()
            .map(counts)
            .max()
            .filter(|most| *most > 0)
        else {
            return;
        };
        let scaled = |count: u32| {
            let count = u64::from(count) * u64::from(users);
            u32::try_from(count.div_ceil(u64::from(most))).unwrap_or(u32::MAX)
        };
        for phase in &mut self.options.ramp {
            phase.users = scaled(phase.users);
            phase.to = phase.to.map(scaled);
        }
    }

    /// Replaces the flows. What a phase said about the former ones is gone.
    pub fn set_flows(&mut self, flows: Vec<FlowShare>) {
        self.flows = flows;
        if let LoadModel::Open { phases, .. } = &mut self.load {
            for phase in phases {
                phase.flows.clear();
            }
        }
        for phase in &mut self.options.ramp {
            phase.flows.clear();
        }
    }

    /// The phases that name their flows, each with the names of those.
    pub fn phase_flows(&self) -> Vec<(&str, Vec<&str>)> {
        let phases: Vec<(&str, &[u16])> = match &self.load {
            LoadModel::Open { phases, .. } => phases
                .iter()
                .map(|phase| (phase.name.as_str(), phase.flows.as_slice()))
                .collect(),
            LoadModel::Closed { .. } => self
                .options
                .ramp
                .iter()
                .map(|phase| (phase.name.as_str(), phase.flows.as_slice()))
                .collect(),
        };
        let name = |flow: &u16| self.flows.get(usize::from(*flow)).map(|share| &*share.flow);
        phases
            .into_iter()
            .filter(|(_, flows)| !flows.is_empty())
            .map(|(phase, flows)| (phase, flows.iter().filter_map(name).collect()))
            .collect()
    }

    /// The named phases, each with its part of the measured window, in milliseconds since the
    /// begin of the load; those wholly in the warm-up are left out.
    pub fn phase_spans(&self) -> Vec<(String, Millis, Millis)> {
        let phases: Vec<(&str, Millis)> = match &self.load {
            LoadModel::Open { phases, .. } => phases
                .iter()
                .map(|phase| (phase.name.as_str(), phase.duration))
                .collect(),
            LoadModel::Closed { .. } => self
                .options
                .ramp
                .iter()
                .map(|phase| (phase.name.as_str(), phase.duration))
                .collect(),
        };
        let mut from = 0;
        phases
            .into_iter()
            .filter_map(|(name, duration)| {
                let (begin, end) = (from, from + duration.0);
                from = end;
                let begin = begin.max(self.windows.warm_up.0);
                let end = end.min(self.windows.planned().0);
                (begin < end && !name.is_empty())
                    .then(|| (name.to_owned(), Millis(begin), Millis(end)))
            })
            .collect()
    }
}

/// A flow's share of the arrivals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowShare {
    /// Its name in the registry.
    pub flow: String,
    /// Its weight among all weights; greater than 0.
    pub weight: f64,
    /// Pause between two iterations of one user (closed model).
    pub think: Option<Think>,
}

/// How much load, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LoadModel {
    /// Arrivals at their planned times, whether or not earlier ones are answered.
    Open {
        /// One after the other; together they cover warm-up and measured window.
        phases: Vec<Phase>,
        /// How arrivals lie within a phase.
        arrivals: Arrivals,
    },
    /// A number of users, each of which starts its next iteration after the last and a pause.
    Closed {
        /// How many.
        users: u32,
        /// For how long, the warm-up included.
        duration: Millis,
        /// Pause between two iterations where the flow has none of its own.
        think: Option<Think>,
        /// Stop a user after so many iterations.
        iterations: Option<u64>,
    },
}

impl LoadModel {
    /// Whether arrivals are planned to lie evenly.
    pub fn is_even(&self) -> bool {
        matches!(
            self,
            Self::Open {
                arrivals: Arrivals::Constant,
                ..
            }
        )
    }

    /// Whether the planned load stays the same over the measured window.
    pub fn is_level(&self, windows: Windows) -> bool {
        let Self::Open { phases, .. } = self else {
            return true;
        };
        let mut ends = 0;
        let measured: Vec<&Phase> = phases
            .iter()
            .filter(|phase| {
                ends += phase.duration.0;
                ends > windows.warm_up.0
            })
            .collect();
        measured.iter().all(|phase| {
            phase.rate == measured[0].rate
                && phase.flows == measured[0].flows
                && phase.to.is_none_or(|to| to == phase.rate)
        })
    }
}

/// A piece of the load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// For people.
    pub name: String,
    /// How long.
    pub duration: Millis,
    /// Arrivals of iterations a second at its start; zero for a pause.
    #[serde(deserialize_with = "rate_or_zero")]
    pub rate: Rate,
    /// At its end, changing evenly; the same as `rate` when absent.
    #[serde(deserialize_with = "end_rate_or_zero")]
    pub to: Option<Rate>,
    /// The flows that start in it, by their index in the suite; empty: all.
    pub flows: Vec<u16>,
}

impl Phase {
    /// A phase of all flows at one rate, without a name.
    pub const fn level(rate: Rate, duration: Millis) -> Self {
        Self {
            name: String::new(),
            duration,
            rate,
            to: None,
            flows: Vec::new(),
        }
    }
}

/// The rate of a phase may be zero, which an ordinary rate may not.
fn rate_or_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Rate, D::Error> {
    Rate::or_zero(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn end_rate_or_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rate>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let rate = text.map(|text| Rate::or_zero(&text));
    rate.transpose().map_err(D::Error::custom)
}

/// How arrivals lie within a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// As independent users come: uniformly at random, the planned number of them exactly.
    #[default]
    Poisson,
}

/// What is not the amount of the load, but how it is carried out. The default is what one
/// expects: as many users as there are, no budget, arrivals that wait.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadOptions {
    /// Most iterations of all users together (closed model).
    pub shared_iterations: Option<u64>,
    /// Time from one start of a user's iteration to the next (closed model).
    pub pace: Option<Millis>,
    /// How many of the users are there, phase after phase (closed model); empty: always all.
    pub ramp: Vec<UserPhase>,
    /// What is done with an arrival when many are under way (open model).
    pub in_flight: InFlight,
}

/// A piece of a closed load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserPhase {
    /// For people, and for thresholds.
    pub name: String,
    /// How long.
    pub duration: Millis,
    /// Users at its begin.
    pub users: u32,
    /// At its end, changing evenly; the same as `users` when absent.
    pub to: Option<u32>,
    /// The flows that start in it, by their index in the suite; empty: all.
    pub flows: Vec<u16>,
}

/// What is done with an arrival when as many are under way as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InFlight {
    /// What is done with it.
    pub policy: Policy,
    /// How many may be; without a number, as many as the flows have users.
    pub max: Option<u32>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            policy: Policy::Backlog,
            max: None,
        }
    }
}

/// The in-flight policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It waits, its intended start kept: the wait is response time.
    Backlog,
    /// It is not sent, counted as dropped, and so as a failure.
    Drop,
    /// The run ends, and is not valid.
    Abort,
}

/// A pause, uniformly between two lengths, or exponentially about a mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Think {
    /// Shortest pause.
    pub min: Millis,
    /// Longest pause.
    pub max: Millis,
    /// Mean of an exponential pause, which is then cut at `max`; absent for an even one.
    pub mean: Option<Millis>,
}

/// The windows of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Load that is not counted.
    pub warm_up: Millis,
    /// Load that is.
    pub measure: Millis,
    /// Longest wait for what is under way at the end.
    pub drain: Millis,
}

impl Windows {
    /// One rate over both windows, each a phase; no phase for an absent warm-up.
    pub fn phases(self, rate: Rate) -> Vec<Phase> {
        let phase = |name: &str, duration| Phase {
            name: name.to_owned(),
            ..Phase::level(rate, duration)
        };
        let warm_up = (self.warm_up.0 > 0).then(|| phase("warm up", self.warm_up));
        let hold = phase("hold", self.measure);
        warm_up.into_iter().chain([hold]).collect()
    }

    /// The whole planned time.
    pub fn planned(&self) -> Millis {
        Millis(self.warm_up.0 + self.measure.0)
    }
}
