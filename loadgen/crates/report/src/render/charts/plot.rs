//! What a chart shows, before it is drawn: by [`chart`](super::chart) as a picture, by the page's
//! script as a chart that can be pointed at.

use crate::render::charts::axis::Axis;
use crate::render::charts::over_time::PlotPoint;
use loadgen_engine::threshold::{Scope, Threshold};
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::Summary;

/// How the points of a line are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum LineShape {
    /// Joined by straight lines.
    Lines,
    /// Joined, on top of the line before; the range of a point is from there to its own value.
    Stack,
    /// Each value holds up to the next point.
    Steps,
}

/// One line.
#[derive(Debug, Clone)]
pub(in crate::render) struct PlotLine {
    /// Its class: `before dashed`.
    pub(in crate::render) class: String,
    /// Its name in the legend.
    pub(in crate::render) label: String,
    /// Where it goes, from left to right.
    pub(in crate::render) points: Vec<PlotPoint>,
    /// Whether the range of its points is filled.
    pub(in crate::render) band: bool,
}

/// A limit that a threshold sets: a horizontal line.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::render) struct PlotLimit {
    /// Where it lies on the vertical axis.
    pub(in crate::render) y: f64,
    /// The threshold as written.
    pub(in crate::render) label: String,
}

/// A stretch of time that charts over time mark: a fault that was in force.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::render) struct PlotMark {
    /// Its begin, in seconds since the measured window began.
    pub(in crate::render) from: f64,
    /// Its end.
    pub(in crate::render) to: f64,
    /// What it is.
    pub(in crate::render) label: String,
}

/// What to draw.
#[derive(Debug, Clone)]
pub(in crate::render) struct Plot {
    /// Its name among the charts of the page.
    pub(in crate::render) id: String,
    /// What it shows.
    pub(in crate::render) title: String,
    /// How to read it.
    pub(in crate::render) note: String,
    /// What the vertical axis counts.
    pub(in crate::render) unit: &'static str,
    /// What the horizontal axis shows, where that does not follow from its kind.
    pub(in crate::render) x_name: Option<&'static str>,
    /// Horizontal axis.
    pub(in crate::render) x: Axis,
    /// Vertical axis.
    pub(in crate::render) y: Axis,
    /// How the lines are drawn.
    pub(in crate::render) shape: LineShape,
    /// A value that the vertical axis reaches at least, so that charts can be compared.
    pub(in crate::render) top: Option<f64>,
    /// Limits of thresholds on the same figure.
    pub(in crate::render) limits: Vec<PlotLimit>,
    /// Stretches of time that are marked.
    pub(in crate::render) marks: Vec<PlotMark>,
    /// What is on it.
    pub(in crate::render) lines: Vec<PlotLine>,
}

impl Plot {
    /// What the horizontal axis shows, with its unit.
    pub(in crate::render) const fn x_label(&self) -> &'static str {
        if let Some(name) = self.x_name {
            return name;
        }
        match self.x {
            Axis::Seconds => "seconds since the measured window began",
            Axis::Nines => "share of requests that were faster, %",
            Axis::Log | Axis::Linear => "response time, ms",
        }
    }

    /// An empty plot over the seconds of the trials, on a linear axis.
    pub(in crate::render) fn over_time(id: &str, title: &str, unit: &'static str) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            note: String::new(),
            unit,
            x_name: None,
            x: Axis::Seconds,
            y: Axis::Linear,
            shape: LineShape::Lines,
            top: None,
            limits: Vec::new(),
            marks: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// A class for an arm; a run is drawn in the colour of `after`.
pub(in crate::render) fn class_of(arm: &str) -> &'static str {
    if arm == "before" { "before" } else { "after" }
}

/// The limits of thresholds on response times: of all requests, or of one operation.
pub(in crate::render) fn limits(summary: &Summary, name: Option<&str>) -> Vec<PlotLimit> {
    let mut limits: Vec<PlotLimit> = Vec::new();
    for one in &summary.thresholds {
        let Ok(threshold) = one.text.parse::<Threshold>() else {
            continue;
        };
        let subject = match &threshold.scope {
            Scope::All => None,
            Scope::Subject(subject) => Some(subject.as_str()),
            Scope::Flow(_) | Scope::Phase(_) | Scope::Method(_) | Scope::Status(_) => continue,
        };
        let limit = PlotLimit {
            // Stored in nanoseconds.
            y: threshold.limit / 1e6,
            label: printable(&one.text),
        };
        if threshold.metric.is_time() && subject == name && !limits.contains(&limit) {
            limits.push(limit);
        }
    }
    limits
}
