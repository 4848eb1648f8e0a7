//! A row of the catalogue: the outcome of one experiment, made from its summary or read from an earlier
//! catalogue.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::origin::RowOrigin;
use crate::render::figures;
use loadgen_experiment::{
    paired::Direction,
    schema::{Decision, Effect, MetricId, MetricUnit, Summary, VerdictWord},
};

/// One experiment of the catalogue.
#[derive(Debug)]
pub struct ExperimentEntry {
    /// Its name.
    pub name: String,
    /// In what its arms differ.
    pub switches: String,
    /// The metric that it claims a change of.
    pub claim: Option<MetricId>,
    /// Which way that was expected to go.
    pub expected: Option<Direction>,
    /// The metric that should explain it.
    pub why: Option<MetricId>,
    /// SHA-256 of its file, in hexadecimal digits.
    pub file_sha256: String,
    /// Its outcome.
    pub found: ExperimentOutcome,
}

/// The outcome of an experiment.
#[derive(Debug)]
pub enum ExperimentOutcome {
    /// Its summary, and the folder that it is kept in.
    Summary(Box<Summary>, Option<PathBuf>),
    /// It could not be run, and why.
    Failed(String),
}

/// One row of the improvement table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CatalogueRow {
    pub(super) experiment: String,
    pub(super) switches: String,
    pub(super) claim: String,
    pub(super) before: Option<f64>,
    pub(super) after: Option<f64>,
    pub(super) unit: MetricUnit,
    pub(super) ratio: Option<f64>,
    pub(super) interval: Option<(f64, f64)>,
    pub(super) outcome: RowOutcome,
    pub(super) headline: String,
    pub(super) expected: Option<Direction>,
    pub(super) as_expected: Option<bool>,
    pub(super) why: Option<String>,
    pub(super) violations: u64,
    pub(super) folder: Option<String>,
    /// SHA-256 of the experiment's file; absent in a row of before it was kept.
    #[serde(default)]
    file_sha256: Option<String>,
    /// How it was measured; absent where it could not be run.
    pub(super) origin: Option<RowOrigin>,
}

/// The outcome of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RowOutcome {
    /// The experiment could not be run.
    #[serde(rename = "NOT RUN")]
    NotRun,
    /// The word of its verdict.
    #[serde(untagged)]
    Word(VerdictWord),
}

impl RowOutcome {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::NotRun => "NOT RUN",
            Self::Word(word) => word.label(),
        }
    }
}

impl CatalogueRow {
    /// The row of an experiment.
    pub fn of(entry: &ExperimentEntry) -> Self {
        let mut row = Self {
            experiment: entry.name.clone(),
            switches: entry.switches.clone(),
            claim: entry
                .claim
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            before: None,
            after: None,
            unit: MetricUnit::Number,
            ratio: None,
            interval: None,
            outcome: RowOutcome::NotRun,
            headline: String::new(),
            expected: entry.expected,
            as_expected: None,
            why: None,
            violations: 0,
            folder: None,
            file_sha256: Some(entry.file_sha256.clone()),
            origin: None,
        };
        let (summary, folder) = match &entry.found {
            ExperimentOutcome::Failed(why) => {
                row.why = Some(why.clone());
                return row;
            }
            ExperimentOutcome::Summary(summary, folder) => (summary, folder),
        };
        row.outcome = RowOutcome::Word(summary.verdict.word);
        row.headline.clone_from(&summary.verdict.headline);
        row.origin = Some(RowOrigin::of(summary));
        row.as_expected = summary.verdict.as_expected;
        row.folder = folder
            .as_ref()
            .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let audited = summary.arms.iter().flat_map(|arm| &arm.audit);
        row.violations = figures::total(audited.map(|one| one.violations));
        let claim = entry.claim.as_ref().and_then(|id| effect(summary, id));
        if let Some(effect) = claim {
            row.before = effect.before;
            row.after = effect.after;
            row.unit = effect.unit;
            row.ratio = effect.ratio;
            row.interval = effect.interval;
        }
        row.why = entry
            .why
            .as_ref()
            // Where nothing was decided there is nothing to explain.
            .filter(|_| summary.verdict.word.lets_claims_stand())
            .filter(|_| claim.is_some_and(|claim| claim.decision.is_decided()))
            .and_then(|id| effect(summary, id))
            // What did not clearly change explains nothing.
            .filter(|effect| matches!(effect.decision, Decision::Improved | Decision::Regressed))
            .map(|effect| {
                format!(
                    "{}: {} to {}",
                    effect.metric,
                    figures::with_unit(effect.before, effect.unit),
                    figures::with_unit(effect.after, effect.unit)
                )
            });
        row
    }

    /// Name of the experiment.
    pub fn experiment(&self) -> &str {
        &self.experiment
    }

    /// The exit code of its verdict; absent where it could not be run.
    pub const fn exit_code(&self) -> Option<u8> {
        match self.outcome {
            RowOutcome::NotRun => None,
            RowOutcome::Word(word) => Some(word.exit_code_where(self.as_expected)),
        }
    }

    /// Whether this is a measurement, come to its end with a release build, of an experiment whose file has
    /// this SHA-256, with the blocks that a decision needs: what a new one would repeat. A quick run has fewer.
    pub fn is_measurement_of(&self, file_sha256: &str, fewest_blocks: u32) -> bool {
        let is_finished = match self.outcome {
            RowOutcome::NotRun => false,
            RowOutcome::Word(word) => {
                !matches!(word, VerdictWord::Invalid | VerdictWord::Interrupted)
            }
        };
        is_finished
            && self.file_sha256.as_deref() == Some(file_sha256)
            && self
                .origin
                .as_ref()
                .is_some_and(|origin| origin.is_release_build() && origin.blocks() >= fewest_blocks)
    }
}

/// The rows of an earlier catalogue.
pub fn read(text: &str) -> serde_json::Result<Vec<CatalogueRow>> {
    serde_json::from_str(text)
}

fn effect<'a>(summary: &'a Summary, id: &MetricId) -> Option<&'a Effect> {
    summary.effects.iter().find(|effect| effect.metric == *id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::metric::TargetFigure;

    fn row(found: ExperimentOutcome) -> CatalogueRow {
        CatalogueRow::of(&entry(found))
    }

    fn entry(found: ExperimentOutcome) -> ExperimentEntry {
        ExperimentEntry {
            name: "mentor_cache".to_owned(),
            switches: "cache.mentors: off -> redis".to_owned(),
            claim: Some("mentors.list p97.5".parse().unwrap()),
            expected: Some(Direction::Improves),
            why: None,
            file_sha256: "ab".to_owned(),
            found,
        }
    }

    #[test]
    fn a_decided_claim_alone_is_explained_and_by_what_changed_alone() {
        let explained = |claim: Decision, why: Decision| {
            let mut summary = fixture::experiment(false);
            let queries = MetricId::Target(TargetFigure::QueriesPerRequest);
            for effect in &mut summary.effects {
                if effect.primary {
                    effect.decision = claim;
                } else if effect.metric == queries {
                    effect.decision = why;
                }
            }
            let entry = ExperimentEntry {
                why: Some(queries),
                ..entry(ExperimentOutcome::Summary(Box::new(summary), None))
            };
            CatalogueRow::of(&entry).why
        };
        let why = explained(Decision::Improved, Decision::Improved).unwrap();
        assert!(why.starts_with("queries per request: "), "{why}");
        assert!(explained(Decision::Regressed, Decision::Regressed).is_some());
        let mut invalid = fixture::experiment(false);
        invalid.verdict.word = VerdictWord::Invalid;
        let queries = MetricId::Target(TargetFigure::QueriesPerRequest);
        let entry = ExperimentEntry {
            why: Some(queries),
            ..entry(ExperimentOutcome::Summary(Box::new(invalid), None))
        };
        assert_eq!(CatalogueRow::of(&entry).why, None);
        for (claim, why) in [
            (Decision::Inconclusive, Decision::Improved),
            (Decision::Invalid, Decision::Improved),
            (Decision::Improved, Decision::NoChange),
            (Decision::Improved, Decision::Inconclusive),
        ] {
            assert_eq!(explained(claim, why), None, "{claim:?} {why:?}");
        }
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let mut summary = fixture::experiment(false);
        let measured = row(ExperimentOutcome::Summary(Box::new(summary.clone()), None));
        summary.verdict.word = VerdictWord::Invalid;
        let invalid = row(ExperimentOutcome::Summary(Box::new(summary), None));
        let rows = [
            measured,
            invalid,
            row(ExperimentOutcome::Failed("no Redis".to_owned())),
        ];
        let text = serde_json::to_string(&rows).unwrap();
        let back = read(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
        let outcomes: Vec<RowOutcome> = back.iter().map(|row| row.outcome).collect();
        assert_eq!(outcomes[1], RowOutcome::Word(VerdictWord::Invalid));
        assert_eq!(outcomes[2], RowOutcome::NotRun);
    }

    #[test]
    fn only_a_finished_measurement_of_the_same_file_by_a_release_build_is_one() {
        let mut summary = fixture::experiment(false);
        summary.provenance.as_mut().unwrap().program.debug_build = false;
        let of =
            |summary: &Summary| row(ExperimentOutcome::Summary(Box::new(summary.clone()), None));
        let blocks = of(&summary).origin.unwrap().blocks();
        assert!(of(&summary).is_measurement_of("ab", blocks));
        assert!(!of(&summary).is_measurement_of("ab", blocks + 1));
        assert!(!of(&summary).is_measurement_of("cd", blocks));
        let mut debug = summary.clone();
        debug.provenance.as_mut().unwrap().program.debug_build = true;
        assert!(!of(&debug).is_measurement_of("ab", blocks));
        for word in [VerdictWord::Invalid, VerdictWord::Interrupted] {
            let mut other = summary.clone();
            other.verdict.word = word;
            assert!(!of(&other).is_measurement_of("ab", blocks), "{word:?}");
        }
        assert!(
            !row(ExperimentOutcome::Failed("no Redis".to_owned())).is_measurement_of("ab", blocks)
        );
        assert_eq!(of(&summary).exit_code(), Some(summary.verdict.exit_code()));
        assert_eq!(
            row(ExperimentOutcome::Failed("no Redis".to_owned())).exit_code(),
            None
        );
        let mut older = of(&summary);
        older.file_sha256 = None;
        assert!(!older.is_measurement_of("ab", blocks));
    }
}
