//! The figures of a whole arm: all operations together, its caches, its database, its machine.

use crate::render::metric::{Figure, ReportMetric, Unit, measured};
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{ApplicationInfo, Arm, MeasuredFigures, MetricKind, Operation};

/// A metric of whole arms.
fn of_arms(
    arms: &[&Arm],
    label: &str,
    effect: &str,
    kind: MetricKind,
    unit: Unit,
    pick: impl Fn(&Arm) -> Figure,
) -> ReportMetric {
    ReportMetric {
        operation: None,
        label: label.into(),
        full_label: label.into(),
        effect: effect.into(),
        kind,
        unit,
        values: arms.iter().map(|arm| pick(arm)).collect(),
        detail: false,
    }
}

/// All operations together.
pub(super) fn of_total(arms: &[&Arm]) -> Vec<ReportMetric> {
    let percentile = |label, effect, pick: fn(&Operation) -> Option<f64>| {
        of_arms(
            arms,
            label,
            effect,
            MetricKind::Latency,
            Unit::Ms,
            move |arm| Figure::from_percentile(pick(&arm.total)),
        )
    };
    let mut metrics = vec![
        percentile("P97.5", "total p97.5", |one| one.response.p97_5),
        percentile("P50", "total p50", |one| one.response.p50),
        of_arms(
            arms,
            "success rate",
            "total success",
            MetricKind::Share,
            Unit::Share,
            |arm| Figure::Value(arm.total.success),
        ),
        of_arms(
            arms,
            "goodput",
            "total goodput",
            MetricKind::Rate,
            Unit::Rate,
            |arm| Figure::Value(arm.total.rate_per_s),
        ),
    ];
    metrics.retain(|metric| arms.iter().any(|arm| arm.total.planned > 0) && measured(metric));
    for metric in &mut metrics {
        metric.full_label = format!("All requests: {}", metric.label);
    }
    metrics
}

/// Hit ratio by kind of cache.
pub(super) fn of_caches(arms: &[&Arm], application: &ApplicationInfo) -> Vec<ReportMetric> {
    let mut kinds: Vec<&String> = arms
        .iter()
        .flat_map(|arm| arm.server.cache_hit_ratio.keys())
        .collect();
    kinds.sort();
    kinds.dedup();
    let mut metrics: Vec<ReportMetric> = kinds
        .into_iter()
        .map(|kind| {
            let label = format!("{} hits", printable(application.cache_label(kind)));
            let effect = format!("cache hit ratio {kind}");
            of_arms(
                arms,
                &label,
                &effect,
                MetricKind::Share,
                Unit::Share,
                |arm| Figure::from_measured(MeasuredFigures::from(arm).cache_hit_ratio(kind)),
            )
        })
        .filter(measured)
        .collect();
    let mut known: Vec<&String> = arms
        .iter()
        .flat_map(|arm| arm.server.cache_attainable.keys())
        .collect();
    known.sort();
    known.dedup();
    for kind in known {
        let label = format!("{} attainable", printable(application.cache_label(kind)));
        metrics.push(of_arms(
            arms,
            &label,
            "",
            MetricKind::Neutral,
            Unit::Share,
            |arm| Figure::from_measured(arm.server.cache_attainable.get(kind).copied()),
        ));
    }
    if arms.iter().any(|arm| arm.server.redis_commands > 0) {
        if arms.iter().any(|arm| arm.server.redis_pings > 0) {
            metrics.push(of_arms(
                arms,
                "Redis pings per request",
                "",
                MetricKind::Neutral,
                Unit::Number,
                |arm| Figure::from_measured(MeasuredFigures::from(arm).redis_pings_per_request()),
            ));
        }
        metrics.push(of_arms(
            arms,
            "Redis per request",
            "redis commands per request",
            MetricKind::Count,
            Unit::Number,
            |arm| Figure::from_measured(MeasuredFigures::from(arm).redis_commands_per_request()),
        ));
    }
    metrics
}

/// What PostgreSQL and the pool before it had to do.
pub(super) fn of_database(arms: &[&Arm]) -> Vec<ReportMetric> {
    let number = |value: u32| Figure::Value(f64::from(value));
    let mut metrics = vec![
        of_arms(
            arms,
            "queries per request",
            "queries per request",
            MetricKind::Count,
            Unit::Number,
            |arm| Figure::Value(arm.server.queries_per_request),
        ),
        of_arms(
            arms,
            "pool wait",
            "pool wait",
            MetricKind::Wait,
            Unit::Ms,
            |arm| Figure::Value(arm.server.pool_wait_ms),
        ),
        of_arms(
            arms,
            "pool size",
            "pool size",
            MetricKind::Neutral,
            Unit::Count,
            |arm| number(arm.server.pool_max),
        ),
        of_arms(
            arms,
            "most in use",
            "pool in use",
            MetricKind::Neutral,
            Unit::Count,
            |arm| number(arm.server.pool_in_use_max),
        ),
        of_arms(
            arms,
            "most waiting",
            "pool waiters",
            MetricKind::Count,
            Unit::Count,
            |arm| number(arm.server.pool_waiters_max),
        ),
        of_arms(
            arms,
            "pool timeouts",
            "pool timeouts",
            MetricKind::Count,
            Unit::Count,
            |arm| Figure::Value(arm.server.pool_timeouts as f64),
        ),
        of_arms(
            arms,
            "rows per request",
            "rows per request",
            MetricKind::Count,
            Unit::Number,
            |arm| per_request(arm, arm.server.rows_returned as f64),
        ),
    ];
    metrics.extend(of_storage(arms));
    // A target of another make tells nothing of its pool.
    if arms
        .iter()
        .all(|arm| arm.server.pool_max == 0 && arm.server.queries_per_request == 0.0)
    {
        metrics.clear();
    }
    metrics
}

/// What PostgreSQL read, wrote and had to do again; only what occurred.
fn of_storage(arms: &[&Arm]) -> Vec<ReportMetric> {
    type Sum = fn(&Arm) -> u64;
    let sums: [(&str, Unit, Sum); 6] = [
        ("buffers hit per request", Unit::Number, |arm| {
            arm.server.database.blocks_hit
        }),
        ("buffers read per request", Unit::Number, |arm| {
            arm.server.database.blocks_read
        }),
        ("log per request", Unit::Bytes, |arm| {
            arm.server.database.wal_bytes
        }),
        ("rows by index per request", Unit::Number, |arm| {
            arm.server.database.rows_by_index
        }),
        ("retries per request", Unit::Number, |arm| {
            arm.server.database.retries.values().sum()
        }),
        ("deadlocks per request", Unit::Number, |arm| {
            arm.server.database.deadlocks
        }),
    ];
    sums.into_iter()
        .filter(|(_, _, sum)| arms.iter().any(|arm| sum(arm) > 0))
        .map(|(label, unit, sum)| {
            let mut metric = of_arms(arms, label, "", MetricKind::Neutral, unit, |arm| {
                per_request(arm, sum(arm) as f64)
            });
            metric.detail = true;
            metric
        })
        .collect()
}

/// What each process cost.
pub(super) fn of_machine(arms: &[&Arm]) -> Vec<ReportMetric> {
    let mut processes: Vec<&String> = arms
        .iter()
        .flat_map(|arm| arm.server.cpu_s.keys())
        .collect();
    processes.sort();
    processes.dedup();
    let mut metrics = Vec::new();
    for process in processes {
        let name = printable(process);
        metrics.push(of_arms(
            arms,
            &format!("{name} CPU"),
            &format!("{process} cpu per request"),
            MetricKind::Effort,
            Unit::Ms,
            |arm| Figure::from_measured(MeasuredFigures::from(arm).cpu_ms_per_request(process)),
        ));
        let mut memory = of_arms(
            arms,
            &format!("{name} memory"),
            "",
            MetricKind::Effort,
            Unit::Bytes,
            |arm| {
                Figure::from_measured(arm.server.rss_bytes.get(process).map(|bytes| *bytes as f64))
            },
        );
        memory.detail = true;
        metrics.push(memory);
    }
    metrics.retain(measured);
    for metric in &mut metrics {
        if metric.unit == Unit::Ms {
            metric.label = format!("{} per request", metric.label);
        }
    }
    metrics
}

/// A sum over the measured windows by request.
fn per_request(arm: &Arm, sum: f64) -> Figure {
    Figure::from_measured(MeasuredFigures::from(arm).per_request(sum))
}
