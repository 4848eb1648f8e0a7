//! A wrong word where the API takes one of a closed list is refused with the words that would be
//! right, in every query and body that the description has.

use http::Method;
use serde_json::{Value, json};
use shared::{api::auth::Role, headers::PAYMENT_SIGNATURE, paths, problem::Code};
use target_app::provider::WebhookKey;

use crate::support::{Answer, Client, LAB_TOKEN, TestApp, WEBHOOK_SECRET, send, student_id};

/// Where a value lies: in the query, or that far inside of a body.
#[derive(Debug, Clone)]
enum Place {
    Query(String),
    Body(Vec<Step>),
}

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Item,
}

/// A place of an operation that takes one of these words.
#[derive(Debug)]
struct ClosedList {
    method: String,
    path: String,
    place: Place,
    words: Vec<String>,
}

/// Every closed list of the description that requests have.
fn closed_lists(document: &Value) -> Vec<ClosedList> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut add = |place: Place, words: &[String]| {
                all.push(ClosedList {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    place,
                    words: words.to_vec(),
                });
            };
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                if parameter["in"] == "query" {
                    find(
                        document,
                        &parameter["schema"],
                        &mut Vec::new(),
                        &mut |_, words| {
                            add(Place::Query(name.to_owned()), words);
                        },
                    );
                }
            }
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            find(document, schema, &mut Vec::new(), &mut |steps, words| {
                add(Place::Body(steps.to_vec()), words);
            });
        }
    }
    all
}

/// Calls `see` with every enum of a schema and the way to it.
fn find(
    document: &Value,
    schema: &Value,
    way: &mut Vec<Step>,
    see: &mut dyn FnMut(&[Step], &[String]),
) {
    if let Some(reference) = schema["$ref"].as_str() {
        let to = document.pointer(&reference[1..]).unwrap();
        // A type that contains itself has no new words further down.
        if way.len() < 8 {
            find(document, to, way, see);
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect();
        see(way, &words);
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        for one in schema[several].as_array().into_iter().flatten() {
            find(document, one, way, see);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        way.push(Step::Key(name.clone()));
        find(document, property, way, see);
        way.pop();
    }
    if schema["items"].is_object() {
        way.push(Step::Item);
        find(document, &schema["items"], way, see);
        way.pop();
    }
}

/// A body that has nothing but `value`, there.
fn around(value: Value, way: &[Step]) -> Value {
    way.iter().rev().fold(value, |inner, step| match step {
        Step::Key(name) => json!({ name: inner }),
        Step::Item => json!([inner]),
    })
}

/// The answer of whoever may use the operation: of the first who is neither to sign in nor
/// forbidden.
async fn ask(app: &TestApp, list: &ClosedList, value: &Value) -> Answer {
    let path = list
        .path
        .split('/')
        .map(|part| match part.strip_prefix('{') {
            Some(_) => uuid::Uuid::now_v7().to_string(),
            None => part.to_owned(),
        });
    let mut path = path.collect::<Vec<_>>().join("/");
    let mut body = Vec::new();
    match &list.place {
        Place::Query(name) => {
            let value = value.as_str().unwrap_or("5");
            path = format!("{path}?{name}={value}");
        }
        Place::Body(way) => body = serde_json::to_vec(&around(value.clone(), way)).unwrap(),
    }
    let key = WebhookKey::new(&WEBHOOK_SECRET.to_owned().into());
    let signature = key.sign(&body, app.state.clock().now());
    let mut last = None;
    for role in Role::ALL {
        let person = app.person(student_id(1), *role);
        let client: Client = person.with_header("x-lab-token", LAB_TOKEN);
        let method = Method::from_bytes(list.method.as_bytes()).unwrap();
        let request = client
            .request(method, &path)
            .header(PAYMENT_SIGNATURE, &signature)
            .header("content-type", "application/json")
            .body(body.clone());
        let answer = send(request).await;
        let may = ![401, 403].contains(&answer.status);
        last = Some(answer);
        if may {
            break;
        }
    }
    last.expect("there are roles")
}

#[tokio::test]
async fn a_wrong_word_is_refused_with_the_right_ones_in_every_query_and_body() {
    let app = TestApp::start().await;
    let document: Value = app.anonymous().get(paths::OPENAPI).await.ok();
    let lists = closed_lists(&document);
    let named: Vec<&str> = lists.iter().map(|list| list.path.as_str()).collect();
    for known in [paths::AUTH_REGISTER, paths::MENTORS, paths::BOOKINGS] {
        assert!(named.contains(&known), "{known} is not among {named:?}");
    }
    for list in &lists {
        let shown = format!("{} {} {:?}", list.method, list.path, list.place);
        let answer = ask(&app, list, &json!("no_such_word")).await;
        let problem = answer.refused(Code::InvalidRequest);
        for word in &list.words {
            let quoted = format!("`{word}`");
            assert!(
                problem.detail.contains(&quoted),
                "{shown}: {}",
                problem.detail
            );
        }
        let Place::Body(way) = &list.place else {
            continue;
        };
        // Neither is a value of another type taken for a body that is no JSON.
        for wrong in [json!(5), json!([]), json!({ &list.words[0]: 5 })] {
            let problem = ask(&app, list, &wrong).await.refused(Code::InvalidRequest);
            let field = way.iter().rev().find_map(|step| match step {
                Step::Key(name) => Some(name.as_str()),
                Step::Item => None,
            });
            let detail = problem.detail;
            assert!(
                detail.contains(field.unwrap_or_default()),
                "{shown}: {detail}"
            );
        }
    }
    app.finish().await;
}
