//! The figures of `loadgen http` as one JSON object. Times are milliseconds; a percentile is a
//! number, `"beyond_timeout"`, or `{"too_few": 13}` where so many requests have none.

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::result::HttpResult;
use loadgen_engine::sample::Outcome;
use loadgen_experiment::{schema::Percentiles, trial::operation};

/// The object, and a line end.
pub(super) fn render(result: &HttpResult<'_>) -> String {
    let (data, summary) = (result.data, result.summary);
    let validity = result.validity();
    let one = operation("http.request", &data.total, data.window_s());
    let outcomes: Map<String, Value> = Outcome::ALL
        .iter()
        .map(|outcome| {
            (
                outcome.as_str().to_owned(),
                data.total.count(*outcome).into(),
            )
        })
        .collect();
    let statuses: Map<String, Value> = one
        .statuses
        .iter()
        .map(|(status, count)| (status.to_string(), (*count).into()))
        .collect();
    let errors: Vec<Value> = data
        .examples
        .iter()
        .map(|(_, why, count)| json!({ "why": why, "count": count }))
        .collect();
    let object = json!({
        "url": result.url,
        "load": summary.load,
        "seconds": data.window_s(),
        "planned": data.total.planned,
        "outcomes": outcomes,
        "statuses": statuses,
        "success": one.success,
        "rate": one.rate_per_s,
        "bytes_in": data.total.bytes_in,
        "response": percentiles(&one.response),
        "service": percentiles(&one.service),
        "first_byte": histogram(&data.total.first_byte_ok),
        "connections": data.connect.len(),
        "resent": data.resent,
        "connect": histogram(&data.connect),
        "tls": histogram(&data.tls),
        "schedule_lag": histogram(&data.lag),
        "errors": errors,
        "thresholds": summary.thresholds,
        "validity": {
            "word": validity.map(|validity| validity.word),
            "checks": validity.map(|validity| &validity.checks),
        },
        "verdict": summary.verdict,
        "warnings": summary.warnings,
    });
    format!("{object:#}\n")
}

/// Milliseconds; `"beyond_timeout"` and `{"too_few": n}` where a percentile is not known.
fn percentiles(of: &Percentiles) -> Value {
    json!({
        "p50": of.p50, "p90": of.p90, "p95": of.p95, "p99": of.p99, "p999": of.p99_9,
        "max": of.max, "mean": of.mean,
    })
}

fn histogram(of: &Histogram<u64>) -> Value {
    percentiles(&super::text::recorded(of))
}
