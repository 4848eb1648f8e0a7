//! The outcome of every experiment on one page: what improved, what did not, and which parts of
//! the application are ready. Figures come from the summaries alone.

mod origin;
mod row;

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

pub use self::row::{CatalogueRow, ExperimentEntry, ExperimentOutcome, read};
use self::{origin::RowOrigin, row::RowOutcome};
use super::{figures, readiness::SuiteReadiness, template::safe_markdown as safe};
use loadgen_experiment::{events::printable, schema::VerdictWord};

/// The rows for machines.
pub fn json(rows: &[CatalogueRow]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(rows)
}

/// The page for people; `all` experiments could be in it.
pub fn markdown(
    rows: &[CatalogueRow],
    readiness: &SuiteReadiness,
    started: DateTime<Utc>,
    all: usize,
) -> String {
    let mut page = format!(
        "# {} of {all} experiments, {}\n\n",
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
    improvement(&mut page, rows);
    let origins: Vec<(&str, RowOrigin)> = rows
        .iter()
        .filter_map(|row| Some((row.experiment.as_str(), row.origin.clone()?)))
        .collect();
    origin::markdown(&mut page, &origins);
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

fn improvement(page: &mut String, rows: &[CatalogueRow]) {
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
    use loadgen_experiment::paired::Direction;

    fn entry(name: &str, found: ExperimentOutcome) -> CatalogueRow {
        CatalogueRow::of(&ExperimentEntry {
            name: name.to_owned(),
            switches: "cache.mentors: off -> redis".to_owned(),
            claim: Some("mentors.list p97.5".parse().unwrap()),
            expected: Some(Direction::Improves),
            why: Some("queries per request".parse().unwrap()),
            file_sha256: "ab".to_owned(),
            found,
        })
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
            entry(
                "mentor_cache",
                ExperimentOutcome::Summary(Box::new(summary), None),
            ),
            entry(
                "pool_size",
                ExperimentOutcome::Failed("no | PostgreSQL".to_owned()),
            ),
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
            entry("x", ExperimentOutcome::Summary(Box::new(summary), None)),
            entry("y", ExperimentOutcome::Failed("no PostgreSQL".to_owned())),
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
            let entries = [entry(
                "x",
                ExperimentOutcome::Summary(Box::new(summary), None),
            )];
            markdown(&entries, &unmeasured(), DateTime::UNIX_EPOCH, 1)
        };
        assert!(decided(Some(false)).contains("improves: **no**"));
        assert!(decided(None).contains("improves: not decided"));
    }
}
