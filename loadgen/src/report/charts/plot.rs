//! What a chart shows, before it is drawn: by [`chart`](super::chart) as a picture, by the page's
//! script as a chart that can be pointed at.

use crate::report::charts::axis::Axis;
use crate::report::charts::over_time::Point;

/// How the points of a line are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Shape {
    /// Joined.
    Lines,
    /// Joined, on top of the line before; the range of a point is from there to its own value.
    Stack,
    /// Each value holds up to the next point.
    Steps,
}

/// One line.
#[derive(Debug, Clone)]
pub(in crate::report) struct Line {
    /// Its class: `before dashed`.
    pub(in crate::report) class: String,
    /// Its name in the legend.
    pub(in crate::report) label: String,
    /// Where it goes, from left to right.
    pub(in crate::report) points: Vec<Point>,
    /// Whether the range of its points is filled.
    pub(in crate::report) band: bool,
}

/// What to draw.
#[derive(Debug, Clone)]
pub(in crate::report) struct Plot {
    /// Its name among the charts of the page.
    pub(in crate::report) id: String,
    /// What it shows.
    pub(in crate::report) title: String,
    /// How to read it.
    pub(in crate::report) note: String,
    /// What the vertical axis counts.
    pub(in crate::report) unit: &'static str,
    /// Horizontal axis.
    pub(in crate::report) x: Axis,
    /// Vertical axis.
    pub(in crate::report) y: Axis,
    /// How the lines are drawn.
    pub(in crate::report) shape: Shape,
    /// A value that the vertical axis reaches at least, so that charts can be compared.
    pub(in crate::report) top: Option<f64>,
    /// What is on it.
    pub(in crate::report) lines: Vec<Line>,
}

impl Plot {
    /// An empty plot over the seconds of the trials, on a linear axis.
    pub(in crate::report) fn over_time(id: &str, title: &str, unit: &'static str) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            note: String::new(),
            unit,
            x: Axis::Seconds,
            y: Axis::Linear,
            shape: Shape::Lines,
            top: None,
            lines: Vec::new(),
        }
    }
}
