//! Every response that a test receives is compared with the description of the API.

use std::{collections::HashMap, sync::LazyLock};

use http::Method;
use serde_json::{Value, json};

use super::Answer;

/// The description, and a validator for each schema of a JSON response.
struct Document {
    text: Value,
    validators: HashMap<String, jsonschema::Validator>,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::read);

impl Document {
    fn read() -> Self {
        let text = serde_json::to_value(target_app::openapi::document()).unwrap();
        let mut validators = HashMap::new();
        for item in text["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                for response in operation["responses"].as_object().unwrap().values() {
                    for content in response["content"].as_object().into_iter().flatten() {
                        let Some(schema) = content.1.get("schema") else {
                            continue;
                        };
                        validators.entry(schema.to_string()).or_insert_with(|| {
                            let whole = json!({
                                "allOf": [schema],
                                "components": text["components"],
                            });
                            jsonschema::draft202012::new(&whole).unwrap()
                        });
                    }
                }
            }
        }
        Self { text, validators }
    }

    /// The operation that a request is one of; none for what is not described.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let paths = self.text["paths"].as_object().unwrap();
        let method = match method.as_str() {
            "HEAD" => "get".to_owned(),
            other => other.to_lowercase(),
        };
        // A path without parameters before those that it is a value of.
        let matching = || {
            let mut all = paths.iter();
            all.find(|(template, _)| fits(template, path))
                .map(|(_, item)| item)
        };
        paths.get(path).or_else(matching)?.get(method)
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// Fails unless the description has this status, media type and body for the request.
pub(super) fn check(method: &Method, path: &str, answer: &Answer) {
    let document = &*DOCUMENT;
    let Some(operation) = document.operation(method, path) else {
        return;
    };
    let request = format!("{method} {path} {}", answer.status);
    let status = answer.status.to_string();
    let response = operation["responses"]
        .get(&status)
        .unwrap_or_else(|| panic!("{request} is not described: {}", answer.text()));
    if answer.body.is_empty() {
        return;
    }
    let kind = answer.header("content-type");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let content = response["content"]
        .get(kind)
        .unwrap_or_else(|| panic!("{request}: {kind} is not described"));
    let is_plain = !answer.headers.contains_key("content-encoding");
    let is_json = kind == "application/json" || kind.ends_with("+json");
    if is_json && is_plain {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let validator = &document.validators[&content["schema"].to_string()];
        let wrong: Vec<_> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{request}: {wrong:?}");
    }
}
