//! What every command that sends one load prints with `--json`. Times are milliseconds; a percentile
//! is a number, `"beyond_timeout"`, or `{"too_few": 13}` where so many requests have none.

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use loadgen_engine::{aggregator::TrialData, flow::Operations, recorder::OpData, sample::Outcome};
use loadgen_experiment::{
    schema::{Percentile, Percentiles, Summary},
    trial::operation,
};

/// The figures that do not depend on what was sent: counts, rate, response and service times, errors,
/// thresholds, self-checks and verdict of all requests together.
pub(super) fn figures(summary: &Summary, data: &TrialData) -> Map<String, Value> {
    let errors: Vec<Value> = data
        .examples
        .iter()
        .map(|(_, why, count)| json!({ "why": why, "count": count }))
        .collect();
    let validity = summary.trials.first().map(|trial| &trial.validity);
    let mut figures = of_operation("total", &data.total, data.window_s());
    let rest = [
        ("load", json!(summary.load)),
        ("seconds", json!(data.window_s())),
        ("schedule_lag", histogram(&data.lag)),
        ("errors", json!(errors)),
        ("thresholds", json!(summary.thresholds)),
        (
            "validity",
            json!({
                "word": validity.map(|validity| validity.word),
                "checks": validity.map(|validity| &validity.checks),
            }),
        ),
        ("verdict", json!(summary.verdict)),
        ("warnings", json!(summary.warnings)),
    ];
    figures.extend(rest.map(|(name, value)| (name.to_owned(), value)));
    figures
}

/// The figures of each operation that was sent, by its name.
pub(super) fn by_operation(data: &TrialData, operations: Operations) -> Value {
    let each = data.ops.iter().map(|(op, one)| {
        let name = operations.name(*op);
        let figures = of_operation(name, one, data.window_s());
        (name.to_owned(), Value::Object(figures))
    });
    Value::Object(each.collect())
}

fn of_operation(name: &str, data: &OpData, window_s: f64) -> Map<String, Value> {
    let one = operation(name, data, window_s);
    let outcomes: Map<String, Value> = Outcome::ALL
        .iter()
        .map(|outcome| (outcome.as_str().to_owned(), data.count(*outcome).into()))
        .collect();
    // Of the successes, as the mean.
    let min = (!data.ok.is_empty()).then(|| data.ok.min() as f64 / 1e6);
    [
        ("min", json!(min)),
        ("planned", json!(one.planned)),
        ("outcomes", Value::Object(outcomes)),
        ("success", json!(one.success)),
        ("rate", json!(one.rate_per_s)),
        ("response", percentiles(&one.response)),
        ("service", percentiles(&one.service)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

/// The percentiles in milliseconds, each where the data carries it.
pub(super) fn percentiles(of: &Percentiles) -> Value {
    json!({
        "p50": of.p50, "p90": of.p90, "p95": of.p95, "p99": of.p99, "p999": of.p99_9,
        "max": of.max, "mean": of.mean,
    })
}

/// The percentiles of what was recorded, all of it successes.
pub(super) fn recorded(of: &Histogram<u64>) -> Percentiles {
    let ms = |share: f64| of.value_at_quantile(share) as f64 / 1e6;
    let at = |share: f64| Percentile::of(share, of.len(), Some(ms(share)));
    Percentiles {
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p97_5: at(0.975),
        p99: at(0.99),
        p99_9: at(0.999),
        min: (!of.is_empty()).then(|| of.min() as f64 / 1e6),
        max: (!of.is_empty()).then(|| ms(1.0)),
        mean: (!of.is_empty()).then(|| of.mean() / 1e6),
        stdev: (!of.is_empty()).then(|| of.stdev() / 1e6),
    }
}

/// Milliseconds of a histogram in nanoseconds.
pub(super) fn histogram(of: &Histogram<u64>) -> Value {
    percentiles(&recorded(of))
}
