//! What the arms are compared in.

use crate::{
    metric::{MetricId, MetricKind, MetricUnit, OperationFigure, TargetFigure},
    schema::{MeasuredFigure, MeasuredFigures, Trial},
};

/// A metric that the arms are compared in.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectMetric {
    /// Which figure, and of what.
    pub id: MetricId,
    /// Unit of the figure.
    pub unit: MetricUnit,
    /// What a change of it means, and which way is better.
    pub kind: MetricKind,
    /// Relative difference that matters.
    pub margin: f64,
    /// What stands for a figure that lies beyond the timeout.
    pub beyond: Option<f64>,
    /// Whether every experiment compares it, not only one that claims something about it.
    pub always: bool,
}

impl EffectMetric {
    /// The metric; a response percentile beyond the timeout counts as the timeout, a lower bound.
    fn new(id: MetricId, timeout_ms: f64, always: bool) -> Self {
        let of = id.description();
        Self {
            unit: of.unit,
            kind: of.kind,
            margin: of.margin.share(),
            beyond: (of.kind == MetricKind::Latency).then_some(timeout_ms),
            always,
            id,
        }
    }

    /// What it is in a trial.
    pub fn measured(&self, trial: &Trial) -> MeasuredFigure {
        MeasuredFigures::from(trial).figure(&self.id)
    }
}

/// What the trials of an experiment have figures of.
#[derive(Debug, Clone, Default)]
pub struct MetricScope<'a> {
    /// Names of the operations that were sent.
    pub operations: Vec<&'a str>,
    /// Kinds of cache.
    pub caches: Vec<&'a str>,
    /// Processes whose CPU is observed.
    pub processes: Vec<&'a str>,
}

impl<'a> MetricScope<'a> {
    /// What these trials have figures of.
    pub fn of(trials: impl IntoIterator<Item = &'a Trial>) -> Self {
        let mut scope = Self::default();
        for trial in trials {
            add(
                &mut scope.operations,
                trial.operations.iter().map(|one| one.name.as_str()),
            );
            let server = &trial.server;
            add(
                &mut scope.caches,
                server.cache_lookups.keys().map(String::as_str),
            );
            add(
                &mut scope.processes,
                server.cpu_s.keys().map(String::as_str),
            );
        }
        scope
    }
}

fn add<'a>(all: &mut Vec<&'a str>, names: impl Iterator<Item = &'a str>) {
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
}

/// The metrics of an experiment, in the order of the report: those that every experiment compares, then the
/// other counts, which are compared where a claim is made on them.
pub fn metrics(scope: &MetricScope<'_>, timeout_ms: f64) -> Vec<EffectMetric> {
    let mut all = Vec::new();
    for name in &scope.operations {
        for figure in [
            OperationFigure::P50,
            OperationFigure::P97_5,
            OperationFigure::Success,
        ] {
            all.push(MetricId::Operation((*name).to_owned(), figure));
        }
    }
    all.extend(
        [
            OperationFigure::P50,
            OperationFigure::P95,
            OperationFigure::P97_5,
            OperationFigure::Success,
        ]
        .map(MetricId::Total),
    );
    all.extend(
        [
            TargetFigure::QueriesPerRequest,
            TargetFigure::BytesPerAnswer,
            TargetFigure::RedisCommandsPerRequest,
            TargetFigure::RedisPingsPerRequest,
        ]
        .map(MetricId::Target),
    );
    let owned = |names: &[&str], of: fn(String) -> MetricId| -> Vec<MetricId> {
        names.iter().map(|name| of((*name).to_owned())).collect()
    };
    all.extend(owned(&scope.caches, MetricId::CacheHitRatio));
    all.extend(
        [
            TargetFigure::PoolWait,
            TargetFigure::StaleReads,
            TargetFigure::StaleAgeP99,
        ]
        .map(MetricId::Target),
    );
    all.extend(owned(&scope.processes, MetricId::CpuPerRequest));
    let mut others = counts(&scope.operations);
    others.retain(|id| !all.contains(id));
    let of = |always| move |id| EffectMetric::new(id, timeout_ms, always);
    let all = all.into_iter().map(of(true));
    all.chain(others.into_iter().map(of(false))).collect()
}

/// Every count of the catalogue, of these operations, of all of them together and of the target.
fn counts(operations: &[&str]) -> Vec<MetricId> {
    let of_requests = OperationFigure::ALL.into_iter().flat_map(|figure| {
        let of_one = move |name: &&str| MetricId::Operation((*name).to_owned(), figure);
        let total = std::iter::once(MetricId::Total(figure));
        operations.iter().map(of_one).chain(total)
    });
    of_requests
        .chain(TargetFigure::ALL.map(MetricId::Target))
        .filter(|id| id.description().kind == MetricKind::Count)
        .collect()
}

/// The metrics of what a trial sent, and of the caches and processes that it found.
pub fn metrics_of(trial: &Trial, timeout_ms: f64) -> Vec<EffectMetric> {
    metrics(&MetricScope::of([trial]), timeout_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_three_metrics_and_names_are_unique() {
        let scope = MetricScope {
            operations: vec!["orders.list", "session.open"],
            caches: vec!["orders"],
            processes: vec!["shop"],
        };
        let all = metrics(&scope, 10_000.0);
        let names: Vec<String> = all.iter().map(|one| one.id.to_string()).collect();
        for wanted in [
            "orders.list p50",
            "orders.list p97.5",
            "session.open success",
            "total p95",
            "queries per request",
            "cache hit ratio orders",
            "pool wait",
            "shop cpu per request",
            "log per request",
            "rows per request",
            "orders.list queries per response",
        ] {
            assert_eq!(
                names.iter().filter(|name| *name == wanted).count(),
                1,
                "{wanted}"
            );
        }
        let always = all.iter().take_while(|one| one.always).count();
        let (_, others) = all.split_at(always);
        let is_count = |one: &EffectMetric| !one.always && one.kind == MetricKind::Count;
        assert!(!others.is_empty() && others.iter().all(is_count));
    }
}
