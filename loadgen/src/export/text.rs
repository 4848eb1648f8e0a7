//! The Prometheus text format, version 0.0.4.
//!
//! Not by `prometheus-client`: of it only the encoder would fit figures that are counted already,
//! and its OpenMetrics text would change what is scraped (`le="1.0"` for `le="1"`, `# TYPE` lines
//! without `_total`).

use std::fmt::Write as _;

use super::{
    catalogue::ExportedMetric,
    family::{BucketCounts, MetricFamily, MetricPoint, PointValue},
};
use loadgen_engine::driver::BUCKET_BOUNDS_MS;

/// Media type of the format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text of all families.
pub(super) fn render(families: &[MetricFamily]) -> String {
    let mut text = String::new();
    for family in families {
        let ExportedMetric {
            name,
            metric_type,
            help,
            ..
        } = family.metric;
        let kind = metric_type.as_str();
        let _infallible = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for point in &family.points {
            let labels = labels(family.metric, point);
            match &point.value {
                PointValue::Counter(count) => line(&mut text, name, &labels, &count.to_string()),
                PointValue::Gauge(level) => line(&mut text, name, &labels, &number(*level)),
                PointValue::Histogram(buckets) => histogram(&mut text, name, &labels, buckets),
            }
        }
    }
    text
}

fn histogram(text: &mut String, name: &str, labels: &str, buckets: &BucketCounts) {
    let bounds = BUCKET_BOUNDS_MS.iter().map(|ms| number(*ms as f64 / 1e3));
    let bounds = bounds.chain(["+Inf".to_owned()]);
    let mut sum = 0;
    for (bound, count) in bounds.zip(&buckets.counts) {
        sum += count;
        let between = if labels.is_empty() { "" } else { "," };
        let labels = format!("{labels}{between}le=\"{bound}\"");
        line(text, &format!("{name}_bucket"), &labels, &sum.to_string());
    }
    line(text, &format!("{name}_sum"), labels, &number(buckets.sum_s));
    line(text, &format!("{name}_count"), labels, &sum.to_string());
}

fn line(text: &mut String, name: &str, labels: &str, value: &str) {
    let _infallible = if labels.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{labels}}} {value}")
    };
}

fn labels(metric: &ExportedMetric, point: &MetricPoint) -> String {
    let pairs: Vec<String> = metric
        .labels
        .iter()
        .zip(&point.labels)
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    pairs.join(",")
}

/// Escapes the characters that would end a value or a line.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value if value.is_nan() => "NaN".to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
