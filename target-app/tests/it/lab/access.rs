//! Who may.

use http::Method;
use shared::{headers::LAB_TOKEN as HEADER, paths, problem::Code};

use crate::support::{LAB_TOKEN, TestApp, send};

const ROUTES: [(Method, &str); 6] = [
    (Method::GET, paths::LAB_PROFILE),
    (Method::PUT, paths::LAB_PROFILE),
    (Method::POST, paths::LAB_RESET),
    (Method::GET, paths::LAB_TELEMETRY),
    (Method::POST, paths::LAB_AUDIT),
    (Method::GET, paths::LAB_EXPLAIN),
];

#[tokio::test]
async fn without_a_configured_token_there_is_no_lab_for_anybody() {
    let app = TestApp::with(&[]).without_lab().start().await;
    for (method, path) in ROUTES {
        let anyone = app.anonymous();
        send(anyone.request(method.clone(), path))
            .await
            .refused(Code::NotFound);
        let client = anyone.with_header(HEADER, LAB_TOKEN);
        send(client.request(method, path))
            .await
            .refused(Code::NotFound);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_refused_also_an_access_token() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let admin = app.person(
        shared::ids::UserId(shared::dataset::id(shared::dataset::RowKind::Admin, 0)),
        shared::api::auth::Role::Admin,
    );
    for (method, path) in ROUTES {
        for client in [
            anyone.clone(),
            anyone.with_header(HEADER, ""),
            anyone.with_header(HEADER, &LAB_TOKEN[1..]),
            anyone.with_token(&LAB_TOKEN.to_uppercase()),
            (*admin).clone(),
        ] {
            send(client.request(method.clone(), path))
                .await
                .refused(Code::Unauthenticated);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn the_token_may_come_as_a_bearer_token() {
    let app = TestApp::start().await;
    let client = app.anonymous().with_token(LAB_TOKEN);
    assert_eq!(client.get(paths::LAB_PROFILE).await.status, 200);
    app.finish().await;
}
