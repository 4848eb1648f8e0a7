//! The figures behind the charts, for the script that draws them anew with a pointer's legend
//! and zoom: one JSON text inside the page. Nothing is in it that the pictures do not show.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::charts::axis::Axis;
use crate::render::charts::over_time::Grid;
use crate::render::charts::plot::{LineShape, Plot, PlotLine};
use loadgen_experiment::events::printable;

/// All charts of a page.
#[derive(Debug, Serialize)]
pub(in crate::render) struct Charts {
    /// Instants of the trials, in seconds since the measured window began.
    seconds: Vec<f64>,
    /// How many seconds share a point.
    step: i64,
    /// Stretches that are marked in each chart over time: begin, end, name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<(f64, f64, String)>,
    /// Each chart, by the number in its `data-chart`.
    charts: Vec<Drawn>,
    /// How the response times are spread: of all requests, then of each operation.
    spreads: Vec<Spread>,
}

/// How the response times of one operation are spread.
#[derive(Debug, Serialize)]
struct Spread {
    name: String,
    charts: [Drawn; 2],
}

/// One chart.
#[derive(Debug, Serialize)]
struct Drawn {
    /// `seconds`, `nines` or `log`.
    over: &'static str,
    /// Whether the vertical axis is logarithmic.
    log: bool,
    /// What the vertical axis counts.
    unit: &'static str,
    /// What the horizontal axis shows, with its unit.
    x_label: &'static str,
    /// Limits of thresholds: where, and as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<(f64, String)>,
    /// `lines`, `stack` or `steps`.
    shape: &'static str,
    /// What the vertical axis reaches at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<f64>,
    /// Where the points lie; absent where that is `seconds` of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<Vec<f64>>,
    lines: Vec<DrawnLine>,
}

/// One line; its figures in the order of the instants, absent where it has none.
#[derive(Debug, Serialize)]
struct DrawnLine {
    label: String,
    class: String,
    y: Vec<Option<f64>>,
    /// Where the filled range begins and ends; of a stack, where its part does.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[Vec<Option<f64>>; 2]>,
}

impl Charts {
    /// The charts over time, and how the response times of each name are spread.
    pub(in crate::render) fn of(
        grid: Grid,
        plots: &[Plot],
        spreads: &[(String, [Plot; 2])],
    ) -> Self {
        let seconds = grid.instants();
        let marks = plots.first().map_or(&[][..], |plot| plot.marks.as_slice());
        Self {
            marks: marks
                .iter()
                .map(|mark| (short(mark.from), short(mark.to), mark.label.clone()))
                .collect(),
            charts: plots.iter().map(|plot| drawn(plot, &seconds)).collect(),
            spreads: spreads
                .iter()
                .map(|(name, plots)| Spread {
                    name: printable(name),
                    charts: [drawn(&plots[0], &seconds), drawn(&plots[1], &seconds)],
                })
                .collect(),
            step: grid.step(),
            seconds,
        }
    }

    /// As JSON that can stand inside a `script` element: no `<` begins an end tag or a comment.
    pub(in crate::render) fn json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)?.replace('<', "\\u003c"))
    }
}

/// One plot on the seconds of the page, or on all places of its own lines.
fn drawn(plot: &Plot, seconds: &[f64]) -> Drawn {
    let over_time = matches!(plot.x, Axis::Seconds);
    let places: Vec<f64> = if over_time {
        seconds.to_vec()
    } else {
        let mut all: Vec<f64> = plot
            .lines
            .iter()
            .flat_map(|line| line.points.iter().map(|point| point.x))
            .collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    };
    let lines = plot.lines.iter().filter(|line| !line.points.is_empty());
    Drawn {
        over: match plot.x {
            Axis::Seconds => "seconds",
            Axis::Nines => "nines",
            Axis::Linear | Axis::Log => "log",
        },
        log: matches!(plot.y, Axis::Log),
        unit: plot.unit,
        x_label: plot.x_label(),
        limits: plot
            .limits
            .iter()
            .map(|limit| (short(limit.y), limit.label.clone()))
            .collect(),
        shape: match plot.shape {
            LineShape::Lines => "lines",
            LineShape::Stack => "stack",
            LineShape::Steps => "steps",
        },
        top: plot.top.map(short),
        lines: lines.map(|line| drawn_line(line, plot, &places)).collect(),
        x: (!over_time).then(|| places.iter().map(|at| (at * 1e5).round() / 1e5).collect()),
    }
}

/// One line with a figure, or none, for each place.
fn drawn_line(line: &PlotLine, plot: &Plot, places: &[f64]) -> DrawnLine {
    let at: BTreeMap<u64, usize> = line
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| (point.x.to_bits(), index))
        .collect();
    let each = |of: &dyn Fn(usize) -> f64| {
        let figures = places.iter().map(|place| {
            let index = at.get(&place.to_bits())?;
            Some(short(of(*index)))
        });
        figures.collect::<Vec<Option<f64>>>()
    };
    DrawnLine {
        label: line.label.clone(),
        class: line.class.clone(),
        y: each(&|index| line.points[index].y),
        range: (line.band && plot.shape != LineShape::Steps).then(|| {
            [
                each(&|index| line.points[index].range.0),
                each(&|index| line.points[index].range.1),
            ]
        }),
    }
}

/// Four significant figures: more than a chart can show, and half the bytes.
fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powi(3 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::charts::plots;
    use crate::render::fixture;

    #[test]
    fn every_line_over_time_has_a_figure_or_none_for_each_instant_of_the_page() {
        let mut summary = fixture::experiment(false);
        summary.trials[0].series.truncate(9);
        let grid = Grid::of(&summary.trials);
        let spread = plots::spread(&summary, None);
        let charts = Charts::of(
            grid,
            &plots::load(&summary, grid),
            &[("</script>".into(), spread)],
        );
        let instants = charts.seconds.len();
        assert_eq!(instants, 40);
        for chart in &charts.charts {
            for line in &chart.lines {
                assert_eq!(line.y.len(), instants, "{}", line.label);
                assert!(line.y.iter().flatten().count() > 30, "{}", line.label);
            }
        }
        let json = charts.json().unwrap();
        assert!(!json.contains('<'));
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["spreads"][0]["name"], "</script>");
        assert_eq!(back["spreads"][0]["charts"][0]["over"], "nines");
    }

    #[test]
    fn figures_keep_four_digits() {
        let text = [1234.56, 0.000_123_456, 0.0].map(|value| short(value).to_string());
        assert_eq!(text, ["1235", "0.0001235", "0"]);
    }
}
