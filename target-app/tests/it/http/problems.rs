//! Refusals that no feature makes: path, method, body.

use http::Method;
use serde_json::json;
use shared::timing::ServerPart;
use shared::{paths, problem::Code};

use crate::support::{TestApp, send};

#[tokio::test]
async fn a_path_that_does_not_exist_is_named() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/api",
        "/api/v2/mentors",
        "/api/v1/mentors/",
        "/lab",
        "/metrics/x",
    ] {
        let problem = app.anonymous().get(path).await.refused(Code::NotFound);
        assert!(problem.detail.contains(path), "{}", problem.detail);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_with_those_that_it_takes() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for (method, path, allowed) in [
        (Method::DELETE, paths::MENTORS, "GET,HEAD"),
        (Method::GET, paths::AUTH_LOGIN, "POST"),
        (Method::PUT, paths::BOOKINGS, "GET,HEAD,POST"),
        (Method::POST, paths::HEALTH_LIVE, "GET,HEAD"),
        (Method::PATCH, paths::LAB_PROFILE, "GET,HEAD,PUT"),
        (Method::POST, paths::OPENAPI, "GET,HEAD"),
    ] {
        let answer = send(anyone.request(method.clone(), path)).await;
        let problem = answer.refused(Code::MethodNotAllowed);
        assert!(
            problem.detail.contains(method.as_str()),
            "{}",
            problem.detail
        );
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_malformed() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let login = || anyone.request(Method::POST, paths::AUTH_LOGIN);
    let json = |text: &'static str| {
        login()
            .header("content-type", "application/json")
            .body(text)
    };
    for request in [
        json(""),
        json("{"),
        json("{'email': 1}"),
        json("email=a&password=b"),
        json("\u{0}"),
        login().body(r#"{"email":"a@b.c","password":"d"}"#),
        login()
            .header("content-type", "text/plain")
            .body(r#"{"email":"a@b.c","password":"d"}"#),
    ] {
        send(request).await.refused(Code::MalformedBody);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_field_that_is_unknown_missing_or_of_another_type_is_named_with_its_place() {
    let app = TestApp::start().await;
    for (body, said) in [
        (json!({"email": "a@b.c", "password": "d", "otp": 1}), "otp"),
        (json!({"email": "a@b.c"}), "password"),
        (json!({"email": 7, "password": "d"}), "email"),
        (json!({"email": null, "password": "d"}), "email"),
        (json!([]), "object"),
        // In the order in which the fields are declared.
        (json!(["a@b.c", "d"]), "object"),
        (json!("text"), "object"),
    ] {
        let answer = app.anonymous().post(paths::AUTH_LOGIN, &body).await;
        let problem = answer.refused(Code::InvalidRequest);
        assert!(problem.detail.contains(said), "{}", problem.detail);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let body = |size: usize| json!({"email": "a@b.c", "password": "x".repeat(size)});
    anyone
        .post(paths::AUTH_LOGIN, &body(60 * 1_024))
        .await
        .refused(Code::InvalidRequest);
    anyone
        .post(paths::AUTH_LOGIN, &body(64 * 1_024))
        .await
        .refused(Code::TooLarge);
    // Without a length, too.
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_024]));
    let request = anyone
        .request(Method::POST, paths::AUTH_LOGIN)
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(futures_util::stream::iter(
            chunks,
        )));
    send(request).await.refused(Code::TooLarge);
    app.lab()
        .reset(body(64 * 1_024))
        .await
        .refused(Code::TooLarge);
    app.finish().await;
}

#[tokio::test]
async fn when_no_connection_becomes_free_in_time_the_answer_is_503_with_a_time_to_wait() {
    let app = TestApp::with(&[
        "pool.max=1",
        // A connection is made in it.
        "pool.acquire_timeout=2s",
        "cache.mentors=off",
    ])
    .start()
    .await;
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("lock table skill in access exclusive mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let anyone = app.anonymous();
    let slow = tokio::spawn(async move { anyone.mentors("").await });
    app.db.wait_for_blocked(1).await;
    let answer = app.anonymous().mentors("").await;
    answer.refused(Code::Overloaded);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.timing().us[ServerPart::Pool] >= 2_000_000);
    gate.rollback().await.unwrap();
    assert_eq!(slow.await.unwrap().status, 200);
    assert_eq!(app.lab().telemetry().await.pool.timeouts, 1);
    app.finish().await;
}
