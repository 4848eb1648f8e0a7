//! The harness hears what a page does wrong: a deaf one would pass every other test.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::Browser;

const WRONG: &str = r#"<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="img-src 'none'">
<title>Wrong</title><button>one</button><input aria-label="two">
<img src="http://pictures.invalid/one.png" alt="">
<script>
  console.error("said aloud");
  setTimeout(() => { throw new Error("thrown late"); }, 0);
  fetch("http://elsewhere.invalid/figures").catch(() => {});
</script>"#;

#[test]
fn errors_exceptions_refusals_and_requests_are_heard() {
    let browser = Browser::start();
    let path = browser.folder().join("wrong.html");
    fs::write(&path, WRONG).unwrap();
    let page = browser.open(&format!("file://{}", path.display()));
    page.until("document.readyState === 'complete'");
    // What is heard is written down by other threads, which may come to it later.
    let begun = Instant::now();
    let mut complaints = page.complaints().join("\n");
    while !["said aloud", "thrown late", "Content Security Policy"]
        .iter()
        .all(|part| complaints.contains(part))
        && begun.elapsed() < Duration::from_secs(20)
    {
        complaints = page.complaints().join("\n");
    }
    for part in ["said aloud", "thrown late", "elsewhere.invalid", "img-src"] {
        let found = complaints.contains(part) || page.requests().join("\n").contains(part);
        assert!(found, "{part} is missing in: {complaints}");
    }
    assert!(
        complaints.contains("said aloud") && complaints.contains("thrown late"),
        "{complaints}"
    );
    assert!(
        complaints.contains("Content Security Policy"),
        "{complaints}"
    );
    let requests = page.requests();
    assert!(
        requests
            .iter()
            .any(|url| url.starts_with("http://elsewhere.invalid")),
        "{requests:?}"
    );
}

#[test]
fn keys_go_to_what_has_the_focus_and_questions_are_answered_with_yes() {
    let browser = Browser::start();
    let page = browser.page();
    page.eval::<bool>(
        r#"document.body.innerHTML = "<button>ask</button><input>",
           document.querySelector("button").addEventListener("click", () => { window.answer = confirm("really?"); }), true"#,
    );
    page.press("Tab");
    page.press("Enter");
    page.until("window.answer === true");
    assert_eq!(page.questions(), ["really?"]);
    page.press("Tab");
    page.press("Space");
    assert_eq!(
        page.eval::<String>("document.querySelector('input').value"),
        " "
    );
    assert_eq!(page.complaints(), Vec::<String>::new());
}
