//! The figures of `loadgen http` as one JSON object: those of every load, and what a request over
//! HTTP has besides.

use serde_json::{Map, Value, json};

use super::result::HttpResult;
use crate::cli::commands::measured_json::{figures, histogram};
use loadgen_experiment::trial::operation;

/// The object, and a line end.
pub(super) fn render(result: &HttpResult<'_>) -> String {
    let data = result.data;
    let one = operation("http.request", &data.total, data.window_s());
    let statuses: Map<String, Value> = one
        .statuses
        .iter()
        .map(|(status, count)| (status.to_string(), (*count).into()))
        .collect();
    let mut object = figures(result.summary, data);
    let rest = [
        ("url", json!(result.url)),
        ("statuses", Value::Object(statuses)),
        ("bytes_in", json!(data.total.bytes_in)),
        ("first_byte", histogram(&data.total.first_byte_ok)),
        ("connections", json!(result.connections())),
        ("resent", json!(data.resent)),
        ("reconnects", json!(data.reconnects)),
        ("connect", histogram(&data.connect)),
        ("tls", histogram(&data.tls)),
    ];
    object.extend(rest.map(|(name, value)| (name.to_owned(), value)));
    format!("{:#}\n", Value::Object(object))
}
