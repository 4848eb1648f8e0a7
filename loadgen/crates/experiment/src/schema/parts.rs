//! JSON Schema of the figures that are kept for each member of an enum.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use shared::timing::{ServerCount, ServerPart};

use loadgen_engine::sample::ResponsePart;

/// Milliseconds for each part of the server's time.
pub(super) fn server_parts(_: &mut SchemaGenerator) -> Schema {
    numbers(ServerPart::ALL.iter().map(|part| part.name()))
}

/// A number for each thing that the server counts.
pub(super) fn server_counts(_: &mut SchemaGenerator) -> Schema {
    numbers(ServerCount::ALL.iter().map(|count| count.name()))
}

/// Milliseconds for each part of a response time.
pub(super) fn response_parts(_: &mut SchemaGenerator) -> Schema {
    numbers(ResponsePart::all().map(ResponsePart::name))
}

/// An object with a number under each of these names.
fn numbers(names: impl Iterator<Item = &'static str>) -> Schema {
    let names: Vec<&str> = names.collect();
    let number = json!({ "type": "number", "format": "double" });
    let properties: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), number.clone()))
        .collect();
    json_schema!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}
