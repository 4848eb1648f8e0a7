//! The figures of a whole arm: all operations together, its caches, its database, its machine.
//! Names, units and definitions are those of the metric catalogue.

use std::collections::BTreeSet;

use crate::render::metric::{Figure, ReportMetric, Unit, measured};
use loadgen_experiment::{
    events::printable,
    metric::{MetricId, OperationFigure, TargetFigure},
    schema::{ApplicationInfo, Arm},
};

/// A metric of whole arms under its own label.
fn of_arms(arms: &[&Arm], id: &MetricId) -> ReportMetric {
    labelled(arms, id, id.description().label)
}

/// The same under a label that names what it is a figure of.
fn labelled(arms: &[&Arm], id: &MetricId, label: &str) -> ReportMetric {
    ReportMetric {
        operation: None,
        label: label.into(),
        full_label: label.into(),
        id: id.clone(),
        kind: id.description().kind,
        unit: Unit::of(id),
        values: arms.iter().map(|arm| Figure::of(arm, id)).collect(),
        detail: false,
    }
}

/// The keys of a map of every arm.
fn keys<'a>(arms: &[&'a Arm], of: impl Fn(&'a Arm) -> Vec<&'a String>) -> BTreeSet<&'a String> {
    arms.iter().flat_map(|arm| of(arm)).collect()
}

/// All operations together.
pub(super) fn of_total(arms: &[&Arm]) -> Vec<ReportMetric> {
    let mut metrics = [
        OperationFigure::P97_5,
        OperationFigure::P50,
        OperationFigure::Success,
        OperationFigure::Goodput,
    ]
    .map(|figure| of_arms(arms, &MetricId::Total(figure)))
    .to_vec();
    metrics.retain(measured);
    for metric in &mut metrics {
        metric.full_label = format!("All requests: {}", metric.label);
    }
    metrics
}

/// Hit ratio by kind of cache.
pub(super) fn of_caches(arms: &[&Arm], application: &ApplicationInfo) -> Vec<ReportMetric> {
    let of_kind = |kind: &String, id: MetricId| {
        let label = id.description().label;
        let label = format!("{} {label}", printable(application.cache_label(kind)));
        labelled(arms, &id, &label)
    };
    let mut metrics = Vec::new();
    for kind in keys(arms, |arm| arm.server.cache_lookups.keys().collect()) {
        metrics.push(of_kind(kind, MetricId::CacheHitRatio(kind.clone())));
    }
    for kind in keys(arms, |arm| arm.server.cache_attainable.keys().collect()) {
        metrics.push(of_kind(kind, MetricId::AttainableHitRatio(kind.clone())));
    }
    let of_redis = |figure| of_arms(arms, &MetricId::Target(figure));
    if arms.iter().any(|arm| arm.server.redis_pings > 0) {
        metrics.push(of_redis(TargetFigure::RedisPingsPerRequest));
    }
    if arms.iter().any(|arm| arm.server.redis_commands > 0) {
        metrics.push(of_redis(TargetFigure::RedisCommandsPerRequest));
    }
    metrics.retain(measured);
    metrics
}

/// What PostgreSQL, its replica and the pool before it had to do.
pub(super) fn of_database(arms: &[&Arm]) -> Vec<ReportMetric> {
    let of = |figure| of_arms(arms, &MetricId::Target(figure));
    let mut metrics = vec![
        of(TargetFigure::QueriesPerRequest),
        of(TargetFigure::PoolWait),
    ];
    for figure in [
        TargetFigure::PoolSize,
        TargetFigure::PoolInUse,
        TargetFigure::PoolWaiters,
        TargetFigure::PoolTimeouts,
    ] {
        let mut metric = of(figure);
        metric.unit = Unit::Count;
        metrics.push(metric);
    }
    if arms.iter().any(|arm| arm.server.pooler.is_some()) {
        metrics.push(of(TargetFigure::PoolerWait));
        for figure in [TargetFigure::PoolerWaiters, TargetFigure::PoolerServers] {
            let mut metric = of(figure);
            metric.unit = Unit::Count;
            metrics.push(metric);
        }
    }
    if arms.iter().any(|arm| arm.server.replica.is_some()) {
        for figure in [
            TargetFigure::ReplicaShare,
            TargetFigure::ReplicaLag,
            TargetFigure::ReplicaLagBytes,
        ] {
            metrics.push(of(figure));
        }
        let mut fallbacks = of(TargetFigure::ReplicaFallbacks);
        fallbacks.unit = Unit::Count;
        metrics.push(fallbacks);
    }
    metrics.push(of(TargetFigure::RowsPerRequest));
    // What is stored, only where it occurred.
    for figure in [
        TargetFigure::BuffersHitPerRequest,
        TargetFigure::BuffersReadPerRequest,
        TargetFigure::LogPerRequest,
        TargetFigure::RowsByIndexPerRequest,
        TargetFigure::RetriesPerRequest,
        TargetFigure::DeadlocksPerRequest,
    ] {
        let mut metric = of(figure);
        metric.detail = true;
        if metric
            .values
            .iter()
            .any(|value| value.value().is_some_and(|value| value > 0.0))
        {
            metrics.push(metric);
        }
    }
    // Another target does not report its pool.
    if arms
        .iter()
        .all(|arm| arm.server.pool_max == 0 && arm.server.queries == 0)
    {
        metrics.clear();
    }
    metrics.retain(measured);
    metrics
}

/// What each process cost.
pub(super) fn of_machine(arms: &[&Arm]) -> Vec<ReportMetric> {
    let of_process = |process: &String, id: MetricId| {
        let label = format!("{} {}", printable(process), id.description().label);
        labelled(arms, &id, &label)
    };
    let mut metrics = Vec::new();
    for process in keys(arms, |arm| {
        let server = &arm.server;
        server.cpu_s.keys().chain(server.rss_bytes.keys()).collect()
    }) {
        metrics.push(of_process(
            process,
            MetricId::CpuPerRequest(process.clone()),
        ));
        let mut memory = of_process(process, MetricId::Memory(process.clone()));
        memory.detail = true;
        metrics.push(memory);
    }
    for instance in keys(arms, |arm| arm.server.instances.keys().collect()) {
        let share = MetricId::InstanceShare(instance.clone());
        metrics.push(of_process(instance, share));
    }
    metrics.retain(measured);
    metrics
}
