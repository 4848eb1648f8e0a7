//! What charts over time have in common, wherever they are drawn: title, unit and series. A report
//! draws a series from stored seconds, the terminal from the ticks of a running command.

use crate::render::charts::axis::Axis;
use crate::render::charts::plot::Plot;
use loadgen_experiment::events::Tick;
use loadgen_experiment::schema::Second;

/// A series over time.
#[derive(Debug, Clone, Copy)]
pub struct SeriesDefinition {
    /// Its name in the legend.
    pub name: &'static str,
    /// Its value in a stored second.
    pub of_second: fn(&Second) -> Option<f64>,
    /// Its value in a tick of a running command.
    pub of_tick: fn(&Tick) -> Option<f64>,
}

/// A chart over time.
#[derive(Debug, Clone, Copy)]
pub struct ChartDefinition {
    /// Its name among the charts of a page.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What the vertical axis counts.
    pub unit: &'static str,
    /// Whether the vertical axis is logarithmic.
    pub log: bool,
}

/// Requests that ended.
pub const COMPLETED: SeriesDefinition = SeriesDefinition {
    name: "completed",
    of_second: |second| Some(second.completed as f64),
    of_tick: |tick| Some(tick.achieved),
};
/// Requests that are due and not done.
pub const IN_FLIGHT: SeriesDefinition = SeriesDefinition {
    name: "in flight",
    of_second: |second| second.in_flight.map(|count| count as f64),
    of_tick: |tick| Some(tick.in_flight as f64),
};
/// Percentiles of the response time, from the lowest to the highest, and their shares.
pub const PERCENTILES: [(f64, SeriesDefinition); 3] = [
    (
        0.5,
        SeriesDefinition {
            name: "p50",
            of_second: |second| second.p50_ms,
            of_tick: |tick| tick.p50_ms,
        },
    ),
    (
        0.95,
        SeriesDefinition {
            name: "p95",
            of_second: |second| second.p95_ms,
            of_tick: |tick| tick.p95_ms,
        },
    ),
    (
        0.99,
        SeriesDefinition {
            name: "p99",
            of_second: |second| second.p99_ms,
            of_tick: |tick| tick.p99_ms,
        },
    ),
];

/// Requests planned and completed.
pub(in crate::render) const RATE: ChartDefinition = ChartDefinition {
    id: "rate",
    title: "Arrivals and answers over time",
    unit: "requests a second",
    log: false,
};
/// The percentiles of the response time, which spans orders of magnitude.
pub const RESPONSE: ChartDefinition = ChartDefinition {
    id: "response",
    title: "Response time over time",
    unit: "ms, logarithmic",
    log: true,
};
/// Users, and requests that are due and not done.
pub(in crate::render) const CONCURRENCY: ChartDefinition = ChartDefinition {
    id: "users",
    title: "Users and requests in flight",
    unit: "number",
    log: false,
};

impl ChartDefinition {
    /// The chart without its lines.
    pub(in crate::render) fn plot(&self) -> Plot {
        Plot {
            y: if self.log { Axis::Log } else { Axis::Linear },
            ..Plot::over_time(self.id, self.title, self.unit)
        }
    }
}
