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
    let admin = app.admin();
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
async fn a_request_that_names_another_host_is_refused_even_with_the_token() {
    let app = TestApp::with(&[])
        .with_lab_hosts(&["target-app"])
        .start()
        .await;
    let lab = app.lab();
    for host in [
        app.address.to_string().as_str(),
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1",
        "[::1]:8080",
        "0.0.0.0:8080",
        "target-app:8080",
    ] {
        let client = lab.with_header("host", host);
        assert_eq!(client.get(paths::LAB_PROFILE).await.status, 200, "{host}");
    }
    for host in [
        "rebound.test",
        "localhost.rebound.test",
        "127.0.0.1.rebound.test:8080",
        "target-app.rebound.test",
        "192.0.2.7:8080",
    ] {
        let client = lab.with_header("host", host);
        for (method, path) in ROUTES {
            let problem = send(client.request(method, path))
                .await
                .refused(Code::Misdirected);
            assert!(problem.detail.contains("LAB_HOSTS"), "{}", problem.detail);
        }
        // The API itself may have any name.
        assert_eq!(client.mentors("").await.status, 200, "{host}");
    }
    assert_eq!(lab.profile().await.generation, 1, "nothing has happened");
    app.finish().await;
}

#[tokio::test]
async fn the_token_may_come_as_a_bearer_token() {
    let app = TestApp::start().await;
    let client = app.anonymous().with_token(LAB_TOKEN);
    assert_eq!(client.get(paths::LAB_PROFILE).await.status, 200);
    app.finish().await;
}
