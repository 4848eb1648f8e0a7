//! No value of a parameter or a field is a failure of the server: what PostgreSQL cannot hold is
//! refused where it is parsed.

use http::Method;
use serde_json::{Map, Value, json};
use shared::{
    dataset::{RowKind, id},
    ids::{MentorId, RoomId, UserId},
    ledger::{Ledger, MessageEntry},
    paths,
    problem::Code,
};

use crate::access::{operations::mutations, stage::Stage};
use crate::support::{Answer, Client, TestApp, send};

/// Values of a parameter, as they stand in a query or path.
const TEXTS: &[&str] = &[
    "",
    "-1",
    "0",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "1e308",
    "NaN",
    "inf",
    "%00",
    "a%00b",
    "%FF",
    "%ED%A0%80",
    "-5000-01-01T00:00:00Z",
    "-262000-01-01T00:00:00Z",
    "%2B262000-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2016-12-31T23:59:60Z",
    "infinity",
    "00000000-0000-0000-0000-000000000000",
    "'; drop table app_user; --",
];

/// Values of a field of a body.
fn values() -> Vec<Value> {
    let mut all: Vec<Value> = TEXTS.iter().map(|text| json!(text)).collect();
    all.extend([
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!("a\0b"),
        json!("\u{10ffff}".repeat(5_000)),
        json!("x".repeat(30_000)),
    ]);
    all
}

/// Follows a reference into the document.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(to) => document.pointer(to.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// A path with each of its parameters replaced, the others by an id that may exist.
fn path_with(template: &str, name: &str, value: &str) -> String {
    let path = template.replace(&format!("{{{name}}}"), value);
    paths::with_id(&path, id(RowKind::Mentor, 1))
}

fn expect_answer(answer: &Answer, what: &str) {
    assert!(
        answer.status < 500,
        "{what}: {} {}",
        answer.status,
        answer.text()
    );
}

async fn ask(client: &Client, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    let mut request = client.request(method.clone(), path);
    if let Some(body) = body {
        request = request.json(body);
    }
    send(request).await
}

/// Operations that replace the application's state as a whole: their fields have tests of their own.
const LEFT_OUT: [&str; 2] = [paths::LAB_RESET, paths::CHAT_SOCKET];

#[tokio::test]
async fn no_value_of_any_parameter_or_field_is_a_failure_of_the_server() {
    let app = TestApp::start().await;
    let document: Value = app.anonymous().get(paths::OPENAPI).await.ok();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if LEFT_OUT.contains(&path.as_str()) {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let clients: Vec<Client> = if path.starts_with("/lab") {
                vec![(*app.lab()).clone()]
            } else {
                vec![(*app.student(1)).clone(), (*app.mentor(1)).clone()]
            };
            let parameters = operation["parameters"].as_array().cloned();
            for client in &clients {
                for parameter in parameters.iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    for value in TEXTS {
                        let target = match parameter["in"].as_str() {
                            Some("path") => path_with(path, name, value),
                            Some("query") => {
                                format!("{}?{name}={value}", path_with(path, "", ""))
                            }
                            _ => continue,
                        };
                        let answer = ask(client, &method, &target, None).await;
                        expect_answer(&answer, &format!("{method} {target}"));
                        asked += 1;
                    }
                }
                let content = &operation["requestBody"]["content"]["application/json"];
                let schema = resolved(&document, &content["schema"]);
                let fields = schema["properties"].as_object();
                for name in fields.into_iter().flat_map(Map::keys) {
                    for value in values() {
                        let target = path_with(path, "", "");
                        let body = json!({ name: value });
                        let answer = ask(client, &method, &target, Some(&body)).await;
                        expect_answer(&answer, &format!("{method} {target} {name}"));
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 500, "{asked}");
    app.finish().await;
}

/// Values of the types that fields have, at the ends of what they can hold: some get past the parser.
fn extremes() -> Vec<Value> {
    vec![
        json!(""),
        json!("a\0b"),
        json!("\u{10ffff}".repeat(100)),
        json!("'; drop table app_user; --"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("9999-12-31T23:59:59Z"),
        json!("0001-01-01T00:00:00Z"),
        json!(0),
        json!(-1),
        json!(i32::MAX),
        json!(i64::MAX),
        json!(true),
        json!(null),
    ]
}

#[tokio::test]
async fn one_bad_field_of_a_body_that_is_right_otherwise_is_no_failure_of_the_server() {
    let stage = Stage::start(&["bookings.payment=required"], None).await;
    let mut asked = 0;
    for (operation, actor, _) in mutations() {
        let client = actor.client(&stage);
        let fields = stage.request(operation).await.fields();
        if fields.is_empty() {
            continue;
        }
        let right = stage.request(operation).await.send(&client).await;
        assert!(right.status < 300, "{operation}: {}", right.text());
        for field in fields {
            let mut unused = None;
            for value in extremes() {
                let request = match unused.take() {
                    Some(request) => request,
                    None => stage.request(operation).await,
                };
                let answer = request.clone().with(&stage, &field, &value).send(&client);
                let answer = answer.await;
                expect_answer(&answer, &format!("{operation} {field} {value}"));
                asked += 1;
                if answer.status >= 400 {
                    // Nothing has changed by it.
                    unused = Some(request);
                }
                if *operation == "auth.login" {
                    // Or the sixth would be refused unseen, and so would those that sign in.
                    stage.app.db.execute("delete from sign_in_attempt").await;
                }
            }
        }
    }
    assert!(asked > 200, "{asked}");
    stage.app.lab().audits_clean().await;
    stage.app.finish().await;
}

#[tokio::test]
async fn instants_outside_of_the_calendar_are_refused_with_the_name_of_their_field() {
    let app = TestApp::start().await;
    let mentor = MentorId(id(RowKind::Mentor, 1));
    for instant in ["-5000-01-01T00:00:00Z", "%2B262000-01-01T00:00:00Z"] {
        for field in ["from", "to"] {
            let query = format!("{field}={instant}");
            let availability = app.anonymous().availability(mentor, &query).await;
            let bookings = app.student(1).bookings(&query).await;
            for answer in [availability, bookings] {
                let problem = answer.refused(Code::InvalidRequest);
                let detail = problem.detail;
                assert!(detail.contains(field), "{detail}");
                assert!(detail.contains("years 1 to 9999"), "{detail}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_ledger_that_postgresql_cannot_hold_is_refused() {
    let app = TestApp::start().await;
    let huge = Ledger {
        omitted: u64::MAX,
        ..Ledger::default()
    };
    app.lab()
        .audit_with(huge)
        .await
        .refused(Code::InvalidRequest);
    let nul = Ledger {
        messages: vec![MessageEntry {
            room: RoomId(id(RowKind::Room, 1)),
            sender: UserId(id(RowKind::Student, 1)),
            client_id: "a\0b".to_owned(),
            seq: None,
        }],
        ..Ledger::default()
    };
    app.lab()
        .audit_with(nul)
        .await
        .refused(Code::InvalidRequest);
    app.finish().await;
}
