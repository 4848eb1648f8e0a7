//! OTLP messages. They are built directly and not by the metrics SDK, whose histograms only accept
//! single measurements: ours are counted already.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point::Value as Number,
    },
    resource::v1::Resource,
};

use super::{
    catalogue::MetricType,
    family::{BucketCounts, MetricFamily, MetricPoint, PointValue},
};
use loadgen_engine::driver::BUCKET_BOUNDS_MS;

/// The time that a message covers, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExportWindow {
    pub(super) since: u64,
    pub(super) until: u64,
}

/// Nanoseconds since 1970.
pub(super) fn nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// One message with every figure. `run` is the result folder and the suite's name.
pub(super) fn message(
    families: &[MetricFamily],
    run: Option<(&str, &str)>,
    window: ExportWindow,
) -> ExportMetricsServiceRequest {
    let version = env!("CARGO_PKG_VERSION");
    let mut attributes = vec![
        attribute("service.name", "loadgen"),
        attribute("service.version", version),
    ];
    if let Some((folder, name)) = run {
        attributes.extend([
            attribute("service.instance.id", folder),
            attribute("loadgen.run", folder),
            attribute("loadgen.suite", name),
        ]);
    }
    let resource = Resource {
        attributes,
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "loadgen".to_owned(),
        version: version.to_owned(),
        ..InstrumentationScope::default()
    };
    let metrics = families
        .iter()
        .map(|family| metric(family, window))
        .collect();
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope),
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

fn metric(family: &MetricFamily, window: ExportWindow) -> Metric {
    let cumulative = AggregationTemporality::Cumulative as i32;
    let numbers = || {
        let points = family.points.iter();
        points
            .filter_map(|point| number(family, point, window))
            .collect()
    };
    let data = match family.metric.metric_type {
        MetricType::Gauge => Data::Gauge(Gauge {
            data_points: numbers(),
        }),
        MetricType::Counter => Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        MetricType::Histogram => Data::Histogram(Histogram {
            data_points: family
                .points
                .iter()
                .filter_map(|point| match &point.value {
                    PointValue::Histogram(buckets) => {
                        Some(histogram(family, point, buckets, window))
                    }
                    _ => None,
                })
                .collect(),
            aggregation_temporality: cumulative,
        }),
    };
    Metric {
        name: family.metric.name.to_owned(),
        description: family.metric.help.to_owned(),
        unit: family.metric.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number(
    family: &MetricFamily,
    point: &MetricPoint,
    window: ExportWindow,
) -> Option<NumberDataPoint> {
    let value = match point.value {
        PointValue::Counter(count) => Number::AsInt(i64::try_from(count).unwrap_or(i64::MAX)),
        PointValue::Gauge(level) => Number::AsDouble(level),
        PointValue::Histogram(_) => return None,
    };
    Some(NumberDataPoint {
        attributes: attributes(family, point),
        start_time_unix_nano: window.since,
        time_unix_nano: window.until,
        value: Some(value),
        ..NumberDataPoint::default()
    })
}

fn histogram(
    family: &MetricFamily,
    point: &MetricPoint,
    buckets: &BucketCounts,
    window: ExportWindow,
) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(family, point),
        start_time_unix_nano: window.since,
        time_unix_nano: window.until,
        count: buckets.counts.iter().sum(),
        sum: Some(buckets.sum_s),
        bucket_counts: buckets.counts.clone(),
        explicit_bounds: BUCKET_BOUNDS_MS.iter().map(|ms| *ms as f64 / 1e3).collect(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(family: &MetricFamily, point: &MetricPoint) -> Vec<KeyValue> {
    let pairs = family.metric.labels.iter().zip(&point.labels);
    pairs.map(|(key, value)| attribute(key, value)).collect()
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}
