//! Links of the description: which operation can follow a response, with which of its values.
//!
//! They follow from the types, so that a feature has them without naming them: a response with the
//! id of a booking leads to every operation whose path has one, and to every body that needs one.
//! A body may also take a text of the same name, such as a refresh token, from the response or from
//! the request before.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::{
    OpenApi, RefOr,
    link::{Link, LinkBuilder},
};

use super::refusals::operations;

/// Deepest value of a body that a link takes.
const DEPTH: usize = 5;

/// An operation, as its description has it.
struct Described<'a> {
    id: &'a str,
    /// The ids in its path: name and type; none where it needs something else besides its body.
    parameters: Option<Vec<(&'a str, &'a str)>>,
    /// What its body has to have: name and type.
    body: Vec<Field<'a>>,
    /// What its responses with success have, by status.
    responses: BTreeMap<&'a str, Vec<Field<'a>>>,
}

/// A value that is always there, where it is, and its type.
struct Field<'a> {
    pointer: String,
    name: &'a str,
    kind: FieldKind<'a>,
}

#[derive(PartialEq)]
enum FieldKind<'a> {
    /// An id, by the name of its type.
    Id(&'a str),
    Text,
    Other,
}

/// Adds the links to every response.
pub(super) fn add(document: &mut OpenApi) {
    let text = serde_json::to_value(&*document).expect("a description has text keys");
    let all = described(&text);
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let id = operation.operation_id.as_deref();
            let Some(from) = all.iter().find(|one| Some(one.id) == id) else {
                continue;
            };
            for (status, response) in &mut operation.responses.responses {
                let Some(known) = from.responses.get(status.as_str()) else {
                    continue;
                };
                let RefOr::T(response) = response else {
                    continue;
                };
                for to in all.iter().filter(|to| to.id != from.id) {
                    if let Some(link) = link(known, &from.body, to) {
                        response.links.insert(to.id.to_owned(), link.into());
                    }
                }
            }
        }
    }
}

/// The link from a response with these values to an operation; none where nothing of it is used.
fn link(response: &[Field<'_>], request: &[Field<'_>], to: &Described<'_>) -> Option<Link> {
    let id = |kind: &str| {
        let mut ids = response.iter();
        ids.find(|known| known.kind == FieldKind::Id(kind))
    };
    let mut link = LinkBuilder::new().operation_id(to.id);
    let parameters = to.parameters.as_ref()?;
    for (name, kind) in parameters {
        link = link.parameter(*name, format!("$response.body#{}", id(kind)?.pointer));
    }
    if !parameters.is_empty() {
        return Some(link.build());
    }
    let text = |name: &str, values: &[Field<'_>]| {
        let mut texts = values.iter().filter(|known| known.kind == FieldKind::Text);
        texts
            .find(|known| known.name == name)
            .map(|known| known.pointer.clone())
    };
    let mut body = Map::new();
    for wanted in &to.body {
        let value = match wanted.kind {
            FieldKind::Id(kind) => format!("$response.body#{}", id(kind)?.pointer),
            FieldKind::Text => text(wanted.name, response)
                .map(|pointer| format!("$response.body#{pointer}"))
                .or_else(|| text(wanted.name, request).map(|at| format!("$request.body#{at}")))?,
            FieldKind::Other => return None,
        };
        body.insert(wanted.name.to_owned(), json!(value));
    }
    let is_used = body
        .values()
        .any(|value| value.to_string().contains("$response"));
    is_used.then(|| link.request_body(Some(Value::Object(body))).build())
}

/// Every operation of a description.
fn described(text: &Value) -> Vec<Described<'_>> {
    let operations = members(&text["paths"]).flat_map(|(_, item)| members(item));
    operations
        .filter_map(|(_, operation)| {
            let parameters = operation["parameters"].as_array();
            let required = parameters.into_iter().flatten();
            let required = required.filter(|parameter| parameter["required"] == true);
            let ids = required.map(|parameter| {
                let kind = id_type(text, &parameter["schema"])?;
                let in_path = parameter["in"] == "path";
                in_path.then_some((parameter["name"].as_str()?, kind))
            });
            let succeeded =
                members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'));
            Some(Described {
                id: operation["operationId"].as_str()?,
                parameters: ids.collect(),
                body: fields(text, &operation["requestBody"]),
                responses: succeeded
                    .map(|(status, response)| (status, fields(text, response)))
                    .collect(),
            })
        })
        .collect()
}

/// The values of a JSON body that are always there, the least deep first.
fn fields<'a>(text: &'a Value, holder: &'a Value) -> Vec<Field<'a>> {
    let schema = &holder["content"]["application/json"]["schema"];
    let mut all = Vec::new();
    let mut open = vec![(String::new(), "", schema)];
    for _ in 0..DEPTH {
        let mut deeper = Vec::new();
        for (pointer, name, schema) in open {
            let kind = match id_type(text, schema) {
                Some(id) => FieldKind::Id(id),
                None if schema["type"] == "string" => FieldKind::Text,
                None => FieldKind::Other,
            };
            if kind == FieldKind::Other {
                for schema in parts(text, schema) {
                    for required in schema["required"].as_array().into_iter().flatten() {
                        let name = required.as_str().unwrap_or_default();
                        let property = &schema["properties"][name];
                        deeper.push((format!("{pointer}/{name}"), name, property));
                    }
                    // Of a list the first, which may be missing.
                    if schema["items"].is_object() {
                        deeper.push((format!("{pointer}/0"), "", &schema["items"]));
                    }
                }
            }
            if !name.is_empty() {
                all.push(Field {
                    pointer,
                    name,
                    kind,
                });
            }
        }
        open = deeper;
    }
    all
}

/// A schema and those that it is put together from.
fn parts<'a>(text: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolved(text, schema);
    let others = schema["allOf"].as_array().into_iter().flatten();
    let others = others.map(|part| resolved(text, part));
    [schema].into_iter().chain(others).collect()
}

/// The name of the type, where a schema is that of an id.
fn id_type<'a>(text: &Value, schema: &'a Value) -> Option<&'a str> {
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    let named = resolved(text, schema);
    (named["type"] == "string" && named["format"] == "uuid").then_some(name)
}

/// A schema, or the one that it refers to.
fn resolved<'a>(text: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str();
    let to = reference.and_then(|to| text.pointer(to.trim_start_matches('#')));
    to.unwrap_or(schema)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::document;
    use super::*;

    /// Each link of the description: from, status, to, and its object.
    fn links(text: &Value) -> Vec<(&str, &str, &str, &Value)> {
        let operations = members(&text["paths"]).flat_map(|(_, item)| members(item));
        let mut all = Vec::new();
        for (_, operation) in operations {
            let from = operation["operationId"].as_str().unwrap();
            for (status, response) in members(&operation["responses"]) {
                for (_, link) in members(&response["links"]) {
                    let to = link["operationId"].as_str().unwrap();
                    all.push((from, status, to, link));
                }
            }
        }
        all
    }

    fn operation<'a>(text: &'a Value, id: &str) -> &'a Value {
        let mut all = members(&text["paths"]).flat_map(|(_, item)| members(item));
        let found = all.find(|(_, operation)| operation["operationId"] == id);
        found.unwrap_or_else(|| panic!("no operation {id}")).1
    }

    /// The schema at a pointer into a body, as JSON Schema is read and not as links are made.
    fn at<'a>(text: &'a Value, holder: &'a Value, pointer: &str) -> Option<&'a Value> {
        let mut schema = &holder["content"]["application/json"]["schema"];
        for part in pointer.split('/').skip(1) {
            let mut parts = parts(text, schema).into_iter();
            schema = match part.parse::<usize>() {
                Ok(_) => parts.find_map(|schema| schema.get("items"))?,
                Err(_) => parts.find_map(|schema| schema.get("properties")?.get(part))?,
            };
        }
        Some(resolved(text, schema))
    }

    #[test]
    fn every_link_names_an_operation_and_its_expressions_have_the_types_that_it_takes() {
        let text = serde_json::to_value(document()).unwrap();
        for (from, status, to, link) in links(&text) {
            let shown = format!("{from} {status} -> {to}: {link}");
            let (source, target) = (operation(&text, from), operation(&text, to));
            let value = |expression: &Value| {
                let expression = expression.as_str().unwrap();
                let (holder, pointer) = match expression.split_once('#').unwrap() {
                    ("$response.body", pointer) => (&source["responses"][status], pointer),
                    ("$request.body", pointer) => (&source["requestBody"], pointer),
                    other => panic!("{shown}: {other:?}"),
                };
                at(&text, holder, pointer).unwrap_or_else(|| panic!("{shown}: {expression}"))
            };
            let mut given = BTreeSet::new();
            for (name, expression) in members(&link["parameters"]) {
                let parameters = target["parameters"].as_array().unwrap();
                let wanted = parameters.iter().find(|one| one["name"] == name).unwrap();
                let wanted = resolved(&text, &wanted["schema"]);
                assert_eq!(value(expression), wanted, "{shown}");
                given.insert(name);
            }
            for parameter in target["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let is_needed = parameter["required"] == true;
                assert!(!is_needed || given.contains(name), "{shown}: {name}");
            }
            for (name, expression) in members(&link["requestBody"]) {
                let wanted = at(&text, &target["requestBody"], &format!("/{name}")).unwrap();
                assert_eq!(value(expression)["type"], wanted["type"], "{shown}");
            }
        }
    }

    #[test]
    fn what_a_person_does_next_is_linked() {
        let text = serde_json::to_value(document()).unwrap();
        let links = links(&text);
        for (from, to) in [
            ("auth.register", "auth.login"),
            ("auth.register", "auth.refresh"),
            ("auth.login", "auth.refresh"),
            ("auth.refresh", "auth.logout"),
            ("mentors.list", "mentors.detail"),
            ("mentors.detail", "mentors.availability"),
            ("mentors.availability", "bookings.create"),
            ("bookings.create", "bookings.get"),
            ("bookings.create", "bookings.cancel"),
            ("bookings.create", "bookings.reschedule"),
            ("bookings.create", "calendar.move"),
            ("bookings.create", "payments.intent"),
            ("bookings.list_mine", "bookings.get"),
            ("payments.intent", "payments.confirm"),
            ("payments.confirm", "payments.refund"),
            ("courses.list", "courses.enrol"),
            ("courses.detail", "courses.lesson"),
            ("courses.enrol", "courses.attempt_quiz"),
            ("courses.lesson", "courses.complete_lesson"),
            ("recordings.list", "recordings.playback"),
            ("chat.rooms", "chat.history"),
            ("calendar.range", "calendar.move"),
        ] {
            let found = links.iter().any(|one| (one.0, one.2) == (from, to));
            assert!(found, "{from} -> {to}");
        }
        let login = links
            .iter()
            .find(|one| (one.0, one.2) == ("auth.register", "auth.login"));
        let body = &login.unwrap().3["requestBody"];
        let wanted = json!({
            "email": "$response.body#/user/email",
            "password": "$request.body#/password",
        });
        assert_eq!(*body, wanted);
        // A link repeats no request, and needs nothing that a response does not have.
        assert!(
            links
                .iter()
                .all(|one| one.0 != one.2 && one.2 != "recordings.stream")
        );
    }
}
