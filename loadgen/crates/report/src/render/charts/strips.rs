//! Small drawings in the rows of a table: stacked costs, interval bars. Their
//! lengths are shares of the cell, so that they fit any screen without scaling their strokes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::render::charts::chart::escaped;
use crate::render::comparison::RatioSpread;
use crate::render::figures;
use crate::render::metrics;
use crate::render::tone::Tone;
use loadgen_engine::sample::ResponsePart;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Cost, Operation, Summary};

/// What the target spent on an operation, in both arms.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct CostRow {
    pub(in crate::render) operation: String,
    /// One an arm.
    pub(in crate::render) arms: Vec<CostStrip>,
}

/// What the target spent on an operation.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct CostStrip {
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

/// Every operation whose responses said what they spent.
pub(in crate::render) fn costs(summary: &Summary) -> Vec<CostRow> {
    let rows = metrics::operation_names(summary).into_iter();
    rows.map(|name| cost_row(summary, &name))
        .filter(|row| !row.arms.is_empty())
        .collect()
}

/// One operation; both arms on the scale of the dearer one.
fn cost_row(summary: &Summary, name: &str) -> CostRow {
    let found: Vec<(&str, &Cost)> = summary
        .arms
        .iter()
        .filter_map(|arm| {
            let mut operations = arm.operations.iter();
            let measured = |one: &&Operation| one.name == name && one.cost.is_reported();
            Some((arm.name.as_str(), &operations.find(measured)?.cost))
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

/// The scale that all interval bars of a table share: how many times better on the left, how many
/// times worse on the right, on a logarithmic axis.
pub(in crate::render) struct RatioAxis {
    /// Largest factor on either side.
    reach: f64,
}

impl RatioAxis {
    /// A scale around every ratio, its interval and 1; dots of single blocks may lie outside.
    pub(in crate::render) fn around<'a>(spreads: impl Iterator<Item = &'a RatioSpread>) -> Self {
        let reach = spreads
            .flat_map(|one| {
                let bounds = one.bounds.map(|(low, high)| [low, high]);
                one.ratio.into_iter().chain(bounds.into_iter().flatten())
            })
            .map(|ratio| ratio.max(1.0 / ratio))
            .fold(1.25, f64::max);
        Self {
            reach: reach * 1.05,
        }
    }

    /// Where a factor lies, as a percentage of the width; below 1 is better.
    fn at(&self, factor: f64) -> f64 {
        let share = f64::midpoint(factor.ln() / self.reach.ln(), 1.0);
        2.0 + 96.0 * share.clamp(0.0, 1.0)
    }

    /// One row: its blocks as dots, its interval as a bar, its estimate as a mark.
    pub(in crate::render) fn row(&self, spread: &RatioSpread, tone: Tone, label: &str) -> String {
        let at = |ratio: f64| {
            self.at(if spread.less_is_better {
                ratio
            } else {
                1.0 / ratio
            })
        };
        let mut svg = format!(
            r#"<svg class="forest {}" role="img" aria-label="{}">"#,
            tone.as_str(),
            escaped(label)
        );
        let one = self.at(1.0);
        let _infallible = write!(
            svg,
            r#"<line class="rail" x1="0" x2="100%" y1="11" y2="11"/><line class="one" x1="{one:.2}%" x2="{one:.2}%" y1="0" y2="100%"/>"#
        );
        for (index, ratio) in spread.blocks.iter().take(200).enumerate() {
            // Two heights keep equal blocks apart.
            let y = if index % 2 == 0 { 5 } else { 17 };
            let _infallible = write!(
                svg,
                r#"<circle class="dot" cx="{:.2}%" cy="{y}" r="2"><title>block {}: {}</title></circle>"#,
                at(*ratio),
                index + 1,
                figures::factor(*ratio)
            );
        }
        if let Some((low, high)) = spread.bounds {
            let _infallible = write!(
                svg,
                r#"<line class="whisker" x1="{:.2}%" x2="{:.2}%" y1="11" y2="11"/>"#,
                at(low),
                at(high)
            );
        }
        if let Some(ratio) = spread.ratio {
            let _infallible = write!(
                svg,
                r#"<circle class="estimate" cx="{:.2}%" cy="11" r="4"/>"#,
                at(ratio)
            );
        }
        svg.push_str("</svg>");
        svg
    }

    /// The axis above the rows of an area.
    pub(in crate::render) fn axis(&self) -> String {
        let mut svg = String::from(
            r#"<svg class="forest-axis" role="img" aria-label="Axis: better on the left, worse on the right">"#,
        );
        let marks: &[f64] = match self.reach {
            reach if reach >= 100.0 => &[10.0, 100.0, 1_000.0],
            reach if reach >= 10.0 => &[3.0, 10.0, 30.0],
            reach if reach >= 2.0 => &[2.0, 5.0],
            _ => &[1.2, 1.5],
        };
        let mut text = |at: f64, class: &str, words: &str| {
            let _infallible = write!(
                svg,
                r#"<text class="tick {class}" x="{at:.2}%" y="11">{words}</text>"#
            );
        };
        text(0.0, "begin", "← better");
        text(self.at(1.0), "mid", "same");
        text(100.0, "end", "worse →");
        for mark in marks.iter().filter(|mark| **mark < self.reach) {
            let words = format!("{mark}x");
            for at in [self.at(1.0 / mark), self.at(*mark)] {
                // The words at the ends and in the middle need their room.
                if (20.0..=80.0).contains(&at) && !(40.0..60.0).contains(&at) {
                    text(at, "mid", &words);
                }
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_lies_on_the_left_for_times_and_for_rates() {
        let spread = |ratio: f64, less_is_better| RatioSpread {
            ratio: Some(ratio),
            bounds: None,
            blocks: Vec::new(),
            less_is_better,
        };
        let (time, rate) = (spread(0.5, true), spread(2.0, false));
        let axis = RatioAxis::around([&time, &rate].into_iter());
        let of = |one| axis.row(one, Tone::Good, "x");
        assert_eq!(of(&time), of(&rate));
        assert!(
            of(&time).contains(r#"class="estimate" cx="5."#),
            "{}",
            of(&time)
        );
        let words = axis.axis();
        let place = |word: &str| words.find(word).unwrap();
        assert!(place("← better") < place(">same<") && place(">same<") < place("worse →"));
    }
}
