//! What the arms are compared in, and which way is better.

use crate::schema::{MeasuredFigures, MetricKind, MetricUnit, Operation, Trial};

/// Takes a metric's figure from a trial; absent where the trial has none.
type Figure = Box<dyn Fn(MeasuredFigures<'_>) -> Option<f64>>;

/// One figure that every trial has.
pub struct EffectMetric {
    /// `orders.list p97.5`.
    pub name: String,
    /// The requests that it is a figure of.
    pub(super) subject: MetricSubject,
    /// Unit of the figure.
    pub unit: MetricUnit,
    /// What a change of it means, and which way is better.
    pub kind: MetricKind,
    /// Relative difference that matters.
    pub margin: f64,
    /// What stands for a figure that lies beyond the timeout.
    pub beyond: Option<f64>,
    figure: Figure,
}

/// The requests that a metric is a figure of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MetricSubject {
    /// Those of one operation.
    Operation(String),
    /// All operations together.
    Total,
}

impl EffectMetric {
    /// Its figure in a trial; absent where the trial has none, or where it lies beyond the timeout.
    pub fn figure_of(&self, trial: &Trial) -> Option<f64> {
        (self.figure)(trial.into())
    }
}

/// Margins of the method, section 2.3.
const MARGIN_P50: f64 = 0.05;
const MARGIN_TAIL: f64 = 0.10;
const MARGIN_CPU: f64 = 0.03;
const MARGIN_SUCCESS: f64 = 0.001;

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
                server.cache_hit_ratio.keys().map(String::as_str),
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

/// The metrics of an experiment, in the order of the report. A response percentile beyond the
/// timeout counts as the timeout: a lower bound.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the path of a method is not general over the lifetime of the figures"
)]
pub fn metrics(scope: &MetricScope<'_>, timeout_ms: f64) -> Vec<EffectMetric> {
    let mut all = Vec::new();
    for name in &scope.operations {
        let subject = || MetricSubject::Operation((*name).to_owned());
        all.push(percentile(
            subject(),
            "p50",
            MARGIN_P50,
            timeout_ms,
            |one| one.response.p50,
        ));
        all.push(percentile(
            subject(),
            "p97.5",
            MARGIN_TAIL,
            timeout_ms,
            |one| one.response.p97_5,
        ));
        all.push(success(subject()));
    }
    let total =
        |which, margin, pick| percentile(MetricSubject::Total, which, margin, timeout_ms, pick);
    all.extend([
        total("p50", MARGIN_P50, |one: &Operation| one.response.p50),
        total("p95", MARGIN_TAIL, |one| one.response.p95),
        total("p97.5", MARGIN_TAIL, |one| one.response.p97_5),
        success(MetricSubject::Total),
        server(
            "queries per request",
            MetricUnit::Number,
            MetricKind::Count,
            MARGIN_CPU,
            |of| of.queries_per_request(),
        ),
        server(
            "bytes per answer",
            MetricUnit::Number,
            MetricKind::Count,
            MARGIN_CPU,
            |of| of.bytes_per_response(),
        ),
        server(
            "redis commands per request",
            MetricUnit::Number,
            MetricKind::Count,
            MARGIN_CPU,
            |of| of.redis_commands_per_request(),
        ),
    ]);
    for kind in &scope.caches {
        let wanted = (*kind).to_owned();
        all.push(server(
            &format!("cache hit ratio {kind}"),
            MetricUnit::Percent,
            MetricKind::Share,
            MARGIN_TAIL,
            move |of| of.cache_hit_ratio(&wanted).map(|ratio| ratio * 100.0),
        ));
    }
    all.extend([
        server(
            "pool wait",
            MetricUnit::Milliseconds,
            MetricKind::Wait,
            MARGIN_TAIL,
            |of| of.pool_wait_ms(),
        ),
        server(
            "stale reads",
            MetricUnit::Percent,
            MetricKind::Loss,
            MARGIN_TAIL,
            |of| of.promised.stale_share().map(|share| share * 100.0),
        ),
        server(
            "stale age p99",
            MetricUnit::Milliseconds,
            MetricKind::Wait,
            MARGIN_TAIL,
            |of| of.promised.stale_p99_ms,
        ),
    ]);
    for process in &scope.processes {
        let wanted = (*process).to_owned();
        all.push(server(
            &format!("{process} cpu per request"),
            MetricUnit::Milliseconds,
            MetricKind::Effort,
            MARGIN_CPU,
            move |of| of.cpu_ms_per_request(&wanted),
        ));
    }
    all
}

/// The metrics of what a trial sent, and of the caches and processes that it found.
pub fn metrics_of(trial: &Trial, timeout_ms: f64) -> Vec<EffectMetric> {
    metrics(&MetricScope::of([trial]), timeout_ms)
}

impl MetricSubject {
    fn name(&self) -> &str {
        match self {
            Self::Operation(name) => name,
            Self::Total => "total",
        }
    }

    fn take(&self, of: MeasuredFigures<'_>, pick: fn(&Operation) -> Option<f64>) -> Option<f64> {
        match self {
            Self::Operation(name) => of.operation(name).and_then(pick),
            Self::Total => pick(of.total),
        }
    }
}

fn percentile(
    subject: MetricSubject,
    which: &str,
    margin: f64,
    timeout_ms: f64,
    pick: fn(&Operation) -> Option<f64>,
) -> EffectMetric {
    let wanted = subject.clone();
    EffectMetric {
        name: format!("{} {which}", subject.name()),
        subject,
        unit: MetricUnit::Milliseconds,
        kind: MetricKind::Latency,
        margin,
        beyond: Some(timeout_ms),
        figure: Box::new(move |of| wanted.take(of, pick)),
    }
}

fn success(subject: MetricSubject) -> EffectMetric {
    let wanted = subject.clone();
    EffectMetric {
        name: format!("{} success", subject.name()),
        subject,
        unit: MetricUnit::Percent,
        kind: MetricKind::Share,
        margin: MARGIN_SUCCESS,
        beyond: None,
        figure: Box::new(move |of| {
            wanted.take(of, |one| (one.planned > 0).then_some(one.success * 100.0))
        }),
    }
}

fn server(
    name: &str,
    unit: MetricUnit,
    kind: MetricKind,
    margin: f64,
    pick: impl Fn(MeasuredFigures<'_>) -> Option<f64> + 'static,
) -> EffectMetric {
    EffectMetric {
        name: name.to_owned(),
        subject: MetricSubject::Total,
        unit,
        kind,
        margin,
        beyond: None,
        figure: Box::new(pick),
    }
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
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        for wanted in [
            "orders.list p50",
            "orders.list p97.5",
            "session.open success",
            "total p95",
            "queries per request",
            "cache hit ratio orders",
            "pool wait",
            "shop cpu per request",
        ] {
            assert_eq!(
                names.iter().filter(|name| **name == wanted).count(),
                1,
                "{wanted}"
            );
        }
    }
}
