//! The description: complete, and true of what is served.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::{paths, problem::Code};

use crate::support::TestApp;

/// Served, but not part of what the description is about: the description and the scrape.
const UNDESCRIBED: [&str; 2] = [paths::METRICS, paths::OPENAPI];

async fn description(app: &TestApp) -> Value {
    app.anonymous().get(paths::OPENAPI).await.ok()
}

#[tokio::test]
async fn every_path_of_the_contract_is_described() {
    let app = TestApp::start().await;
    let document = description(&app).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let contract: BTreeSet<_> = paths::ALL
        .iter()
        .copied()
        .filter(|path| !UNDESCRIBED.contains(path))
        .collect();
    assert_eq!(described, contract);
    app.finish().await;
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let app = TestApp::start().await;
    let document = description(&app).await;
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(to)) = map.get("$ref") {
                    let pointer = to.strip_prefix('#').expect("a reference into the document");
                    assert!(document.pointer(pointer).is_some(), "{to}");
                    references += 1;
                }
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    assert!(references > 50);
    app.finish().await;
}

#[tokio::test]
async fn every_problem_code_is_described() {
    let app = TestApp::start().await;
    let document = description(&app).await;
    let codes = &document["components"]["schemas"]["Code"]["enum"];
    let described: BTreeSet<_> = codes
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(described, all);
    app.finish().await;
}

#[tokio::test]
async fn the_description_says_which_routes_want_somebody_to_be_signed_in() {
    let app = TestApp::start().await;
    let document = description(&app).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let wanted = operation["security"][0]
                .as_object()
                .and_then(|one| one.keys().next().cloned());
            let lab = path.starts_with("/lab/");
            if lab {
                assert_eq!(wanted.as_deref(), Some("lab_token"), "{method} {path}");
            }
            let refused = operation["responses"].as_object().unwrap();
            assert!(
                refused
                    .keys()
                    .any(|status| status.starts_with('2') || status == "101"),
                "{method} {path} tells of no success"
            );
        }
    }
    app.finish().await;
}
