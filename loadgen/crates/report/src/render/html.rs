//! `report.html`: one file that asks no network for anything. What a template prints is escaped
//! by the template engine; only drawings made here are let through. A content security policy
//! names the digests of the one style and the one script, so that nothing else can run.

use std::borrow::Cow;

use serde::Serialize;

use crate::render::charts::anatomy::{self, Anatomy};
use crate::render::charts::capacity as capacity_plots;
use crate::render::charts::chart::{self, Chart};
use crate::render::charts::interactive::Charts;
use crate::render::charts::over_time::Grid;
use crate::render::charts::plot::Plot;
use crate::render::charts::strips::{self, CostRow, RatioAxis};
use crate::render::charts::{marks, plots, server_plots};
use crate::render::comparison::{ComparisonRow, TablePart};
use crate::render::formats::ReportError;
use crate::render::metrics;
use crate::render::model::{OperationRow, ReportPage};
use crate::render::template;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Arm, Summary, ValidityWord, VerdictWord};

const PAGE: &str = include_str!("../../../../assets/report/page.html");
/// Its style: that of the chart library first, so that the page's own rules come after it.
pub(super) const STYLE: &str = concat!(
    include_str!("../../../../assets/vendor/uplot-1.6.32/uPlot.min.css"),
    "\n",
    include_str!("../../../../assets/report/page.css"),
);
/// Its script: the chart library under its licence, then the page's own.
const SCRIPT: &str = concat!(
    "/* uPlot 1.6.32\n\n",
    include_str!("../../../../assets/vendor/uplot-1.6.32/LICENSE"),
    "*/\n",
    include_str!("../../../../assets/vendor/uplot-1.6.32/uPlot.iife.min.js"),
    "\n",
    include_str!("../../../../assets/report/page.js"),
    include_str!("../../../../assets/report/charts.js"),
);

/// An area of the table: its rows in one part of it, each with its interval bar.
#[derive(Serialize)]
struct DrawnArea<'a> {
    name: &'a str,
    rows: Vec<DrawnRow<'a>>,
}

/// A row with its interval bar; none where nothing was tested.
#[derive(Serialize)]
struct DrawnRow<'a> {
    #[serde(flatten)]
    words: &'a ComparisonRow,
    bar: String,
}

/// A part of the table of figures.
#[derive(Serialize)]
struct DrawnPart<'a> {
    /// Heading of the fold; empty for what is in sight.
    fold: String,
    areas: Vec<DrawnArea<'a>>,
}

/// A chart over time with its number among the data of the script.
#[derive(Serialize)]
struct Numbered {
    number: usize,
    #[serde(flatten)]
    chart: Chart,
}

/// All charts of a page.
struct Drawings {
    spread_charts: Vec<Chart>,
    spread_names: Vec<String>,
    operation_charts: Vec<Chart>,
    load_charts: Vec<Numbered>,
    target_charts: Vec<Numbered>,
    data: String,
}

/// What the template may print.
#[derive(Serialize)]
struct PageWords<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    page: &'a ReportPage,
    parts: Vec<DrawnPart<'a>>,
    ratio_axis: String,
    /// Whether the charts show what was sent to a target, and not what it can do.
    invalid: bool,
    spread_charts: Vec<Chart>,
    spread_names: Vec<String>,
    operation_charts: Vec<Chart>,
    load_charts: Vec<Numbered>,
    target_charts: Vec<Numbered>,
    data: String,
    anatomies: Vec<Anatomy>,
    anatomy_legend: Vec<(&'static str, &'static str)>,
    operation_rows: Vec<ArmRow<'a>>,
    capacity_charts: Vec<Chart>,
    costs: Vec<CostRow>,
    cost_legend: Vec<(&'static str, &'static str)>,
}

/// The whole page.
pub fn html(summary: &Summary) -> Result<String, ReportError> {
    let page = ReportPage::of(summary);
    let spreads = page.areas.iter().flat_map(|area| &area.rows);
    let axis = RatioAxis::around(spreads.filter_map(|row| row.spread.as_ref()));
    let charted = charted(summary);
    let drawings = drawings(&charted)?;
    let words = PageWords {
        policy: template::policy(STYLE, Some(SCRIPT)),
        style: STYLE,
        script: SCRIPT,
        page: &page,
        parts: parts(&page, &axis),
        ratio_axis: axis.axis(),
        invalid: invalid(summary),
        spread_charts: drawings.spread_charts,
        spread_names: drawings.spread_names,
        operation_charts: drawings.operation_charts,
        load_charts: drawings.load_charts,
        target_charts: drawings.target_charts,
        data: drawings.data,
        anatomies: anatomy::anatomies(&charted),
        anatomy_legend: anatomy::legend(),
        operation_rows: operation_rows(&page),
        capacity_charts: summary
            .capacity
            .iter()
            .flat_map(|found| capacity_plots::plots(summary, found))
            .filter_map(|plot| chart::draw(&plot))
            .collect(),
        costs: strips::costs(&charted),
        cost_legend: strips::cost_legend(),
    };
    Ok(template::html(PAGE, &words)?)
}

/// Whether the figures say nothing about the target: the verdict, or an arm without a valid trial.
fn invalid(summary: &Summary) -> bool {
    let valid = |arm: &Arm| {
        let mut mine = summary.trials.iter().filter(|trial| trial.arm == arm.name);
        mine.any(|trial| trial.validity.word != ValidityWord::Invalid)
    };
    summary.verdict.word == VerdictWord::Invalid || !summary.arms.iter().all(valid)
}

/// The summary that charts are drawn from: an arm without a valid trial has no figures, so its
/// last trial stands for it.
fn charted(summary: &Summary) -> Cow<'_, Summary> {
    if summary.arms.iter().all(|arm| arm.total.planned > 0) {
        return Cow::Borrowed(summary);
    }
    let mut filled = summary.clone();
    for arm in &mut filled.arms {
        let mut trials = summary.trials.iter();
        let last = trials.rfind(|trial| trial.arm == arm.name);
        if let Some(last) = last.filter(|_| arm.total.planned == 0) {
            arm.total.clone_from(&last.total);
            arm.operations.clone_from(&last.operations);
        }
    }
    Cow::Owned(filled)
}

/// The parts of the table, what is in sight first.
fn parts<'a>(page: &'a ReportPage, axis: &RatioAxis) -> Vec<DrawnPart<'a>> {
    let part = |part: TablePart, fold: &str| {
        let areas: Vec<DrawnArea<'a>> = page
            .areas
            .iter()
            .map(|area| DrawnArea {
                name: &area.name,
                rows: area
                    .rows
                    .iter()
                    .filter(|row| row.part == part)
                    .map(|row| drawn_row(row, axis))
                    .collect(),
            })
            .filter(|area| !area.rows.is_empty())
            .collect();
        let count: usize = areas.iter().map(|area| area.rows.len()).sum();
        DrawnPart {
            fold: if fold.is_empty() {
                String::new()
            } else {
                format!("{fold} ({count})")
            },
            areas,
        }
    };
    let (unchanged, untested) = if page.paired() {
        ("Tested, without a clear change", "Figures without a test")
    } else {
        ("", "More figures")
    };
    [
        part(TablePart::InSight, ""),
        part(TablePart::Unchanged, unchanged),
        part(TablePart::Untested, untested),
    ]
    .into_iter()
    .filter(|part| !part.areas.is_empty())
    .collect()
}

fn drawn_row<'a>(row: &'a ComparisonRow, axis: &RatioAxis) -> DrawnRow<'a> {
    let label = format!(
        "{}: {} {}, {}",
        row.full_name, row.change, row.interval, row.decision
    );
    let bar = row.spread.as_ref();
    DrawnRow {
        words: row,
        bar: bar.map_or_else(String::new, |spread| axis.row(spread, row.tone, &label)),
    }
}

/// Draws all charts, and hands the same plots to the script.
fn drawings(summary: &Summary) -> Result<Drawings, ReportError> {
    let grid = Grid::of(&summary.trials);
    let load = plots::load(summary, grid);
    let load_count = load.len();
    let mut over_time = load;
    over_time.extend(server_plots::server(summary, grid));
    let marks = marks::marks(summary);
    for plot in &mut over_time {
        plot.marks.clone_from(&marks);
    }
    let mut load_charts = numbered(&over_time);
    let target_charts = load_charts
        .extract_if(.., |one| one.number >= load_count)
        .collect();

    let names = metrics::operation_names(summary);
    let mut spreads = vec![("All requests".to_owned(), plots::spread(summary, None))];
    // A single operation is all requests.
    for name in names.iter().filter(|_| names.len() > 1) {
        spreads.push((name.clone(), plots::spread(summary, Some(name))));
    }
    let operations = spreads.iter().skip(1);
    Ok(Drawings {
        spread_charts: spreads[0].1.iter().filter_map(chart::draw).collect(),
        operation_charts: operations
            .filter_map(|(_, plots)| chart::draw(&plots[0]))
            .collect(),
        spread_names: spreads
            .iter()
            .skip(1)
            .map(|(name, _)| printable(name))
            .collect(),
        load_charts,
        target_charts,
        data: Charts::of(grid, &over_time, &spreads).json()?,
    })
}

/// Each plot that has a point, with its number among all.
fn numbered(plots: &[Plot]) -> Vec<Numbered> {
    let all = plots.iter().enumerate();
    all.filter_map(|(number, plot)| {
        Some(Numbered {
            number,
            chart: chart::draw(plot)?,
        })
    })
    .collect()
}

/// A row of the table of operations.
#[derive(Serialize)]
struct ArmRow<'a> {
    arm: &'a str,
    row: &'a OperationRow,
}

/// The rows of all arms, those of one operation beside each other.
fn operation_rows(page: &ReportPage) -> Vec<ArmRow<'_>> {
    let mut names: Vec<&str> = Vec::new();
    for row in page.operations.iter().flat_map(|arm| &arm.rows) {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    let of = |name: &str| {
        page.operations
            .iter()
            .flat_map(|arm| arm.rows.iter().map(|row| ArmRow { arm: &arm.arm, row }))
            .filter(|one| one.row.name == name)
            .collect::<Vec<_>>()
    };
    names.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::Decision;

    #[test]
    fn the_chart_library_is_the_published_one_and_every_page_holds_its_licence() {
        let files = [
            (
                include_str!("../../../../assets/vendor/uplot-1.6.32/uPlot.iife.min.js"),
                "uPlot.iife.min.js",
            ),
            (
                include_str!("../../../../assets/vendor/uplot-1.6.32/uPlot.min.css"),
                "uPlot.min.css",
            ),
            (
                include_str!("../../../../assets/vendor/uplot-1.6.32/LICENSE"),
                "LICENSE",
            ),
        ];
        let sums = include_str!("../../../../assets/vendor/uplot-1.6.32/SHA256SUMS");
        for (text, name) in files {
            let mut line = String::new();
            for byte in Sha256::digest(text.as_bytes()) {
                write!(line, "{byte:02x}").unwrap();
            }
            let line = format!("{line}  {name}");
            assert!(sums.lines().any(|one| one == line), "{line}");
        }
        let page = html(&fixture::run()).unwrap();
        assert!(page.contains("Copyright (c) 2022 Leon Sorokin"));
        assert!(page.contains("The above copyright notice and this permission notice"));
    }

    #[test]
    fn every_chart_over_time_has_its_figures_in_the_data() {
        let summary = fixture::experiment(false);
        let drawn = drawings(&summary).unwrap();
        let data: serde_json::Value = serde_json::from_str(&drawn.data).unwrap();
        let all = drawn.load_charts.iter().chain(&drawn.target_charts);
        let mut seen = 0;
        for one in all {
            let lines = data["charts"][one.number]["lines"].as_array().unwrap();
            let labels: Vec<&str> = lines
                .iter()
                .filter_map(|one| one["label"].as_str())
                .collect();
            let legend: Vec<&str> = one
                .chart
                .legend
                .iter()
                .map(|(_, name)| name.as_str())
                .collect();
            assert_eq!(labels, legend, "{}", one.chart.title);
            seen += 1;
        }
        assert!(seen > 10, "{seen}");
    }

    #[test]
    fn an_invalid_run_keeps_its_charts_and_marks_them() {
        let count = |page: &str| page.matches("<svg class=\"plot\"").count();
        let valid = html(&fixture::experiment(false)).unwrap();
        let mut summary = fixture::experiment(false);
        summary.verdict.word = VerdictWord::Invalid;
        for trial in &mut summary.trials {
            trial.validity.word = ValidityWord::Invalid;
        }
        for arm in &mut summary.arms {
            (arm.total.planned, arm.trials) = (0, 0);
            (arm.total.spectrum, arm.operations) = (Vec::new(), Vec::new());
        }
        let invalid = html(&summary).unwrap();
        assert_eq!(count(&invalid), count(&valid));
        assert!(invalid.contains("<main class=\"wrap invalid\">"));
        assert!(!valid.contains("wrap invalid"));
    }

    #[test]
    fn undecided_rows_are_folded_and_grey() {
        let mut summary = fixture::experiment(false);
        for effect in &mut summary.effects {
            effect.decision = Decision::Inconclusive;
            effect.interval = Some((0.87, 2.16));
        }
        let page = html(&summary).unwrap();
        let (sight, folded) = page.split_once("Tested, without a clear change").unwrap();
        let table = sight.split_once("id=\"figures\"").unwrap().1;
        assert_eq!(
            table.matches("no clear change").count(),
            2,
            "the claim, and its bar"
        );
        assert!(folded.matches("no clear change").count() > 10);
        for tone in ["good", "bad"] {
            assert!(
                !page.contains(&format!("class=\"change {tone}\"")),
                "{tone}"
            );
            assert!(
                !page.contains(&format!("class=\"forest {tone}\"")),
                "{tone}"
            );
        }
    }

    #[test]
    fn a_threshold_is_a_line_in_the_charts_of_its_figure() {
        let page = html(&fixture::run()).unwrap();
        let lines = page.matches("class=\"limit\"").count();
        assert_eq!(lines, 4, "two limits in two charts");
        // In the unit of the axis.
        assert!(page.contains(r#""limits":[[1000.0,"p95 \u003c 1000ms"]"#));
        assert!(page.contains("p95 &lt; 1000ms"));
        assert!(page.contains("seconds since the measured window began"));
    }

    #[test]
    fn the_page_has_the_commit_and_the_command_that_runs_it_again() {
        let mut summary = fixture::experiment(false);
        let from = summary.provenance.as_mut().unwrap();
        from.arguments.push("it's <b>".to_owned());
        let page = html(&summary).unwrap();
        let commit = "<th scope=\"row\">Commit</th><td class=\"text\">3b36204c2f5a6d7e8f90a1b2c3d4e5f60718293a</td>";
        assert!(page.contains(commit));
        let command =
            "<pre class=\"command\" tabindex=\"0\">loadgen experiment mentor-cache --blocks 8 ";
        let (_, rest) = page.split_once(command).unwrap();
        let (last, _) = rest.split_once("</pre>").unwrap();
        assert!(last.contains("&lt;b&gt;") && !last.contains('<'), "{last}");
        summary.provenance = None;
        assert!(!html(&summary).unwrap().contains("class=\"command\""));
    }
}
