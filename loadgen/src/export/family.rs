//! A figure with its labels, before it becomes text or a message.

use super::catalogue::Metric;

/// All points of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Family {
    pub(super) metric: &'static Metric,
    pub(super) points: Vec<Point>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// Values of the metric's labels, in their order.
    pub(super) labels: Vec<String>,
    pub(super) value: Value,
}

/// What it is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Of a counter.
    Count(u64),
    /// Of a gauge.
    Level(f64),
    /// Of a histogram.
    Spread(Spread),
}

/// Response times by the bounds of `driver::BUCKET_BOUNDS_MS`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Spread {
    /// How many lie between each bound and the one before; the last number is of those beyond
    /// all, failures among them.
    pub(super) counts: Vec<u64>,
    /// Those that have an end, added up.
    pub(super) sum_s: f64,
}

impl Family {
    /// One without points.
    pub(super) const fn of(metric: &'static Metric) -> Self {
        let points = Vec::new();
        Self { metric, points }
    }

    /// Adds a point. Labels that the catalogue does not know would make a page that nobody can
    /// read; a test of every family refuses them.
    #[must_use]
    pub(super) fn with<'a>(
        mut self,
        labels: impl IntoIterator<Item = &'a str>,
        value: Value,
    ) -> Self {
        let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        debug_assert_eq!(
            labels.len(),
            self.metric.labels.len(),
            "{}",
            self.metric.name
        );
        self.points.push(Point { labels, value });
        self
    }
}
