//! Small drawings in the rows of a table: bars, stacked costs, the dots of a forest plot. Their
//! lengths are shares of the cell, so that they fit any screen without scaling their strokes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::render::charts::chart::escaped;
use crate::render::comparison::{Bar, Claim};
use crate::render::figures;
use loadgen_engine::sample::ResponsePart;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Cost, Summary};

/// A pair of bars, the first arm above the second.
pub(in crate::render) fn pair(bar: &Bar) -> (String, String) {
    (
        strip("before", bar.before_share, &bar.before),
        strip("after", bar.after_share, &bar.after),
    )
}

/// One bar.
fn strip(class: &str, share: f64, figure: &str) -> String {
    let percent = (share * 100.0).clamp(0.0, 100.0);
    // A figure that is not nothing must be seen.
    let percent = if percent > 0.0 { percent.max(0.6) } else { 0.0 };
    let beyond = if figure == figures::BEYOND_TIMEOUT {
        " beyond"
    } else {
        ""
    };
    format!(
        r#"<svg class="strip" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="3"/><rect class="fill {class}{beyond}" width="{percent:.2}%" height="100%" rx="3"/></svg>"#
    )
}

/// What the target spent on an operation, in both arms.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct CostRow {
    /// Which operation.
    pub(in crate::render) operation: String,
    /// One an arm.
    pub(in crate::render) arms: Vec<CostStrip>,
}

/// What the target spent on an operation.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct CostStrip {
    /// Which arm.
    pub(in crate::render) arm: String,
    /// The drawing.
    pub(in crate::render) svg: String,
    /// The mean time in the handler.
    pub(in crate::render) total: String,
    /// The parts in words.
    pub(in crate::render) parts: String,
}

/// The parts of a cost, in the order in which they are stacked.
fn parts(cost: &Cost) -> impl Iterator<Item = (ResponsePart, f64)> {
    cost.parts_ms
        .into_iter()
        .map(|(part, ms)| (ResponsePart::Server(part), ms))
        .chain([(ResponsePart::Rest, cost.rest_ms())])
}

/// Class and name of each part, for the legend.
pub(in crate::render) fn cost_legend() -> Vec<(&'static str, &'static str)> {
    parts(&Cost::default())
        .map(|(part, _)| (part.name(), part.label()))
        .collect()
}

/// Every operation that told what it spent.
pub(in crate::render) fn costs(summary: &Summary) -> Vec<CostRow> {
    let mut names: Vec<&str> = Vec::new();
    for operation in summary.arms.iter().flat_map(|arm| &arm.operations) {
        if operation.cost.total_ms > 0.0 && !names.contains(&operation.name.as_str()) {
            names.push(&operation.name);
        }
    }
    names
        .into_iter()
        .map(|name| cost_row(summary, name))
        .collect()
}

/// One operation; both arms on the scale of the dearer one.
fn cost_row(summary: &Summary, name: &str) -> CostRow {
    let found: Vec<(&str, &Cost)> = summary
        .arms
        .iter()
        .filter_map(|arm| {
            let operation = arm.operations.iter().find(|one| one.name == name)?;
            Some((arm.name.as_str(), &operation.cost))
        })
        .collect();
    let sum = |cost: &Cost| parts(cost).map(|(_, ms)| ms).sum::<f64>();
    let largest = found.iter().map(|(_, cost)| sum(cost)).fold(0.0, f64::max);
    CostRow {
        operation: printable(name),
        arms: found
            .into_iter()
            .map(|(arm, cost)| CostStrip {
                arm: printable(arm),
                svg: stack(cost, largest),
                total: figures::ms(Some(cost.total_ms)),
                parts: parts(cost)
                    .filter(|(_, ms)| *ms >= 0.000_5)
                    .map(|(part, ms)| format!("{} {}", part.label(), figures::ms(Some(ms))))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
            .collect(),
    }
}

/// The parts beside each other.
fn stack(cost: &Cost, largest: f64) -> String {
    let mut svg = String::from(
        r#"<svg class="strip" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="3"/>"#,
    );
    let mut from = 0.0;
    for (part, ms) in parts(cost) {
        let (class, name) = (part.name(), part.label());
        if ms <= 0.0 || largest <= 0.0 {
            continue;
        }
        let width = ms / largest * 100.0;
        let _infallible = write!(
            svg,
            r#"<rect class="part {class}" x="{from:.2}%" width="{width:.2}%" height="100%"><title>{name} {}</title></rect>"#,
            figures::ms(Some(ms))
        );
        from += width;
    }
    svg.push_str("</svg>");
    svg
}

/// The scale that all rows of a forest plot share: ratios on a logarithmic axis.
pub(in crate::render) struct Forest {
    low: f64,
    high: f64,
}

impl Forest {
    /// A scale around every ratio, its interval, its blocks and 1.
    pub(in crate::render) fn around(claims: &[Claim]) -> Self {
        let all = claims.iter().flat_map(|claim| {
            let bounds = claim.bounds.map(|(low, high)| [low, high]);
            claim
                .ratio
                .into_iter()
                .chain(bounds.into_iter().flatten())
                .chain(claim.blocks.iter().copied())
        });
        let (low, high) = all.fold((0.8_f64, 1.25_f64), |(low, high), ratio| {
            (low.min(ratio), high.max(ratio))
        });
        Self {
            low: low.ln() - 0.05,
            high: high.ln() + 0.05,
        }
    }

    /// Where a ratio lies, as a percentage of the width.
    fn at(&self, ratio: f64) -> f64 {
        let share = (ratio.ln() - self.low) / (self.high - self.low);
        2.0 + 96.0 * share.clamp(0.0, 1.0)
    }

    /// The row of one effect: its blocks as dots, its interval as a bar, its estimate as a mark.
    pub(in crate::render) fn row(&self, claim: &Claim) -> String {
        let label = escaped(&format!(
            "{}: {} {}",
            claim.metric, claim.change, claim.interval
        ));
        let mut svg = format!(
            r#"<svg class="forest {}" role="img" aria-label="{label}">"#,
            claim.tone.as_str()
        );
        let one = self.at(1.0);
        let _infallible = write!(
            svg,
            r#"<line class="rail" x1="0" x2="100%" y1="17" y2="17"/><line class="one" x1="{one:.2}%" x2="{one:.2}%" y1="0" y2="100%"/>"#
        );
        for (index, ratio) in claim.blocks.iter().take(200).enumerate() {
            // Two heights keep equal blocks apart.
            let y = if index % 2 == 0 { 8 } else { 26 };
            let _infallible = write!(
                svg,
                r#"<circle class="dot" cx="{:.2}%" cy="{y}" r="2.6"><title>block {}: {}</title></circle>"#,
                self.at(*ratio),
                index + 1,
                figures::times(*ratio)
            );
        }
        if let Some((low, high)) = claim.bounds {
            let _infallible = write!(
                svg,
                r#"<line class="whisker" x1="{:.2}%" x2="{:.2}%" y1="17" y2="17"/>"#,
                self.at(low),
                self.at(high)
            );
        }
        if let Some(ratio) = claim.ratio {
            let _infallible = write!(
                svg,
                r#"<circle class="estimate" cx="{:.2}%" cy="17" r="5"/>"#,
                self.at(ratio)
            );
        }
        svg.push_str("</svg>");
        svg
    }

    /// The axis below the rows.
    pub(in crate::render) fn axis(&self) -> String {
        let mut svg = String::from(r#"<svg class="forest-axis" aria-hidden="true">"#);
        let inside = |ratio: f64| (self.low..=self.high).contains(&ratio.ln());
        let wide = self.high - self.low > 3.5;
        let marks: &[(f64, &str)] = if wide {
            &[
                (0.001, "0.001x"),
                (0.01, "0.01x"),
                (0.1, "0.1x"),
                (1.0, "no change"),
                (10.0, "10x"),
                (100.0, "100x"),
                (1_000.0, "1,000x"),
            ]
        } else {
            &[
                (0.1, "0.1x"),
                (0.2, "0.2x"),
                (0.5, "0.5x"),
                (1.0, "no change"),
                (2.0, "2x"),
                (5.0, "5x"),
                (10.0, "10x"),
            ]
        };
        for (ratio, text) in marks.iter().filter(|(ratio, _)| inside(*ratio)) {
            let _infallible = write!(
                svg,
                r#"<text class="tick mid" x="{:.2}%" y="13">{text}</text>"#,
                self.at(*ratio)
            );
        }
        svg.push_str("</svg>");
        svg
    }
}
