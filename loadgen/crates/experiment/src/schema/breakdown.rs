//! What is stored of a system past its capacity: goodput at one, one and a half and two times the lower
//! bound, and the recovery from a spike, with each admission policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    fault::{FaultRecovery, FaultResult},
    percentile::Percentile,
    words::ValidityWord,
};

/// How the goodput changes when twice as much comes as the system sustains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakdownWord {
    /// At least 90 % of it stay, in every round.
    Plateau,
    /// Less than that and at least 50 % stay, in every round.
    Decline,
    /// Less than 50 % stay, in every round.
    Collapse,
    /// The rounds disagree, a trial does not count, or there are too few data.
    Unknown,
}

impl BreakdownWord {
    /// The word in capitals.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Plateau => "PLATEAU",
            Self::Decline => "DECLINE",
            Self::Collapse => "COLLAPSE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What happened to the requests of a trial, or in the median of several. The four shares make 1 in a
/// trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakdownFigures {
    /// Requests a second that were due.
    pub offered_per_s: f64,
    /// Goodput in time: right answers a second within the time limit of the SLO.
    pub goodput_per_s: f64,
    /// Share of the requests that were answered so.
    pub in_time: f64,
    /// Share that was answered as it should, but later.
    pub late: f64,
    /// Share that was refused with status 503.
    pub refused: f64,
    /// Share that failed in any other way.
    pub failed: f64,
    /// 95th percentile of the response time of all requests, in milliseconds; failures and refusals count
    /// as infinitely slow.
    pub p95_ms: Percentile,
    /// The same of the right answers alone.
    pub answered_p95_ms: Percentile,
}

/// One trial at the capacity or past it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakdownTrial {
    /// Name of its folder.
    pub folder: String,
    /// The admission policy in force.
    pub policy: String,
    /// Its load, in the unit of the search; of a spike the highest.
    pub load: f64,
    /// Right answers within the time limit.
    pub answered_in_time: u64,
    /// What happened to its requests.
    pub figures: BreakdownFigures,
    /// Whether its figures can be trusted.
    pub validity: ValidityWord,
    /// Why not, where they cannot.
    pub doubts: Vec<String>,
    /// How the target recovered; absent in a trial with a level load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spike: Option<SpikeRecovery>,
}

/// How a target recovered from a spike of load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpikeRecovery {
    /// The goodput, by the rule of a fault.
    pub goodput: FaultResult,
    /// 95th percentile of the response time before the spike, in milliseconds; absent where it is not
    /// known.
    pub p95_before_ms: Option<f64>,
    /// Until the share of requests that are slower than that is what it was before.
    pub p95: FaultRecovery,
}

/// All trials of one load with one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakdownLoad {
    /// The load, in the unit of the search.
    pub load: f64,
    /// How many times the lower bound that is.
    pub times: f64,
    /// Medians of the trials that count; absent where none does.
    pub median: Option<BreakdownFigures>,
    /// The smallest and the largest goodput in time of those trials.
    pub goodput_range: Option<(f64, f64)>,
    /// Every trial, in order.
    pub trials: Vec<BreakdownTrial>,
}

/// What happens past the capacity with one admission policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyBreakdown {
    /// The switch with its value; `as set` where the application names none.
    pub policy: String,
    /// How the goodput changes at twice the lower bound.
    pub word: BreakdownWord,
    /// The figures that decided it, or why there is no word.
    pub why: String,
    /// Every load, ascending.
    pub loads: Vec<BreakdownLoad>,
    /// The trial with a spike; absent where it was not run.
    pub spike: Option<BreakdownTrial>,
}

/// What happens past the capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityBreakdown {
    /// The lower bound that the loads are multiples of, in the unit of the search.
    pub lower: f64,
    /// The limits of the SLO within which an answer is in time, as written; none where the SLO limits no
    /// time, and every right answer is in time.
    pub time_limits: Vec<String>,
    /// Each policy, that in force in the search first.
    pub policies: Vec<PolicyBreakdown>,
}

impl PolicyBreakdown {
    /// The word with what decided it, and the recovery from the spike, in a sentence.
    pub fn sentence(&self) -> String {
        format!(
            "{}: {}, {}; {}",
            self.policy,
            self.word.label(),
            self.why,
            self.recovery()
        )
    }

    /// How the target recovered from the spike.
    pub fn recovery(&self) -> String {
        let Some(trial) = &self.spike else {
            return "the spike was not measured".to_owned();
        };
        let Some(spike) = &trial.spike else {
            return format!("the spike does not count: {}", trial.doubts.join("; "));
        };
        format!(
            "after the spike goodput {}, p95 {}",
            spike.goodput.recovery.words(),
            spike.p95.words()
        )
    }
}

impl CapacityBreakdown {
    /// `past it: admission=off COLLAPSE, admission=limit(8) PLATEAU`.
    pub fn in_short(&self) -> String {
        let words: Vec<String> = self
            .policies
            .iter()
            .map(|one| format!("{} {}", one.policy, one.word.label()))
            .collect();
        format!("past it: {}", words.join(", "))
    }

    /// What the loads and the goodput are, in one sentence; `lower` is the lower bound with its unit.
    pub fn basis(&self, lower: &str) -> String {
        let limits = match &self.time_limits[..] {
            [] => "every right answer, because the SLO limits no time".to_owned(),
            limits => format!("right answers within the limit of {}", limits.join(", ")),
        };
        format!("loads are multiples of the lower bound, {lower}; goodput is {limits}")
    }
}
