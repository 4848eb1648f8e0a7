//! The comparison of runs as a page: what differs, the figures, and the response time spectra over
//! each other. It has no script, and asks no network for anything.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{AutoEscape, Environment, value::Serde};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    charts::{
        axis::Axis,
        chart::{self, Chart},
        over_time::PlotPoint,
        plot::{LineShape, Plot, PlotLine},
    },
    compare::{Chosen, Difference, NOT_INTERLEAVED, together, undeclared},
    comparison::whole_change,
    formats::ReportError,
    metrics,
};
use loadgen_experiment::{events::printable, schema::Operation};

const PAGE: &str = include_str!("../../../../assets/web/compare.html");
const STYLE: &str = concat!(
    include_str!("../../../../assets/web/base.css"),
    include_str!("../../../../assets/web/compare.css"),
);
/// Fastest share of requests that a spectrum still tells apart: five nines.
const MAX_NINES: f64 = 5.0;

/// The page, and what it must be served with.
#[derive(Debug)]
pub struct ComparePage {
    /// All of it.
    pub html: String,
    /// Its content security policy: it names the digest of its one style.
    pub policy: String,
}

#[derive(Serialize)]
struct Words<'a> {
    style: &'static str,
    caution: String,
    runs: Vec<Run<'a>>,
    differences: Vec<Row>,
    areas: Vec<Area>,
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
struct Row {
    what: String,
    values: Vec<String>,
    /// Whether nobody would expect it.
    loud: bool,
}

#[derive(Serialize)]
struct Area {
    name: String,
    rows: Vec<Figures>,
}

#[derive(Serialize)]
struct Figures {
    label: String,
    values: Vec<String>,
    /// Words and tone; only between two runs.
    change: Option<(String, crate::render::tone::Tone)>,
}

/// The page of runs and of what differs between them.
pub fn compare_page(
    runs: &[Chosen],
    differences: &[Difference],
) -> Result<ComparePage, ReportError> {
    let loud = undeclared(differences, &[]);
    let two = runs.len() == 2;
    let words = Words {
        style: STYLE,
        caution: NOT_INTERLEAVED.replace('`', ""),
        runs: (1..).zip(runs).map(column).collect(),
        differences: differences
            .iter()
            .map(|one| Row {
                what: printable(&one.what),
                values: one.values.iter().map(|value| printable(value)).collect(),
                loud: loud.contains(&one),
            })
            .collect(),
        areas: areas(runs, two),
        two,
        total: spectra(runs, "All requests", |run| Some(&run.arm().total)),
        charts: operations(runs)
            .iter()
            .filter_map(|name| {
                spectra(runs, name, |run| {
                    run.arm().operations.iter().find(|one| one.name == *name)
                })
            })
            .collect(),
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("compare", PAGE)?;
    let html = environment.get_template("compare")?.render(Serde(&words))?;
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    Ok(ComparePage { html, policy })
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
fn areas(runs: &[Chosen], two: bool) -> Vec<Area> {
    metrics::areas(&together(runs))
        .into_iter()
        .map(|(name, found)| Area {
            name,
            rows: found
                .iter()
                .filter(|metric| !metric.detail)
                .map(|metric| Figures {
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

/// Names of the operations that any run measured, in the order of the first.
fn operations(runs: &[Chosen]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for operation in runs.iter().flat_map(|run| &run.arm().operations) {
        if operation.planned > 0 && !names.contains(&operation.name) {
            names.push(operation.name.clone());
        }
    }
    names
}

/// A spectrum of each run, over each other.
fn spectra<'a>(
    runs: &'a [Chosen],
    title: &str,
    pick: impl Fn(&'a Chosen) -> Option<&'a Operation>,
) -> Option<Chart> {
    let lines = (1..).zip(runs).filter_map(|(number, run)| {
        let points: Vec<PlotPoint> = pick(run)?
            .spectrum
            .iter()
            .filter(|(quantile, ms)| (0.0..1.0).contains(quantile) && *ms > 0.0 && ms.is_finite())
            .map(|(quantile, ms)| PlotPoint {
                x: -(1.0 - quantile).log10(),
                y: *ms,
                range: (*ms, *ms),
            })
            .filter(|point| point.x <= MAX_NINES)
            .collect();
        Some(PlotLine {
            class: format!("run{number}"),
            label: format!(
                "{number}: {} {}",
                printable(&run.summary().name),
                printable(&run.arm().name)
            ),
            points,
            band: false,
        })
    });
    chart::draw(&Plot {
        id: "spectra".into(),
        title: printable(title),
        note:
            "Response times from the fastest to the slowest request; a line that ends early failed."
                .into(),
        unit: "ms, logarithmic",
        x: Axis::Nines,
        y: Axis::Log,
        shape: LineShape::Lines,
        top: None,
        lines: lines.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{compare::differences, fixture};

    #[test]
    fn a_page_has_a_column_and_a_line_for_each_run_and_names_cannot_inject() {
        let run = |name: &str| {
            let mut summary = fixture::experiment(false);
            summary.name = "<script>alert(1)</script>".into();
            Chosen::of(name.to_owned(), summary, Some("after")).unwrap()
        };
        for count in 2..=6 {
            let runs: Vec<Chosen> = (0..count).map(|at| run(&format!("run-{at}"))).collect();
            let page = compare_page(&runs, &differences(&runs)).unwrap();
            assert!(!page.html.contains("<script") && page.html.contains("alert(1)"));
            assert_eq!(page.html.contains("Change"), count == 2);
            assert!(page.html.contains(&format!("class=\"line run{count}\"")));
            assert!(page.html.contains("nothing differs but the figures"));
            assert!(page.html.contains(STYLE) && page.policy.contains("sha256-"));
        }
    }
}
