//! `report.html`: one file that asks no network for anything. What a template prints is escaped
//! by the template engine; only drawings made here are let through. A content security policy
//! names the digests of the one style and the one script, so that nothing else can run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::render::charts::anatomy::{self, Anatomy};
use crate::render::charts::chart::{self, Chart};
use crate::render::charts::interactive::Charts;
use crate::render::charts::over_time::Grid;
use crate::render::charts::plot::Plot;
use crate::render::charts::strips::{self, CostRow};
use crate::render::charts::{plots, server_plots};
use crate::render::comparison::{Bar, Claim};
use crate::render::formats::ReportError;
use crate::render::model::{OperationRow, ReportPage};
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::Summary;

/// The page.
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

/// The drawing of a row beside its words.
#[derive(Serialize)]
struct Drawn<'a, T> {
    #[serde(flatten)]
    words: &'a T,
    svg: Vec<String>,
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
struct Words<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    page: &'a ReportPage,
    bars: Vec<Drawn<'a, Bar>>,
    claims: Vec<Drawn<'a, Claim>>,
    forest_axis: String,
    spread_charts: Vec<Chart>,
    spread_names: Vec<String>,
    operation_charts: Vec<Chart>,
    load_charts: Vec<Numbered>,
    target_charts: Vec<Numbered>,
    data: String,
    anatomies: Vec<Anatomy>,
    anatomy_legend: Vec<(&'static str, &'static str)>,
    operation_rows: Vec<ArmRow<'a>>,
    costs: Vec<CostRow>,
    cost_legend: Vec<(&'static str, &'static str)>,
}

/// The whole page.
pub fn html(summary: &Summary) -> Result<String, ReportError> {
    let page = ReportPage::of(summary);
    let forest = strips::Forest::around(&page.claims);
    let bars: Vec<_> = page
        .bars
        .iter()
        .map(|bar| {
            let (before, after) = strips::pair(bar);
            Drawn {
                words: bar,
                svg: vec![before, after],
            }
        })
        .collect();
    let claims: Vec<_> = page
        .claims
        .iter()
        .map(|claim| Drawn {
            words: claim,
            svg: vec![forest.row(claim)],
        })
        .collect();
    let drawings = drawings(summary)?;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_template("page", PAGE)?;
    let words = Words {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        page: &page,
        bars,
        claims,
        forest_axis: forest.axis(),
        spread_charts: drawings.spread_charts,
        spread_names: drawings.spread_names,
        operation_charts: drawings.operation_charts,
        load_charts: drawings.load_charts,
        target_charts: drawings.target_charts,
        data: drawings.data,
        anatomies: anatomy::anatomies(summary),
        anatomy_legend: anatomy::legend(),
        operation_rows: operation_rows(&page),
        costs: strips::costs(summary),
        cost_legend: strips::cost_legend(),
    };
    let text = environment.get_template("page")?.render(Serde(&words))?;
    Ok(text)
}

/// Draws all charts, and hands the same plots to the script.
fn drawings(summary: &Summary) -> Result<Drawings, ReportError> {
    let grid = Grid::of(&summary.trials);
    let load = plots::load(summary, grid);
    let load_count = load.len();
    let mut over_time = load;
    over_time.extend(server_plots::server(summary, grid));
    let mut load_charts = numbered(&over_time);
    let target_charts = load_charts
        .extract_if(.., |one| one.number >= load_count)
        .collect();

    let names = plots::operation_names(summary);
    let mut spreads = vec![("All requests".to_owned(), plots::spread(summary, None))];
    // A single operation is all requests.
    for name in names.iter().filter(|_| names.len() > 1) {
        spreads.push(((*name).to_owned(), plots::spread(summary, Some(name))));
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

/// What the page may load and run: its own style and script, nothing else.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::render::fixture;

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
}
