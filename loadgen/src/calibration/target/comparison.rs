//! What was compared, as it is printed and written: a ratio for each part, held against its aim.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::spread::RoundSpread;
use loadgen_experiment::schema::Percentile;

/// All parts of one run.
#[derive(Debug, Clone, Serialize)]
pub struct TargetComparison {
    /// Whether the run only showed that it works: nothing is judged then.
    pub quick: bool,
    /// Amount of data.
    pub scale: String,
    /// Processors that all processes shared.
    pub cores: usize,
    /// Connections of each load, where a part does not say another number.
    pub connections: u32,
    /// How often each was measured.
    pub rounds: u32,
    /// Seconds of one turn; those of logins are twice as long.
    pub turn_s: f64,
    /// The parts.
    pub parts: Vec<PartComparison>,
    /// What logins do to other routes.
    pub beside_logins: OtherRoutes,
    /// Share of all processors that the hypervisor took meanwhile.
    pub stolen: Option<f64>,
}

/// One operation of the backend beside the bare part.
#[derive(Debug, Clone, Serialize)]
pub struct PartComparison {
    /// Its name.
    pub name: &'static str,
    /// Unit of both figures.
    pub unit: PartUnit,
    /// The backend.
    pub ours: PartSide,
    /// The bare part.
    pub bare: PartSide,
    /// The backend's figure by the bare part's; absent where one of them is missing.
    pub ratio: Option<RoundSpread>,
    /// The ratio of each round.
    pub ratios: Vec<f64>,
    /// What the median ratio is held against.
    pub aim: AimLimit,
    /// How it holds.
    pub verdict: AimVerdict,
    /// Why it is not judged.
    pub reason: Option<String>,
}

/// One side of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PartSide {
    /// What was measured.
    pub what: String,
    /// Its figure; absent where a round has none.
    pub figure: Option<RoundSpread>,
    /// The figure of each round.
    pub rounds: Vec<f64>,
    /// Processors that each process used while it was measured, its warm-up included: 1 is one of them
    /// all the time. Processes that used less than a hundredth are left out.
    pub cpu_cores: BTreeMap<String, f64>,
    /// Why there is no figure.
    pub missing: Option<String>,
}

/// Unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartUnit {
    /// Operations a second.
    PerSecond,
    /// Milliseconds an operation.
    Milliseconds,
}

/// What a ratio is to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AimLimit {
    /// That or more.
    AtLeast(f64),
    /// That or less.
    AtMost(f64),
}

impl AimLimit {
    fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }
}

/// How a ratio holds against its aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AimVerdict {
    /// The median is what it is to be.
    Met,
    /// It is not.
    NotMet,
    /// There is nothing to judge.
    NotMeasured,
}

impl AimVerdict {
    /// The word in a table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::NotMeasured => "not measured",
        }
    }
}

/// Response times of a light load while logins saturate the processors, and of the same load alone.
#[derive(Debug, Clone, Serialize)]
pub struct OtherRoutes {
    /// What was requested.
    pub what: String,
    /// Requests a second, at equal distances.
    pub rate: u32,
    /// 99th percentile without logins, in milliseconds, over all rounds.
    pub alone_p99: Percentile,
    /// Requests that it is taken from.
    pub alone_requests: u64,
    /// The same beside logins.
    pub beside_p99: Percentile,
    /// Requests that it is taken from.
    pub beside_requests: u64,
    /// Why one of them is missing.
    pub missing: Option<String>,
}

impl PartSide {
    /// A side that is not measured yet.
    pub fn of(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    /// Notes the figure of a round.
    pub fn push(&mut self, figure: f64) {
        self.rounds.push(figure);
        self.figure = RoundSpread::of(&self.rounds);
    }

    /// Notes why there is none; figures of earlier rounds have nothing to be compared with.
    pub fn fail(&mut self, why: impl Into<String>) {
        self.rounds.clear();
        self.figure = None;
        self.missing = Some(why.into());
    }
}

impl PartComparison {
    /// Compares two sides that were measured in the same rounds. A `quick` run is not judged.
    pub fn of(
        (name, unit, aim): (&'static str, PartUnit, AimLimit),
        ours: PartSide,
        bare: PartSide,
        quick: bool,
    ) -> Self {
        let paired = ours.rounds.len() == bare.rounds.len();
        let ratios: Vec<f64> = if paired {
            let pairs = ours.rounds.iter().zip(&bare.rounds);
            pairs.map(|(ours, bare)| ours / bare).collect()
        } else {
            Vec::new()
        };
        let ratio = RoundSpread::of(&ratios);
        let reasons = [&ours.missing, &bare.missing];
        let reason = match ratio {
            None => {
                let first = reasons.into_iter().flatten().next().cloned();
                Some(first.unwrap_or_else(|| "there is no round with both figures".to_owned()))
            }
            Some(_) if quick => Some("a quick check is no measurement".to_owned()),
            Some(_) => None,
        };
        let verdict = match ratio {
            Some(ratio) if !quick && aim.is_met(ratio.median) => AimVerdict::Met,
            Some(_) if !quick => AimVerdict::NotMet,
            _ => AimVerdict::NotMeasured,
        };
        Self {
            name,
            unit,
            ours,
            bare,
            ratio,
            ratios,
            aim,
            verdict,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: (&str, PartUnit, AimLimit) = ("read", PartUnit::PerSecond, AimLimit::AtLeast(0.6));

    fn side(rounds: &[f64]) -> PartSide {
        let mut side = PartSide::of("what");
        for figure in rounds {
            side.push(*figure);
        }
        side
    }

    #[test]
    fn each_round_has_its_ratio_and_the_median_is_judged() {
        let part = PartComparison::of(
            READ,
            side(&[50.0, 70.0, 90.0]),
            side(&[100.0, 100.0, 120.0]),
            false,
        );
        assert_eq!(part.ratios, [0.5, 0.7, 0.75]);
        let ratio = part.ratio.unwrap();
        assert_eq!((ratio.median, ratio.least, ratio.most), (0.7, 0.5, 0.75));
        assert_eq!((part.verdict, part.reason), (AimVerdict::Met, None));
        let slower = PartComparison::of(READ, side(&[50.0]), side(&[100.0]), false);
        assert_eq!(slower.verdict, AimVerdict::NotMet);
    }

    #[test]
    fn a_time_is_to_be_at_most_its_aim() {
        let booking = ("booking", PartUnit::Milliseconds, AimLimit::AtMost(1.5));
        let judged =
            |ours: f64| PartComparison::of(booking, side(&[ours]), side(&[2.0]), false).verdict;
        assert_eq!(
            (judged(3.0), judged(3.1)),
            (AimVerdict::Met, AimVerdict::NotMet)
        );
    }

    #[test]
    fn without_a_side_there_is_a_reason_and_no_ratio() {
        let mut missing = side(&[1.0, 2.0]);
        missing.fail("`pgbench` was not found");
        assert_eq!((missing.figure, missing.rounds.len()), (None, 0));
        let part = PartComparison::of(READ, side(&[1.0, 2.0]), missing, false);
        assert_eq!((part.ratio, part.ratios.len()), (None, 0));
        assert_eq!(part.verdict, AimVerdict::NotMeasured);
        assert_eq!(part.reason.as_deref(), Some("`pgbench` was not found"));
        // What was measured is shown all the same.
        assert_eq!(part.ours.figure.unwrap().rounds, 2);
        let nothing = PartComparison::of(READ, side(&[]), side(&[]), false);
        assert_eq!(nothing.verdict, AimVerdict::NotMeasured);
        assert!(nothing.reason.is_some());
    }

    #[test]
    fn a_quick_run_has_figures_and_is_not_judged() {
        let part = PartComparison::of(READ, side(&[9.0]), side(&[10.0]), true);
        assert!((part.ratio.unwrap().median - 0.9).abs() < 1e-9);
        assert_eq!(part.verdict, AimVerdict::NotMeasured);
        assert!(part.reason.unwrap().contains("no measurement"));
    }
}
