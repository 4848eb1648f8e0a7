//! Metrics with their labels and values, before they become text or an OTLP message.

use super::catalogue::ExportedMetric;

/// All points of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricFamily {
    pub(super) metric: &'static ExportedMetric,
    pub(super) points: Vec<MetricPoint>,
}

/// The value of one combination of labels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricPoint {
    /// Values of the metric's labels, in their order.
    pub(super) labels: Vec<String>,
    pub(super) value: PointValue,
}

/// A value, by the type of its metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PointValue {
    Counter(u64),
    Gauge(f64),
    Histogram(BucketCounts),
}

/// Counts of response times by the bounds of `driver::BUCKET_BOUNDS_MS`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct BucketCounts {
    /// How many lie between each bound and the one before; the last number is of those beyond
    /// all, failures among them.
    pub(super) counts: Vec<u64>,
    /// Sum of the response times of successful requests, in seconds.
    pub(super) sum_s: f64,
}

impl MetricFamily {
    /// A family without points.
    pub(super) const fn new(metric: &'static ExportedMetric) -> Self {
        let points = Vec::new();
        Self { metric, points }
    }

    /// Adds a point. `labels` are the values of the metric's labels in their order; a test of every
    /// family checks their number.
    #[must_use]
    pub(super) fn with<'a>(
        mut self,
        labels: impl IntoIterator<Item = &'a str>,
        value: PointValue,
    ) -> Self {
        let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        debug_assert_eq!(
            labels.len(),
            self.metric.labels.len(),
            "{}",
            self.metric.name
        );
        self.points.push(MetricPoint { labels, value });
        self
    }
}
