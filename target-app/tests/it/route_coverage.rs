//! Guards the door: every route is asked for, and every one that is not public refuses strangers.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use shared::{paths, problem::Code};

use crate::support::{Client, TestApp, send};

/// What somebody without any token is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// Served, with this status.
    Served(u16),
    /// Asked to sign in.
    SignIn,
    /// Asked for the lab token where there is a lab, and told of no such route where there is none.
    Lab,
}

use Stranger::{Lab, Served, SignIn};

/// Every route. Adding one to the router without a line here fails the tests below.
const ROUTES: &[(Method, &str, Stranger)] = &[
    (Method::GET, paths::HEALTH_LIVE, Served(200)),
    (Method::GET, paths::HEALTH_READY, Served(200)),
    (Method::GET, paths::METRICS, Served(200)),
    (Method::GET, paths::OPENAPI, Served(200)),
    // Public, and refused only because nothing is sent along.
    (Method::POST, paths::AUTH_REGISTER, Served(422)),
    (Method::POST, paths::AUTH_LOGIN, Served(422)),
    (Method::POST, paths::AUTH_REFRESH, Served(422)),
    (Method::POST, paths::AUTH_LOGOUT, Served(422)),
    (Method::GET, paths::AUTH_ME, SignIn),
    (Method::GET, paths::MENTORS, Served(200)),
    (Method::PATCH, paths::MENTORS_ME, SignIn),
    (Method::PUT, paths::MENTORS_ME_ACTIVE, SignIn),
    (Method::GET, paths::MENTOR, Served(404)),
    (Method::GET, paths::MENTOR_AVAILABILITY, Served(404)),
    (Method::GET, paths::MENTOR_REVIEWS, Served(404)),
    (Method::POST, paths::MENTOR_REVIEWS, SignIn),
    (Method::GET, paths::BOOKINGS, SignIn),
    (Method::POST, paths::BOOKINGS, SignIn),
    (Method::GET, paths::BOOKING, SignIn),
    (Method::POST, paths::BOOKING_CANCEL, SignIn),
    (Method::GET, paths::RECORDINGS, SignIn),
    (Method::GET, paths::RECORDING, SignIn),
    (Method::GET, paths::RECORDING_PLAYBACK, SignIn),
    // The signature in the query is what opens it; none is an incomplete request.
    (Method::GET, paths::RECORDING_STREAM, Served(422)),
    (Method::GET, paths::CHAT_ROOMS, SignIn),
    (Method::GET, paths::CHAT_MESSAGES, SignIn),
    (Method::GET, paths::CHAT_SOCKET, SignIn),
    (Method::GET, paths::LAB_PROFILE, Lab),
    (Method::PUT, paths::LAB_PROFILE, Lab),
    (Method::POST, paths::LAB_RESET, Lab),
    (Method::GET, paths::LAB_TELEMETRY, Lab),
    (Method::POST, paths::LAB_AUDIT, Lab),
    (Method::GET, paths::LAB_EXPLAIN, Lab),
];

/// A path that can be asked for, with an id that nothing has.
fn filled(template: &str) -> String {
    paths::with_id(template, uuid::Uuid::now_v7())
}

/// The answer's status to a request with a body that fits no route.
async fn ask(client: &Client, method: &Method, template: &str) -> crate::support::Answer {
    let mut request = client.request(method.clone(), &filled(template));
    if *method != Method::GET {
        request = request.json(&json!({}));
    }
    send(request).await
}

#[tokio::test]
async fn every_route_serves_or_refuses_strangers_as_it_should() {
    let app = TestApp::start().await;
    let stranger = app.anonymous();
    let forged = stranger.with_token("not.a.token");
    for (method, template, expected) in ROUTES {
        let answer = ask(&stranger, method, template).await;
        match expected {
            Served(status) => {
                assert_eq!(
                    answer.status,
                    *status,
                    "{method} {template}: {}",
                    answer.text()
                );
            }
            SignIn | Lab => {
                answer.refused(Code::Unauthenticated);
                let answer = ask(&forged, method, template).await;
                answer.refused(Code::Unauthenticated);
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn where_the_lab_is_off_its_routes_are_not_there() {
    let app = TestApp::with(&[]).without_lab().start().await;
    for (method, template, expected) in ROUTES {
        if *expected == Lab {
            ask(&app.anonymous(), method, template)
                .await
                .refused(Code::NotFound);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn every_path_of_the_contract_is_in_the_table_and_exists() {
    let app = TestApp::start().await;
    let asked: BTreeSet<_> = ROUTES.iter().map(|(_, path, _)| *path).collect();
    let contract: BTreeSet<_> = paths::ALL.iter().copied().collect();
    assert_eq!(asked, contract);
    for path in paths::ALL {
        let answer = send(app.anonymous().request(Method::TRACE, &filled(path))).await;
        answer.refused(Code::MethodNotAllowed);
    }
    app.finish().await;
}

#[tokio::test]
async fn every_described_operation_is_in_the_table_and_the_other_way_round() {
    let app = TestApp::start().await;
    let document: Value = app.anonymous().get(paths::OPENAPI).await.ok();
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.as_str()))
        })
        .collect();
    let table: BTreeSet<_> = ROUTES
        .iter()
        .filter(|(_, path, _)| ![paths::METRICS, paths::OPENAPI].contains(path))
        .map(|(method, path, _)| (method.to_string(), *path))
        .collect();
    assert_eq!(described, table);
    app.finish().await;
}

/// A method that is served without being in the table would answer something else than 405.
#[tokio::test]
async fn no_path_takes_a_method_that_the_table_does_not_know() {
    let app = TestApp::start().await;
    for path in paths::ALL {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if ROUTES
                .iter()
                .any(|(known, at, _)| *known == method && at == path)
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
