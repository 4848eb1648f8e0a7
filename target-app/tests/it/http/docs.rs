//! The page that shows the description: served from the binary, without requests to other hosts.

use shared::paths;

use crate::support::TestApp;

/// Hosts that a text would have a browser ask.
fn other_hosts(text: &str) -> Vec<&str> {
    [
        "src=\"",
        "href=\"",
        "url(\"",
        "url('",
        "url(",
        "@import \"",
        "fetch(\"",
        "import(\"",
    ]
    .into_iter()
    .flat_map(|mark| text.split(mark).skip(1))
    .filter(|rest| {
        ["http://", "https://", "//"]
            .iter()
            .any(|start| rest.starts_with(start))
    })
    .map(|rest| rest.split(['"', '\'', ')']).next().unwrap_or_default())
    .collect()
}

#[tokio::test]
async fn the_page_and_all_it_refers_to_come_from_here() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let redirect = anyone.get("/docs").await;
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (303, "/docs/")
    );
    let page = anyone.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(other_hosts(&page.text()), Vec::<&str>::new());
    let mut parts = 0;
    for mark in ["src=\"", "href=\""] {
        for rest in page.text().split(mark).skip(1) {
            let name = rest.split('"').next().unwrap();
            let path = format!("/docs/{}", name.trim_start_matches("./"));
            let asset = anyone.get(&path).await;
            assert_eq!(asset.status, 200, "{path}");
            let style = asset.header("content-type").starts_with("text/css");
            if style || name.contains("initializer") {
                assert_eq!(other_hosts(&asset.text()), Vec::<&str>::new(), "{path}");
            }
            parts += 1;
        }
    }
    assert!(parts >= 5, "style, scripts and icons");
    app.finish().await;
}

#[tokio::test]
async fn the_page_shows_our_own_description_and_has_nobody_check_it() {
    let app = TestApp::start().await;
    let script = app.anonymous().get("/docs/swagger-initializer.js").await;
    let text = script.text();
    assert!(text.contains(paths::OPENAPI), "{text}");
    assert!(text.contains("\"validatorUrl\": \"none\""), "{text}");
    assert!(
        !text.contains("http://") && !text.contains("https://"),
        "{text}"
    );
    app.finish().await;
}
