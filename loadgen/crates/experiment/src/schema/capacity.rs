//! What is stored of a capacity search: the bounds, every trial, what was at its limit, and how the
//! system scales.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    breakdown::CapacityBreakdown, growth::GrowthWord, percentile::Percentile, words::ValidityWord,
};

/// What a load is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadUnit {
    /// Iterations that arrive a second (open load).
    Rate,
    /// Virtual users (closed load).
    Users,
}

impl LoadUnit {
    /// A load with its unit: `212/s`, `40 users`.
    pub fn show(self, load: f64) -> String {
        let decimals = match load {
            load if load >= 100.0 || load.fract().abs() < 1e-9 => 0,
            load if load >= 10.0 => 1,
            load if load >= 1.0 => 2,
            _ => 3,
        };
        match self {
            Self::Rate => format!("{load:.decimals$}/s"),
            Self::Users => format!("{load:.0} users"),
        }
    }
}

/// What a trial says of its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadVote {
    /// The SLO held.
    Met,
    /// It did not, or the queue grew.
    Missed,
    /// Nothing was missed for certain, and too few requests tell whether the SLO held.
    Undecided,
    /// The load generator failed: nothing is known of the target.
    Invalid,
}

/// Why a load is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialPurpose {
    /// To find a load that meets the SLO and one that does not.
    Bracket,
    /// To bring the two closer.
    Narrow,
    /// To confirm the lower bound with trials that took no part in finding it.
    ConfirmLower,
    /// The same for the upper bound.
    ConfirmUpper,
    /// To see how the system scales, below and above its capacity.
    Level,
    /// To see what an arm does at the load that the other arm sustains.
    PastCapacity,
    /// To see whether anything grows under one load for long.
    Soak,
    /// To see how much goodput is left at the capacity and past it.
    Breakdown,
    /// To see how the target recovers from a spike past the capacity.
    Spike,
}

impl TrialPurpose {
    /// In words, for progress and tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Bracket => "find a range",
            Self::Narrow => "narrow it",
            Self::ConfirmLower => "confirm the lower bound",
            Self::ConfirmUpper => "confirm the upper bound",
            Self::Level => "measure a scaling level",
            Self::PastCapacity => "see what happens past the capacity",
            Self::Soak => "see whether anything grows",
            Self::Breakdown => "see how much goodput is left",
            Self::Spike => "see how the target recovers from a spike",
        }
    }

    /// Whether it takes no part in the search: such a trial is measured to its end.
    pub const fn is_past_search(self) -> bool {
        matches!(self, Self::Level | Self::PastCapacity | Self::Soak) || self.is_breakdown()
    }

    /// Whether it belongs to what happens past the capacity, with each admission policy.
    pub const fn is_breakdown(self) -> bool {
        matches!(self, Self::Breakdown | Self::Spike)
    }
}

/// How the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchEnding {
    /// Both bounds were found.
    Found,
    /// The SLO does not even hold at the lowest load.
    BelowLowest,
    /// It holds at the highest load that may be tried.
    AboveHighest,
    /// The load generator fails before the target does.
    GeneratorLimit,
    /// Too few requests told whether the SLO holds: a bound is not known.
    Undecided,
    /// The time was over.
    OutOfTime,
    /// An audit found wrong data, or the command was stopped.
    Stopped,
    /// The load of a soak was given: nothing was searched.
    NotSearched,
}

/// One trial of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadTrial {
    /// Name of its folder.
    pub folder: String,
    /// Its load, in the unit of the search.
    pub load: f64,
    /// Why it was tried.
    pub purpose: TrialPurpose,
    /// What it says.
    pub vote: LoadVote,
    /// Why, in words: the thresholds that do not hold, the check that failed.
    pub why: Vec<String>,
    /// Seconds from its preparation to the end of its audit.
    pub took_s: f64,
    /// Correct answers a second.
    pub goodput_per_s: f64,
    /// Mean number of requests in the system (Little's law).
    pub in_system: f64,
    /// Response time at the percentile that the SLO is about, in milliseconds.
    pub response_ms: Percentile,
    /// Share of the requests that were answered as they should.
    pub success: f64,
    /// Whether the figures can be trusted.
    pub validity: ValidityWord,
}

/// All trials of one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadResult {
    /// The load, in the unit of the search.
    pub load: f64,
    /// Trials that met the SLO.
    pub met: u32,
    /// Trials that missed it.
    pub missed: u32,
    /// Trials with too few requests to tell.
    #[serde(default)]
    pub undecided: u32,
    /// Trials in which the load generator failed; they do not count.
    pub invalid: u32,
    /// Median of the trials: correct answers a second.
    pub goodput_per_s: f64,
    /// Median of the trials: response time at the percentile of the SLO, in milliseconds; absent where it
    /// lies beyond the timeout or there are too few requests.
    pub response_ms: Option<f64>,
    /// The smallest and the largest of them.
    pub response_range_ms: Option<(f64, f64)>,
}

/// Something that was at its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SaturationSign {
    /// What: `processors of the machine`, `connection pool`.
    pub resource: String,
    /// The lowest load at which it was.
    pub load: f64,
    /// The figures.
    pub evidence: String,
}

/// A parameter or a figure of a fit with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FittedFigure {
    /// What it is.
    pub name: String,
    /// The estimate.
    pub value: f64,
    /// Its standard error; absent where it lies at a bound.
    pub standard_error: Option<f64>,
    /// Its 95 % interval; an absent upper end is not known.
    pub interval: Option<(f64, Option<f64>)>,
}

/// A point of the fitted curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScalingPoint {
    /// Requests in the system.
    pub in_system: f64,
    /// The law there, in correct answers a second.
    pub fitted: f64,
    /// 95 % bootstrap interval of the law.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// How the system scales: the universal scalability law over its levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScalingResult {
    /// How many levels, and how many trials in all.
    pub levels: u32,
    /// Trials that the fit rests on.
    pub trials: u32,
    /// Whether figures of the fit may be used.
    pub trusted: bool,
    /// Contention, coherence, speed, and where they are known the peak and the most completed.
    pub figures: Vec<FittedFigure>,
    /// Contention and speed without coherence (Amdahl's law), as the alternative.
    pub amdahl: Vec<FittedFigure>,
    /// Standard deviation of the trials about the law and about the alternative.
    pub residuals: (f64, f64),
    /// Share of the bootstrap samples without a peak.
    pub without_peak: f64,
    /// The law at each level, with its band.
    pub curve: Vec<ScalingPoint>,
    /// Each trial: requests in the system, correct answers a second.
    pub points: Vec<(f64, f64)>,
    /// Reasons not to trust it.
    pub doubts: Vec<String>,
}

/// A load that some rule calls the knee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KneePoint {
    /// The rule.
    pub rule: String,
    /// The load, in the unit of the search.
    pub load: f64,
}

/// A long trial at one load, and whether anything grew in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Soak {
    /// Name of the trial's folder.
    pub folder: String,
    /// The load, in the unit of the search.
    pub load: f64,
    /// Which share of the lower bound that is; absent where the load was given.
    pub share: Option<f64>,
    /// Length of the measured window, in seconds.
    pub window_s: f64,
    /// Whether the load met the SLO.
    pub vote: LoadVote,
    /// Why it did not.
    pub why: Vec<String>,
    /// Whether anything grew.
    pub word: GrowthWord,
    /// The same with what decided it.
    pub growth: String,
}

impl Soak {
    /// `soak at 80/s (80 % of the lower bound)`.
    pub fn words(&self, unit: LoadUnit) -> String {
        let share = self.share.map_or_else(String::new, |share| {
            format!(" ({:.0} % of the lower bound)", share * 100.0)
        });
        format!("soak at {}{share}", unit.show(self.load))
    }
}

/// What a capacity search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capacity {
    /// What loads are counted in.
    pub unit: LoadUnit,
    /// The limits that a load has to meet, as written.
    pub slo: Vec<String>,
    /// Share of the percentile that `response_ms` of the loads is.
    pub percentile: f64,
    /// The highest load that is known to meet the SLO; absent where none is.
    pub lower: Option<f64>,
    /// Whether fresh trials confirmed it.
    pub lower_confirmed: bool,
    /// The lowest load above it that is known to miss the SLO; absent where none is.
    pub upper: Option<f64>,
    /// Whether fresh trials confirmed it.
    pub upper_confirmed: bool,
    /// upper / lower - 1.
    pub width: Option<f64>,
    /// The width that was asked for.
    pub asked_width: f64,
    /// How the search ended.
    pub ending: SearchEnding,
    /// Goodput at the lower bound, median of its trials, in correct answers a second.
    pub goodput_per_s: Option<f64>,
    /// Every load, ascending.
    pub loads: Vec<LoadResult>,
    /// Every trial in the order in which it ran.
    pub trials: Vec<LoadTrial>,
    /// What was at its limit, that of the lowest load first.
    pub saturated: Vec<SaturationSign>,
    /// What saturated first, in a sentence; says so where it is not known.
    pub saturation: String,
    /// Loads that the usual rules call the knee.
    pub knees: Vec<KneePoint>,
    /// How the system scales; absent without levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalingResult>,
    /// A long trial below the capacity, or at the load that was given; absent where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
    /// What happens past the capacity; absent where that was not asked for, or not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<CapacityBreakdown>,
}

impl Capacity {
    /// `between 196/s and 202/s`: the bounds as far as they are known, and which of them fresh trials did not
    /// confirm.
    pub fn bounds(&self) -> String {
        let known = match (self.lower, self.upper_of_target()) {
            (Some(lower), Some(upper)) => format!(
                "between {} and {}",
                self.unit.show(lower),
                self.unit.show(upper)
            ),
            (Some(lower), None) if self.ending == SearchEnding::GeneratorLimit => format!(
                "at least {}, the limit of the load generator",
                self.unit.show(lower)
            ),
            (Some(lower), None) => format!("at least {}", self.unit.show(lower)),
            (None, Some(upper)) => format!("below {}", self.unit.show(upper)),
            (None, None) if self.ending == SearchEnding::NotSearched => "not searched".to_owned(),
            (None, None) => "not known".to_owned(),
        };
        format!("{known}{}", self.unconfirmed())
    }

    /// The lower bound where it can be compared with that of another search: confirmed by fresh trials, and the
    /// end of a search that found both.
    pub fn comparable_lower(&self) -> Option<f64> {
        let is_known = self.lower_confirmed && self.ending == SearchEnding::Found;
        self.lower.filter(|_| is_known)
    }

    /// What follows the bounds where fresh trials did not confirm one that is known; empty where they did.
    pub(super) fn unconfirmed(&self) -> &'static str {
        let lower = self.lower.map(|_| self.lower_confirmed);
        // Where the load generator fails there is no bound of the target to confirm.
        let upper = self.upper_of_target().map(|_| self.upper_confirmed);
        match (lower, upper) {
            (Some(false), Some(false) | None) | (None, Some(false)) => " (not confirmed)",
            (Some(false), Some(true)) => " (lower bound not confirmed)",
            (Some(true), Some(false)) => " (upper bound not confirmed)",
            (Some(true) | None, Some(true) | None) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_shown_with_three_digits_and_its_unit() {
        let shown = |load| LoadUnit::Rate.show(load);
        assert_eq!(
            [0.125, 2.5, 12.5, 40.0, 212.0].map(shown),
            ["0.125/s", "2.50/s", "12.5/s", "40/s", "212/s"]
        );
        assert_eq!(LoadUnit::Users.show(40.0), "40 users");
    }
}
