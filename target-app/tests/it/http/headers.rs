//! Headers that every answer carries.

use http::Method;
use serde_json::json;
use shared::timing::ServerPart;
use shared::{
    headers::{REQUEST_ID, SERVER_TIMING},
    paths,
    problem::Code,
};

use crate::support::{TestApp, send};

#[tokio::test]
async fn every_answer_but_a_refused_sign_in_says_what_it_cost_and_how_it_is_called() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let answers = [
        student.me().await,
        student.mentors("").await,
        student.bookings("").await,
        student.get("/nowhere").await,
        student.post(paths::AUTH_REFRESH, &json!({})).await,
        student.get(paths::HEALTH_LIVE).await,
        student.get(paths::METRICS).await,
        student.get(paths::OPENAPI).await,
        app.lab().get(paths::LAB_PROFILE).await,
    ];
    let mut names = std::collections::BTreeSet::new();
    for answer in answers {
        assert!(answer.header(SERVER_TIMING).contains("total;dur="));
        let timing = answer.timing();
        assert!(timing.total_us > 0);
        assert!(timing.us[ServerPart::Db] <= timing.total_us);
        assert!(names.insert(answer.header(REQUEST_ID).to_owned()));
    }
    let refused = student.post(paths::AUTH_LOGIN, &json!({})).await;
    assert!(!refused.headers.contains_key(SERVER_TIMING));
    assert!(names.insert(refused.header(REQUEST_ID).to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_harmless_request_id_comes_back_and_any_other_is_replaced() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let named = async |name: &str| {
        let answer = anyone.with_header(REQUEST_ID, name).get("/nowhere").await;
        answer.refused(Code::NotFound);
        answer.header(REQUEST_ID).to_owned()
    };
    for name in ["trial-7", "A", &"x".repeat(64)] {
        assert_eq!(named(name).await, name);
    }
    for name in ["", "two words", "a;b", "a_b", &"x".repeat(65)] {
        assert_ne!(named(name).await, name);
    }
    app.finish().await;
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let app = TestApp::start().await;
    let student = app.student(1);
    for path in [
        paths::HEALTH_LIVE,
        paths::MENTORS,
        paths::BOOKINGS,
        paths::AUTH_ME,
        paths::OPENAPI,
        "/nowhere",
    ] {
        let get = student.get(path).await;
        let head = send(student.request(Method::HEAD, path)).await;
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
        // A problem names its request, and one name may be longer than another.
        if get.status == 200 {
            assert_eq!(head.header("content-length"), get.header("content-length"));
        }
        assert!(head.timing().total_us > 0);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_header_that_the_description_names_is_refused_when_it_comes_twice_unless_it_is_a_list() {
    // RFC 9110, 13.1.2, and RFC 9530, 2: these may come in several lines.
    const LISTS: [&str; 2] = ["if-none-match", "content-digest"];
    let described = serde_json::to_value(target_app::openapi::document()).unwrap();
    let operations = described["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|item| item.as_object().unwrap().values());
    let parameters = operations.flat_map(|one| one["parameters"].as_array().into_iter().flatten());
    let names: std::collections::BTreeSet<String> = parameters
        .filter(|parameter| parameter["in"] == "header")
        .map(|parameter| parameter["name"].as_str().unwrap().to_lowercase())
        .filter(|name| !LISTS.contains(&name.as_str()))
        .collect();
    assert!(names.len() >= 3, "{names:?}");
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for name in names {
        let request = anyone.request(Method::GET, "/nowhere");
        let twice = request.header(&name, "a").header(&name, "a");
        send(twice).await.refused(Code::BadRequest);
    }
    app.finish().await;
}
