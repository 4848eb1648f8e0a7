//! The Prometheus text format, version 0.0.4.

use std::fmt::Write as _;

use super::{
    catalogue::Metric,
    family::{Family, Point, Spread, Value},
};
use loadgen_engine::driver::BUCKET_BOUNDS_MS;

/// What the format calls itself in an answer.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page.
pub(super) fn render(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        let Metric {
            name, kind, help, ..
        } = family.metric;
        let kind = kind.as_str();
        let _infallible = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for point in &family.points {
            let labels = labels(family.metric, point);
            match &point.value {
                Value::Count(count) => line(&mut text, name, &labels, &count.to_string()),
                Value::Level(level) => line(&mut text, name, &labels, &number(*level)),
                Value::Spread(spread) => histogram(&mut text, name, &labels, spread),
            }
        }
    }
    text
}

fn histogram(text: &mut String, name: &str, labels: &str, spread: &Spread) {
    let bounds = BUCKET_BOUNDS_MS.iter().map(|ms| number(*ms as f64 / 1e3));
    let bounds = bounds.chain(["+Inf".to_owned()]);
    let mut sum = 0;
    for (bound, count) in bounds.zip(&spread.counts) {
        sum += count;
        let between = if labels.is_empty() { "" } else { "," };
        let labels = format!("{labels}{between}le=\"{bound}\"");
        line(text, &format!("{name}_bucket"), &labels, &sum.to_string());
    }
    line(text, &format!("{name}_sum"), labels, &number(spread.sum_s));
    line(text, &format!("{name}_count"), labels, &sum.to_string());
}

fn line(text: &mut String, name: &str, labels: &str, value: &str) {
    let _infallible = if labels.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{labels}}} {value}")
    };
}

fn labels(metric: &Metric, point: &Point) -> String {
    let pairs: Vec<String> = metric
        .labels
        .iter()
        .zip(&point.labels)
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    pairs.join(",")
}

/// The three letters that would end a value or a line.
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
