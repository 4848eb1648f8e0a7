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

use crate::report::chart::Chart;
use crate::report::comparison::{Bar, Claim};
use crate::report::model::{OperationRow, Page};
use crate::report::plots;
use crate::report::render::ReportError;
use crate::report::strips::{self, CostRow};
use crate::schema::Summary;

/// The page.
const PAGE: &str = include_str!("../../assets/report/page.html");
/// Its style.
const STYLE: &str = include_str!("../../assets/report/page.css");
/// Its script.
const SCRIPT: &str = include_str!("../../assets/report/page.js");

/// The drawing of a row beside its words.
#[derive(Serialize)]
struct Drawn<'a, T> {
    #[serde(flatten)]
    words: &'a T,
    svg: Vec<String>,
}

/// What the template may print.
#[derive(Serialize)]
struct Words<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    page: &'a Page,
    bars: Vec<Drawn<'a, Bar>>,
    claims: Vec<Drawn<'a, Claim>>,
    forest_axis: String,
    load_charts: Vec<Chart>,
    target_charts: Vec<Chart>,
    operation_charts: Vec<Chart>,
    operation_rows: Vec<ArmRow<'a>>,
    costs: Vec<CostRow>,
    cost_legend: Vec<(&'static str, &'static str)>,
}

/// The whole page.
pub fn html(summary: &Summary) -> Result<String, ReportError> {
    let page = Page::of(summary);
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
        load_charts: plots::load(summary),
        target_charts: plots::target(summary),
        operation_charts: plots::operations(summary),
        operation_rows: operation_rows(&page),
        costs: strips::costs(summary),
        cost_legend: strips::cost_legend(),
    };
    let text = environment.get_template("page")?.render(Serde(&words))?;
    Ok(text)
}

/// A row of the table of operations.
#[derive(Serialize)]
struct ArmRow<'a> {
    arm: &'a str,
    row: &'a OperationRow,
}

/// The rows of all arms, those of one operation beside each other.
fn operation_rows(page: &Page) -> Vec<ArmRow<'_>> {
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
