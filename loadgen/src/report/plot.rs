//! What a chart shows, before it is drawn: by [`chart`](super::chart) as a picture, by the page's
//! script as a chart that can be pointed at.

use crate::report::axis::Axis;
use crate::report::over_time::Point;

/// How the points of a line are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Joined.
    Lines,
    /// Joined, on top of the line before; the range of a point is from there to its own value.
    Stack,
    /// Each value holds up to the next point.
    Steps,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its class: `before dashed`.
    pub(super) class: String,
    /// Its name in the legend.
    pub(super) label: String,
    /// Where it goes, from left to right.
    pub(super) points: Vec<Point>,
    /// Whether the range of its points is filled.
    pub(super) band: bool,
}

/// What to draw.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    /// Its name among the charts of the page.
    pub(super) id: String,
    /// What it shows.
    pub(super) title: String,
    /// How to read it.
    pub(super) note: String,
    /// What the vertical axis counts.
    pub(super) unit: &'static str,
    /// Horizontal axis.
    pub(super) x: Axis,
    /// Vertical axis.
    pub(super) y: Axis,
    /// How the lines are drawn.
    pub(super) shape: Shape,
    /// A value that the vertical axis reaches at least, so that charts can be compared.
    pub(super) top: Option<f64>,
    /// What is on it.
    pub(super) lines: Vec<Line>,
}

impl Plot {
    /// An empty plot over the seconds of the trials, on a linear axis.
    pub(super) fn over_time(id: &str, title: &str, unit: &'static str) -> Self {
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
