//! The page of past runs, as `loadgen serve` shows it.

use serde_json::Value;

use super::{
    keyboard::assert_reachable,
    looks::{ask, assert_readable},
};
use crate::support::{Browser, DESK, PHONE, Page, Served, results};

/// Everything that a page asked for lies on the server.
pub(super) fn assert_own(page: &Page<'_>, served: &Served) {
    let requests = page.requests();
    let foreign: Vec<_> = requests
        .iter()
        .filter(|url| !url.starts_with(served.url()))
        .collect();
    assert!(!requests.is_empty() && foreign.is_empty(), "{foreign:?}");
}

#[test]
fn past_runs_are_listed_newest_first_and_their_reports_open() {
    let browser = Browser::start();
    let folder = browser.folder();
    let names = results(&folder);
    let served = Served::folder(&folder);
    let page = browser.open(served.url());
    page.until("document.querySelectorAll('a[href$=\"report.html\"]').length >= 3");
    let links: Vec<String> = page.eval(
        "[...new Set([...document.querySelectorAll('a[href*=\"/runs/\"][href$=\"report.html\"]')].map((one) => new URL(one.href).pathname))]",
    );
    let newest_first: Vec<_> = names
        .iter()
        .rev()
        .map(|name| format!("/runs/{name}/report.html"))
        .collect();
    assert_eq!(links, newest_first);
    let text: String = page.eval("document.body.innerText");
    assert!(
        text.contains("before_after") && text.contains("IMPROVED"),
        "{text}"
    );
    page.click(&format!("a[href*=\"{}/report.html\"]", names[0]));
    page.until("document.title.includes('before_after') && document.readyState === 'complete'");
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_own(&page, &served);
}

#[test]
fn the_page_of_runs_is_readable_reachable_and_fits_a_telephone() {
    let browser = Browser::start();
    let folder = browser.folder();
    results(&folder);
    let served = Served::folder(&folder);
    let page = browser.page();
    for (width, device) in [(DESK, "desk"), (PHONE, "telephone")] {
        page.size(width, 844);
        for scheme in ["light", "dark"] {
            page.prefer(scheme, "screen");
            page.go(served.url());
            page.until("document.querySelectorAll('a[href$=\"report.html\"]').length >= 3");
            ask(&page);
            assert_readable(&page, 10, &format!("{scheme}, {device}"));
            assert_eq!(page.eval::<i32>("looks.sideways()"), 0, "{device}");
            page.screenshot(&format!("runs_{device}_{scheme}"));
        }
    }
    page.size(DESK, 900);
    page.eval::<Value>("looks.begin()");
    assert_reachable(&page, 9);
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_own(&page, &served);
}
