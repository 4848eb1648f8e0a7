//! Line charts as inline SVG: linear or logarithmic axes, one line an arm, a band for the range
//! of the trials. Colours are classes, so that one picture serves light, dark and paper.

use std::fmt::Write as _;

use serde::Serialize;

use crate::render::charts::axis::{Axis, AxisScale, scale};
use crate::render::charts::over_time::PlotPoint;
use crate::render::charts::plot::{LineShape, Plot, PlotLine};

/// Width of a drawing in its own units; a page shows it between 340 and 560 pixels wide.
const WIDTH: f64 = 520.0;
/// Height of a drawing.
const HEIGHT: f64 = 240.0;
/// Space for the numbers on the left.
const LEFT: f64 = 50.0;
/// Space on the right: half a label of the last tick.
const RIGHT: f64 = 16.0;
/// Space above.
const TOP: f64 = 26.0;
/// Space for the numbers below.
const BOTTOM: f64 = 38.0;

/// Most marks whose names stand in the drawing.
const MAX_NAMED_MARKS: usize = 4;

/// A drawing with its words.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct Chart {
    /// Its name among the charts of the page.
    pub(in crate::render) id: String,
    /// What it shows.
    pub(in crate::render) title: String,
    /// How to read it.
    pub(in crate::render) note: String,
    /// Class and label of each line.
    pub(in crate::render) legend: Vec<(String, String)>,
    /// The drawing.
    pub(in crate::render) svg: String,
}

/// Draws a plot; nothing where no line has a point.
pub(in crate::render) fn draw(plot: &Plot) -> Option<Chart> {
    let lines: Vec<PlotLine> = plot
        .lines
        .iter()
        .filter(|line| !line.points.is_empty())
        .map(|line| PlotLine {
            points: match plot.shape {
                LineShape::Steps => steps(&line.points),
                LineShape::Lines | LineShape::Stack => line.points.clone(),
            },
            ..line.clone()
        })
        .collect();
    let points = || {
        lines
            .iter()
            .flat_map(|line| line.points.iter().map(move |point| (line.band, point)))
    };
    points().next()?;
    let xs = points().map(|(_, point)| point.x);
    let ys = points().flat_map(|(band, point)| {
        if band {
            [point.range.0, point.range.1]
        } else {
            [point.y, point.y]
        }
    });
    let x = scale(plot.x, xs, LEFT, WIDTH - RIGHT);
    let limits = plot.limits.iter().map(|limit| limit.y);
    let y = scale(
        plot.y,
        ys.chain(plot.top).chain(limits),
        HEIGHT - BOTTOM,
        TOP,
    );
    let mut svg = String::new();
    let names: Vec<&str> = lines.iter().map(|line| line.label.as_str()).collect();
    let label = escaped(&format!(
        "{}. {} Lines: {}.",
        plot.title,
        plot.note,
        names.join(", ")
    ));
    push(
        &mut svg,
        format_args!(
            r#"<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">"#
        ),
    );
    frame(&mut svg, plot, &x, &y);
    marks(&mut svg, plot, &x);
    // The topmost part of a stack is drawn first, as it begins where the one below it ends.
    for line in lines.iter().rev().filter(|line| line.band) {
        band(&mut svg, line, &x, &y);
    }
    for line in &lines {
        path(&mut svg, line, &x, &y, matches!(plot.x, Axis::Seconds));
    }
    for limit in &plot.limits {
        let at = y.at(limit.y);
        push(
            &mut svg,
            format_args!(
                r#"<line class="limit" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text class="hint end" x="{:.1}" y="{:.1}">{}</text>"#,
                WIDTH - RIGHT,
                WIDTH - RIGHT,
                // Below the line where there is no room above it.
                if at < TOP + 14.0 { at + 13.0 } else { at - 4.0 },
                escaped(&limit.label)
            ),
        );
    }
    svg.push_str("</svg>");
    Some(Chart {
        id: plot.id.clone(),
        title: plot.title.clone(),
        note: plot.note.clone(),
        legend: lines
            .iter()
            .map(|line| (line.class.clone(), line.label.clone()))
            .collect(),
        svg,
    })
}

/// Writes into a string, which cannot fail.
fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    let _infallible = svg.write_fmt(text);
}

/// Text for an attribute or an element.
pub(in crate::render) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Grid, ticks, names of the axes, and the warm-up as a shade.
fn frame(svg: &mut String, plot: &Plot, x: &AxisScale, y: &AxisScale) {
    let floor = HEIGHT - BOTTOM;
    if matches!(plot.x, Axis::Seconds) && x.low < 0.0 {
        let width = x.at(0.0) - LEFT;
        push(
            svg,
            format_args!(
                r#"<rect class="warm" x="{LEFT}" y="{TOP}" width="{width:.1}" height="{:.1}"/>"#,
                floor - TOP
            ),
        );
        if width > 60.0 {
            push(
                svg,
                format_args!(
                    r#"<text class="hint" x="{:.1}" y="{:.1}">warm-up</text>"#,
                    LEFT + 6.0,
                    TOP + 13.0
                ),
            );
        }
    }
    for (value, text) in &y.ticks {
        let at = y.at(*value);
        push(
            svg,
            format_args!(
                r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/>"#,
                WIDTH - RIGHT
            ),
        );
        push(
            svg,
            format_args!(
                r#"<text class="tick end" x="{:.1}" y="{:.1}">{}</text>"#,
                LEFT - 7.0,
                at + 4.0,
                escaped(text)
            ),
        );
    }
    for (value, text) in &x.ticks {
        let at = x.at(*value);
        push(
            svg,
            format_args!(
                r#"<line class="grid" x1="{at:.1}" x2="{at:.1}" y1="{floor:.1}" y2="{:.1}"/>"#,
                floor + 4.0
            ),
        );
        push(
            svg,
            format_args!(
                r#"<text class="tick mid" x="{at:.1}" y="{:.1}">{}</text>"#,
                floor + 17.0,
                escaped(text)
            ),
        );
    }
    push(
        svg,
        format_args!(
            r#"<line class="axis" x1="{LEFT}" x2="{:.1}" y1="{floor:.1}" y2="{floor:.1}"/>"#,
            WIDTH - RIGHT
        ),
    );
    let below = plot.x_label();
    push(
        svg,
        format_args!(
            r#"<text class="hint end" x="{:.1}" y="{:.1}">{below}</text>"#,
            WIDTH - RIGHT,
            HEIGHT - 5.0
        ),
    );
    push(
        svg,
        format_args!(
            r#"<text class="hint" x="{:.1}" y="11">{}</text>"#,
            4.0,
            escaped(plot.unit)
        ),
    );
}

/// The faults that were in force: a shade each, which names it, and its name where there are few.
fn marks(svg: &mut String, plot: &Plot, x: &AxisScale) {
    for mark in &plot.marks {
        let (from, to) = (x.at(mark.from), x.at(mark.to));
        let width = (to - from).max(1.0);
        let name = escaped(&mark.label);
        push(
            svg,
            format_args!(
                r#"<rect class="fault" x="{from:.1}" y="{TOP}" width="{width:.1}" height="{:.1}"><title>{name}</title></rect>"#,
                HEIGHT - BOTTOM - TOP
            ),
        );
        if plot.marks.len() <= MAX_NAMED_MARKS {
            push(
                svg,
                format_args!(
                    r#"<text class="hint" x="{from:.1}" y="{:.1}">{name}</text>"#,
                    TOP - 4.0
                ),
            );
        }
    }
}

/// The points of a line that keeps its value up to the next point.
fn steps(points: &[PlotPoint]) -> Vec<PlotPoint> {
    let ends = points.windows(2).map(|pair| PlotPoint {
        x: pair[1].x,
        ..pair[0]
    });
    let begins = points.iter().copied();
    let last = points.last().copied();
    begins
        .zip(ends)
        .flat_map(|(begin, end)| [begin, end])
        .chain(last)
        .collect()
}

/// The range of the trials behind a line.
fn band(svg: &mut String, line: &PlotLine, x: &AxisScale, y: &AxisScale) {
    let mut path = String::new();
    for (index, point) in line.points.iter().enumerate() {
        let step = if index == 0 { 'M' } else { 'L' };
        push(
            &mut path,
            format_args!("{step}{:.1} {:.1}", x.at(point.x), y.at(point.range.1)),
        );
    }
    for point in line.points.iter().rev() {
        push(
            &mut path,
            format_args!("L{:.1} {:.1}", x.at(point.x), y.at(point.range.0)),
        );
    }
    push(
        svg,
        format_args!(
            r#"<path class="band {}" d="{path}Z"/>"#,
            escaped(&line.class)
        ),
    );
}

/// The line itself; it breaks where seconds have no value.
fn path(svg: &mut String, line: &PlotLine, x: &AxisScale, y: &AxisScale, breaks: bool) {
    let spans = line.points.windows(2).map(|pair| pair[1].x - pair[0].x);
    let usual = spans.fold(f64::INFINITY, f64::min).max(1.0);
    let whole = line.points.last().map_or(0.0, |last| last.x) - line.points[0].x;
    // A thinned line has uneven steps of its own.
    let limit = (usual * 2.5).max(6.0 * whole / line.points.len() as f64);
    let mut path = String::new();
    let mut previous: Option<f64> = None;
    for point in &line.points {
        let joined = previous.is_some_and(|previous| !breaks || point.x - previous <= limit);
        push(
            &mut path,
            format_args!(
                "{}{:.1} {:.1}",
                if joined { 'L' } else { 'M' },
                x.at(point.x),
                y.at(point.y)
            ),
        );
        previous = Some(point.x);
    }
    if line.points.len() == 1 {
        path.push_str("h.1");
    }
    push(
        svg,
        format_args!(
            r#"<path class="line {}" d="{path}"/>"#,
            escaped(&line.class)
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> PlotLine {
        PlotLine {
            class: "before".into(),
            label: "<before>".into(),
            points: points
                .iter()
                .map(|(x, y)| PlotPoint {
                    x: *x,
                    y: *y,
                    range: (*y, *y),
                })
                .collect(),
            band: true,
        }
    }

    fn plot(y: Axis, lines: Vec<PlotLine>) -> Option<Chart> {
        draw(&Plot {
            y,
            lines,
            ..Plot::over_time("t", "T", "ms")
        })
    }

    #[test]
    fn a_plot_without_points_is_not_drawn() {
        assert!(plot(Axis::Log, vec![line(&[])]).is_none());
    }

    #[test]
    fn odd_values_never_put_a_number_into_the_drawing_that_is_none() {
        for points in [
            vec![(0.0, 0.0)],
            vec![(0.0, 1e-9), (1.0, 1e9)],
            vec![(-5.0, 3.0), (-5.0, 3.0)],
        ] {
            for y in [Axis::Linear, Axis::Log] {
                let svg = plot(y, vec![line(&points)]).unwrap().svg;
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
                assert!(!svg.contains("<before>"));
            }
        }
    }

    #[test]
    fn a_step_keeps_its_value_up_to_the_next_point() {
        let points = steps(&line(&[(1.0, 5.0), (2.0, 7.0), (4.0, 0.0)]).points);
        let drawn: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
        assert_eq!(
            drawn,
            [(1.0, 5.0), (2.0, 5.0), (2.0, 7.0), (4.0, 7.0), (4.0, 0.0)]
        );
    }

    #[test]
    fn a_line_breaks_where_seconds_have_no_value() {
        let points: Vec<(f64, f64)> = (0..40)
            .filter(|second| !(10..30).contains(second))
            .map(|second| (f64::from(second), 1.0))
            .collect();
        let svg = plot(Axis::Linear, vec![line(&points)]).unwrap().svg;
        let drawn = svg.split("class=\"line").nth(1).unwrap();
        assert_eq!(drawn.matches('M').count(), 2);
    }
}
