//! Every route is requested, and every one that is not public refuses requests without credentials.
//!
//! `routes.txt`, and a file of this name in the folder of each feature, have one line a route: method,
//! path, access, operation (`-` if the API description has none).

use std::{collections::BTreeSet, fs, path::Path};

use http::Method;
use serde_json::{Value, json};
use shared::{paths, problem::Code};

use crate::support::{Client, TestApp, send};

/// What a request without credentials receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// This status, because the route is public; `404` and `422` because of what is requested.
    Public(u16),
    /// A demand to sign in.
    SignedIn,
    /// A demand for the lab token; the route does not exist if no lab token is configured.
    Lab,
}

use Access::{Lab, Public, SignedIn};

/// One line of a `routes.txt`.
#[derive(Debug)]
struct Route {
    method: Method,
    path: String,
    access: Access,
    operation: String,
}

impl Route {
    fn parse(line: &str) -> Self {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [method, path, access, operation] = columns[..] else {
            panic!("not method, path, access and operation: {line}");
        };
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            access: match access {
                "signed-in" => SignedIn,
                "lab" => Lab,
                status => Public(status.parse().unwrap()),
            },
            operation: operation.to_owned(),
        }
    }
}

/// Every route that a `routes.txt` has; those in the folder of a feature are its own.
fn routes() -> Vec<Route> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &Path| fs::read_to_string(file).expect("a list of routes");
    let mut routes: Vec<Route> = read(&root.join("routes.txt"))
        .lines()
        .map(Route::parse)
        .collect();
    for feature in target_app::features::all() {
        let name = feature.name;
        let text = read(&root.join(format!("src/features/{name}/routes.txt")));
        for route in text.lines().map(Route::parse) {
            let own = route.operation.starts_with(&format!("{name}."));
            assert!(own, "{} is not of {name}", route.operation);
            routes.push(route);
        }
    }
    routes
}

/// The path with an id that no row has.
fn filled(template: &str) -> String {
    paths::with_id(template, uuid::Uuid::now_v7())
}

/// The response to a request with a body that is valid for no route.
async fn ask(client: &Client, method: &Method, template: &str) -> crate::support::Answer {
    let mut request = client.request(method.clone(), &filled(template));
    if *method != Method::GET {
        request = request.json(&json!({}));
    }
    send(request).await
}

#[tokio::test]
async fn every_route_has_the_access_of_its_line() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let forged = anyone.with_token("not.a.token");
    for route in routes() {
        let Route { method, path, .. } = &route;
        let answer = ask(&anyone, method, path).await;
        match route.access {
            Public(status) => {
                assert_eq!(answer.status, status, "{route:?}: {}", answer.text());
            }
            SignedIn | Lab => {
                answer.refused(Code::Unauthenticated);
                let answer = ask(&forged, method, path).await;
                answer.refused(Code::Unauthenticated);
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn where_the_lab_is_off_its_routes_are_not_there() {
    let app = TestApp::with(&[]).without_lab().start().await;
    for route in routes().iter().filter(|route| route.access == Lab) {
        ask(&app.anonymous(), &route.method, &route.path)
            .await
            .refused(Code::NotFound);
    }
    app.finish().await;
}

#[tokio::test]
async fn every_path_of_the_contract_has_a_line_and_exists() {
    let app = TestApp::start().await;
    let lines: BTreeSet<_> = routes().into_iter().map(|route| route.path).collect();
    let contract: BTreeSet<_> = paths::ALL.iter().map(|&path| path.to_owned()).collect();
    assert_eq!(lines, contract);
    for path in paths::ALL {
        let answer = send(app.anonymous().request(Method::TRACE, &filled(path))).await;
        answer.refused(Code::MethodNotAllowed);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_lines_are_the_operations_of_the_api_description() {
    let app = TestApp::start().await;
    let document: Value = app.anonymous().get(paths::OPENAPI).await.ok();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or("-");
            described.insert(format!("{} {path} {id}", method.to_uppercase()));
        }
    }
    let lines: BTreeSet<_> = routes()
        .iter()
        .filter(|route| route.operation != "-")
        .map(|route| format!("{} {} {}", route.method, route.path, route.operation))
        .collect();
    assert_eq!(lines, described);
    app.finish().await;
}

/// A method that is served without a line would not answer 405.
#[tokio::test]
async fn no_path_takes_a_method_without_a_line() {
    let app = TestApp::start().await;
    let routes = routes();
    for path in paths::ALL {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if routes
                .iter()
                .any(|route| route.method == method && route.path == *path)
            {
                continue;
            }
            // `mentors/me` is also the shape of one mentor's path.
            if method == Method::GET && *path == paths::MENTORS_ME {
                continue;
            }
            let answer = ask(&app.anonymous(), &method, path).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
        }
    }
    app.finish().await;
}
