//! The comparison of runs as a page: what differs, the figures, and the response time spectra over
//! each other. It has no script, and asks no network for anything.

use serde::Serialize;

use super::{
    charts::{
        axis::Axis,
        chart::{self, Chart},
        plot::Plot,
        plots,
    },
    chosen::Chosen,
    comparability::ComparisonCheck,
    compare::{NOT_INTERLEAVED, together},
    comparison::whole_change,
    formats::ReportError,
    metrics, template,
};
use loadgen_experiment::{events::printable, schema::Operation};

const PAGE: &str = include_str!("../../../../assets/web/compare.html");
const STYLE: &str = concat!(
    include_str!("../../../../assets/web/base.css"),
    include_str!("../../../../assets/web/compare.css"),
);
/// The page, and what it must be served with.
#[derive(Debug)]
pub struct ComparePage {
    /// All of it.
    pub html: String,
    /// Its content security policy: it names the digest of its one style.
    pub policy: String,
}

#[derive(Serialize)]
struct ComparisonWords<'a> {
    style: &'static str,
    caution: &'static str,
    /// Why no change is stated.
    reasons: Vec<String>,
    runs: Vec<Run<'a>>,
    differences: Vec<DifferenceRow>,
    areas: Vec<ComparedArea>,
    two: bool,
    total: Option<Chart>,
    charts: Vec<Chart>,
}

/// A column.
#[derive(Serialize)]
struct Run<'a> {
    number: usize,
    folder: &'a str,
    name: String,
    arm: String,
    trials: u32,
    verdict: String,
    started_at: String,
}

/// Something that differs.
#[derive(Serialize)]
struct DifferenceRow {
    what: String,
    values: Vec<String>,
    /// Whether it was not declared.
    loud: bool,
}

#[derive(Serialize)]
struct ComparedArea {
    name: String,
    rows: Vec<ComparedFigures>,
}

#[derive(Serialize)]
struct ComparedFigures {
    label: String,
    values: Vec<String>,
    /// The second as a factor of the first; only between two runs that can be compared.
    change: Option<String>,
}

/// The page of runs and of what differs between them.
pub fn compare_page(
    runs: &[Chosen],
    check: &ComparisonCheck<'_>,
) -> Result<ComparePage, ReportError> {
    let two = runs.len() == 2 && check.states_changes();
    let words = ComparisonWords {
        style: STYLE,
        caution: NOT_INTERLEAVED,
        reasons: check.reasons.iter().map(|one| printable(one)).collect(),
        runs: (1..).zip(runs).map(column).collect(),
        differences: check
            .differences
            .iter()
            .map(|one| DifferenceRow {
                what: printable(&one.what),
                values: one.values.iter().map(|value| printable(value)).collect(),
                loud: check.undeclared.contains(&one),
            })
            .collect(),
        areas: areas(runs, two),
        two,
        total: spectra(runs, "All requests", |run| Some(&run.arm().total)),
        charts: metrics::operation_names(&together(runs))
            .iter()
            .filter_map(|name| {
                spectra(runs, name, |run| {
                    run.arm().operations.iter().find(|one| one.name == *name)
                })
            })
            .collect(),
    };
    let policy = template::policy(STYLE, None);
    Ok(ComparePage {
        html: template::html(PAGE, &words)?,
        policy: format!("{policy}; frame-ancestors 'none'"),
    })
}

fn column((number, run): (usize, &Chosen)) -> Run<'_> {
    let started_at = run.summary().started_at;
    Run {
        number,
        folder: &run.name,
        name: printable(&run.summary().name),
        arm: printable(&run.arm().name),
        trials: run.arm().trials,
        verdict: run.summary().verdict.word.to_string(),
        started_at: started_at.format("%Y-%m-%d %H:%M").to_string(),
    }
}

/// The same figures as the table on a terminal.
fn areas(runs: &[Chosen], two: bool) -> Vec<ComparedArea> {
    metrics::areas(&together(runs))
        .into_iter()
        .map(|(name, found)| ComparedArea {
            name,
            rows: found
                .iter()
                .filter(|metric| !metric.detail)
                .map(|metric| ComparedFigures {
                    label: metric.label.clone(),
                    values: metric
                        .values
                        .iter()
                        .map(|value| value.text(metric.unit))
                        .collect(),
                    change: two.then(|| whole_change(metric)),
                })
                .collect(),
        })
        .filter(|area| !area.rows.is_empty())
        .collect()
}

/// A spectrum of each run, over each other.
fn spectra<'a>(
    runs: &'a [Chosen],
    title: &str,
    pick: impl Fn(&'a Chosen) -> Option<&'a Operation>,
) -> Option<Chart> {
    let lines = (1..).zip(runs).filter_map(|(number, run)| {
        let label = format!(
            "{number}: {} {}",
            printable(&run.summary().name),
            printable(&run.arm().name)
        );
        Some(plots::spectrum(format!("run{number}"), label, pick(run)?))
    });
    chart::draw(&Plot {
        note:
            "Response times from the fastest to the slowest request; a line that ends early failed."
                .into(),
        x: Axis::Nines,
        y: Axis::Log,
        lines: lines.collect(),
        ..Plot::over_time("spectra", &printable(title), "ms, logarithmic")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{differences, fixture};
    use loadgen_experiment::schema::VerdictWord;

    #[test]
    fn a_page_has_a_column_and_a_line_for_each_run_and_names_cannot_inject() {
        let run = |name: &str| {
            let mut summary = fixture::experiment(false);
            summary.name = "<script>alert(1)</script>".into();
            Chosen::of(name.to_owned(), summary, Some("after")).unwrap()
        };
        for count in 2..=6 {
            let runs: Vec<Chosen> = (0..count).map(|at| run(&format!("run-{at}"))).collect();
            let found = differences(&runs);
            let page = compare_page(&runs, &ComparisonCheck::of(&runs, &found, &[])).unwrap();
            assert!(!page.html.contains("<script") && page.html.contains("alert(1)"));
            assert_eq!(page.html.contains("<th>2/1</th>"), count == 2);
            assert!(page.html.contains(&format!("class=\"line run{count}\"")));
            assert!(page.html.contains("nothing differs but the figures"));
            assert!(
                page.html
                    .contains("<code>loadgen experiment</code> decides.")
            );
            assert!(page.html.contains(STYLE) && page.policy.contains("sha256-"));
        }
    }

    #[test]
    fn beside_an_invalid_run_no_change_is_stated_and_why() {
        let run = |name: &str, word| {
            let mut summary = fixture::experiment(false);
            summary.verdict.word = word;
            Chosen::of(name.to_owned(), summary, Some("after")).unwrap()
        };
        let page = |word| {
            let runs = [run("run-1", VerdictWord::Improved), run("run-2", word)];
            let found = differences(&runs);
            let check = ComparisonCheck::of(&runs, &found, &[]);
            compare_page(&runs, &check).unwrap().html
        };
        let invalid = page(VerdictWord::Invalid);
        assert!(invalid.contains("No change is stated: run-2 is INVALID."));
        assert!(invalid.contains("<td>INVALID</td>") && !invalid.contains("<th>2/1</th>"));
        assert!(!invalid.contains("<td class=\"change\">"));
        let valid = page(VerdictWord::Improved);
        assert!(!valid.contains("No change is stated") && valid.contains("<td class=\"change\">"));
    }
}
