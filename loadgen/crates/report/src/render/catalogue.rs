//! The outcome of every experiment on one page: what improved, what did not, and which parts of
//! the application are ready. Figures come from the summaries alone.

use std::{fmt::Write as _, path::PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    catalogue_origin::{self, RowOrigin},
    figures,
    readiness::SuiteReadiness,
    template::safe_markdown as safe,
};
use loadgen_experiment::{
    events::printable,
    paired::Direction,
    schema::{Effect, MetricUnit, Summary, VerdictWord},
};

/// One experiment of the catalogue.
#[derive(Debug)]
pub struct ExperimentEntry {
    /// Its name.
    pub name: String,
    /// In what its arms differ.
    pub switches: String,
    /// The metric that it claims a change of.
    pub claim: String,
    /// Which way that was expected to go.
    pub expected: Option<Direction>,
    /// The metric that should explain it.
    pub why: Option<String>,
    /// What came of it.
    pub found: Found,
}

/// What came of an experiment.
#[derive(Debug)]
pub enum Found {
    /// Its summary, and the folder that it is kept in.
    Summary(Box<Summary>, Option<PathBuf>),
    /// It could not be run, and why.
    Failed(String),
}

/// One row of the improvement table.
#[derive(Debug, Serialize)]
struct Row {
    experiment: String,
    switches: String,
    claim: String,
    before: Option<f64>,
    after: Option<f64>,
    unit: MetricUnit,
    ratio: Option<f64>,
    interval: Option<(f64, f64)>,
    outcome: RowOutcome,
    headline: String,
    expected: Option<Direction>,
    as_expected: Option<bool>,
    why: Option<String>,
    violations: u64,
    folder: Option<String>,
    /// How it was measured; absent where it could not be run.
    origin: Option<RowOrigin>,
}

/// The outcome of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum RowOutcome {
    /// The experiment could not be run.
    #[serde(rename = "NOT RUN")]
    NotRun,
    /// The word of its verdict.
    #[serde(untagged)]
    Word(VerdictWord),
}

impl RowOutcome {
    const fn label(self) -> &'static str {
        match self {
            Self::NotRun => "NOT RUN",
            Self::Word(word) => word.label(),
        }
    }
}

impl Row {
    fn of(entry: &ExperimentEntry) -> Self {
        let mut row = Self {
            experiment: entry.name.clone(),
            switches: entry.switches.clone(),
            claim: entry.claim.clone(),
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
            origin: None,
        };
        let (summary, folder) = match &entry.found {
            Found::Failed(why) => {
                row.why = Some(why.clone());
                return row;
            }
            Found::Summary(summary, folder) => (summary, folder),
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
        if let Some(effect) = effect(summary, &entry.claim) {
            row.before = effect.before;
            row.after = effect.after;
            row.unit = effect.unit;
            row.ratio = effect.ratio;
            row.interval = effect.interval;
        }
        row.why = entry
            .why
            .as_deref()
            .and_then(|name| effect(summary, name))
            // An undecided difference explains nothing.
            .filter(|effect| effect.decision.is_decided())
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
}

fn effect<'a>(summary: &'a Summary, name: &str) -> Option<&'a Effect> {
    summary.effects.iter().find(|effect| effect.metric == *name)
}

/// The rows for machines.
pub fn json(entries: &[ExperimentEntry]) -> serde_json::Result<String> {
    let rows: Vec<Row> = entries.iter().map(Row::of).collect();
    serde_json::to_string_pretty(&rows)
}

/// The page for people; `planned` experiments were to be run.
pub fn markdown(
    entries: &[ExperimentEntry],
    readiness: &SuiteReadiness,
    started: DateTime<Utc>,
    planned: usize,
) -> String {
    let rows: Vec<Row> = entries.iter().map(Row::of).collect();
    let mut page = format!(
        "# {} of {planned} experiments, {}\n\n",
        rows.len(),
        started.format("%Y-%m-%d %H:%M UTC")
    );
    let count = |word| {
        let wanted = RowOutcome::Word(word);
        rows.iter().filter(|row| row.outcome == wanted).count()
    };
    let expected = |wanted: bool| {
        rows.iter()
            .filter(|row| row.as_expected == Some(wanted))
            .count()
    };
    let violations = figures::total(rows.iter().map(|row| row.violations));
    say(
        &mut page,
        &format!(
            "{} improved, {} got worse, {} did not change, {} are inconclusive, {} invalid; {} came as expected and {} did not. The audits found {}.\n",
            count(VerdictWord::Improved),
            count(VerdictWord::Regressed),
            count(VerdictWord::NoChange),
            count(VerdictWord::Inconclusive),
            count(VerdictWord::Invalid),
            expected(true),
            expected(false),
            figures::plural(violations, "violation"),
        ),
    );
    improvement(&mut page, &rows);
    let origins: Vec<(&str, RowOrigin)> = rows
        .iter()
        .filter_map(|row| Some((row.experiment.as_str(), row.origin.clone()?)))
        .collect();
    catalogue_origin::markdown(&mut page, &origins);
    page.push_str(&readiness.markdown());
    page
}

/// A name as it is, whatever characters it has.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}

fn say(page: &mut String, line: &str) {
    page.push_str(line);
    page.push('\n');
}

fn improvement(page: &mut String, rows: &[Row]) {
    say(page, "## What each switch changed\n");
    say(
        page,
        "| experiment | switch | answer | before | after | outcome | expected | explained by |",
    );
    say(page, "|---|---|---|---:|---:|---|---|---|");
    for row in rows {
        let answer = if row.headline.is_empty() {
            &row.claim
        } else {
            &row.headline
        };
        let expected = match (row.expected, row.as_expected) {
            (None, _) => "–".to_owned(),
            (Some(word), None) => format!("{word}: not decided"),
            (Some(word), Some(true)) => format!("{word}: yes"),
            (Some(word), Some(false)) => format!("{word}: **no**"),
        };
        let broken = match row.violations {
            0 => String::new(),
            more => format!(", **{more} violations**"),
        };
        let _infallible = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {}{broken} | {expected} | {} |",
            code(&row.experiment),
            code(&row.switches),
            safe(&printable(answer)),
            figures::with_unit(row.before, row.unit),
            figures::with_unit(row.after, row.unit),
            row.outcome.label(),
            row.why.as_deref().map_or_else(|| "–".to_owned(), safe),
        );
    }
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn entry(name: &str, found: Found) -> ExperimentEntry {
        ExperimentEntry {
            name: name.to_owned(),
            switches: "cache.mentors: off -> redis".to_owned(),
            claim: "mentors.list p97.5".to_owned(),
            expected: Some(Direction::Improves),
            why: Some("queries per request".to_owned()),
            found,
        }
    }

    fn unmeasured() -> SuiteReadiness {
        SuiteReadiness {
            run: None,
            command: "loadgen run core".into(),
        }
    }

    #[test]
    fn every_experiment_has_its_row_even_one_that_could_not_be_run() {
        let summary = fixture::experiment(false);
        let entries = [
            entry("mentor_cache", Found::Summary(Box::new(summary), None)),
            entry("pool_size", Found::Failed("no | PostgreSQL".to_owned())),
        ];
        let page = markdown(&entries, &unmeasured(), DateTime::UNIX_EPOCH, 28);
        assert!(page.starts_with("# 2 of 28 experiments"), "{page}");
        assert!(
            page.contains("| `mentor_cache` |") && page.contains("improves: yes"),
            "{page}"
        );
        assert!(page.contains("queries per request: 9.4"), "{page}");
        assert!(
            page.contains("NOT RUN") && page.contains("no \\| PostgreSQL"),
            "{page}"
        );
        // No arm of an experiment makes anything ready.
        assert!(
            page.contains("Not measured: ") && !page.contains("| ready |"),
            "{page}"
        );
        let rows: serde_json::Value = serde_json::from_str(&json(&entries).unwrap()).unwrap();
        assert_eq!(rows[0]["as_expected"], true);
        assert_eq!(rows[1]["outcome"], "NOT RUN");
    }

    #[test]
    fn a_row_has_the_decision_and_the_interval_of_every_claim() {
        let mut summary = fixture::experiment(false);
        summary.verdict.headline =
            "list p97.5 IMPROVED 0.014x [0.012x, 0.016x]; total success NO CHANGE 100 % -> 100 %"
                .to_owned();
        let headline = summary.verdict.headline.clone();
        let entries = [
            entry("x", Found::Summary(Box::new(summary), None)),
            entry("y", Found::Failed("no PostgreSQL".to_owned())),
        ];
        let page = markdown(&entries, &unmeasured(), DateTime::UNIX_EPOCH, 2);
        assert!(page.contains(&safe(&headline)), "{page}");
        assert!(page.contains("| mentors.list p97.5 |"), "{page}");
    }

    #[test]
    fn a_direction_that_did_not_come_is_shown_and_an_undecided_one_is_no_failure() {
        let decided = |as_expected| {
            let mut summary = fixture::experiment(false);
            summary.verdict.as_expected = as_expected;
            let entries = [entry("x", Found::Summary(Box::new(summary), None))];
            markdown(&entries, &unmeasured(), DateTime::UNIX_EPOCH, 1)
        };
        assert!(decided(Some(false)).contains("improves: **no**"));
        assert!(decided(None).contains("improves: not decided"));
    }
}
