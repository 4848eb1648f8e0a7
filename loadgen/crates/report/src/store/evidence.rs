//! `verdict.json`: the outcome with its evidence, short enough for a pipeline to read.

use serde::Serialize;

use loadgen_experiment::schema::{
    Confidence, Decision, MetricId, SCHEMA_VERSION, Summary, ThresholdResult, ValidityWord,
    VerdictWord,
};

/// The whole of `verdict.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictFile {
    /// Version of the stored types.
    pub schema_version: u32,
    /// The outcome in one word.
    pub word: VerdictWord,
    /// The process's exit code.
    pub exit_code: u8,
    /// The answer in one line.
    pub headline: String,
    /// How far the figures can be trusted.
    pub confidence: Confidence,
    /// Whether the command was stopped before its planned end.
    pub interrupted: bool,
    /// One line each, most important first.
    pub reasons: Vec<String>,
    /// Each threshold with its figure.
    pub thresholds: Vec<ThresholdResult>,
    /// What each trial's self-checks said.
    pub validity: Vec<TrialValidity>,
    /// Each invariant that an audit looked at, by arm.
    pub audit: Vec<ArmInvariant>,
    /// What was decided about each metric.
    pub decisions: Vec<DecidedMetric>,
}

/// The self-checks of one trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialValidity {
    /// Folder of the trial.
    pub trial: String,
    /// Whether its figures can be trusted.
    pub word: ValidityWord,
    /// Codes of the checks that did not hold, with what was found.
    pub failed: Vec<String>,
}

/// One invariant on one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmInvariant {
    /// `before`, `after` or `run`.
    pub arm: String,
    /// Number of the invariant.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Rows that break it.
    pub violations: u64,
}

/// What was decided about one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecidedMetric {
    /// Which metric.
    pub metric: MetricId,
    /// Whether it was claimed before the run.
    pub primary: bool,
    /// What the trials decide.
    pub decision: Decision,
    /// after / before.
    pub ratio: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
}

/// What stands there until the command has finished.
pub fn unfinished() -> VerdictFile {
    VerdictFile {
        schema_version: SCHEMA_VERSION,
        word: VerdictWord::Invalid,
        exit_code: VerdictWord::Invalid.exit_code(),
        headline: String::new(),
        confidence: Confidence::default(),
        interrupted: true,
        reasons: vec!["the run did not finish".into()],
        thresholds: Vec::new(),
        validity: Vec::new(),
        audit: Vec::new(),
        decisions: Vec::new(),
    }
}

/// The evidence in a summary.
pub fn of(summary: &Summary) -> VerdictFile {
    VerdictFile {
        schema_version: SCHEMA_VERSION,
        word: summary.verdict.word,
        exit_code: summary.verdict.exit_code(),
        headline: summary.verdict.headline.clone(),
        confidence: summary.verdict.confidence,
        interrupted: summary.interrupted,
        reasons: summary.verdict.reasons.clone(),
        thresholds: summary.thresholds.clone(),
        validity: summary
            .trials
            .iter()
            .map(|trial| TrialValidity {
                trial: trial.folder.clone(),
                word: trial.validity.word,
                failed: trial
                    .validity
                    .checks
                    .iter()
                    .filter(|check| !check.ok)
                    .map(|check| format!("{}: {}, wants {}", check.code, check.figure, check.limit))
                    .collect(),
            })
            .collect(),
        audit: summary
            .arms
            .iter()
            .flat_map(|arm| {
                arm.audit.iter().map(|invariant| ArmInvariant {
                    arm: arm.name.to_string(),
                    number: invariant.number,
                    name: invariant.name.clone(),
                    violations: invariant.violations,
                })
            })
            .collect(),
        decisions: summary
            .effects
            .iter()
            .map(|effect| DecidedMetric {
                metric: effect.metric.clone(),
                primary: effect.primary,
                decision: effect.decision,
                ratio: effect.ratio,
                interval: effect.interval,
            })
            .collect(),
    }
}
