//! How a page looks: what can be read in both colour schemes, on a telephone and on paper.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Browser, DESK, PHONE, Page, report};

/// A chart box of a page.
#[derive(Debug, Deserialize)]
pub(super) struct Chart {
    /// What stands above it.
    pub(super) title: String,
    /// Colours of its canvas, or shapes of its picture.
    pub(super) drawn: usize,
}

#[derive(Debug, Deserialize)]
struct Words {
    read: usize,
    faint: Vec<String>,
}

/// Opens a page, ready for the questions of `looks.js`.
pub(super) fn open<'a>(browser: &'a Browser, url: &str) -> Page<'a> {
    let page = browser.open(url);
    ask(&page);
    page
}

/// Makes the page ready for the questions of `looks.js`.
pub(super) fn ask(page: &Page<'_>) {
    let questions = include_str!("looks.js");
    let questions = questions.trim_end().trim_start_matches("// ");
    page.eval::<bool>(&format!("window.looks = (\n// {questions}\n), true"));
}

/// Walks over the page, so that everything that is made on the way is there.
pub(super) fn walk(page: &Page<'_>) {
    page.eval::<serde_json::Value>("looks.walk()");
    page.until("window.walked");
}

pub(super) fn charts(page: &Page<'_>) -> Vec<Chart> {
    page.eval("looks.charts()")
}

/// Every word of the page can be read, and there are enough of them for that to mean something.
pub(super) fn assert_readable(page: &Page<'_>, at_least: usize, what: &str) {
    let words: Words = page.eval("looks.faint()");
    assert!(words.read >= at_least, "{what}: only {} texts", words.read);
    assert!(words.faint.is_empty(), "{what}: {:#?}", words.faint);
}

#[test]
fn every_word_can_be_read_in_the_light_and_in_the_dark() {
    let browser = Browser::start();
    let page = open(&browser, &report("demo", &browser.folder()));
    page.eval::<Value>("looks.unfold()");
    for (scheme, darkest, brightest) in [("light", 0.8, 1.0), ("dark", 0.0, 0.1)] {
        page.prefer(scheme, "screen");
        let ground: f64 = page.eval("looks.ground()");
        assert!(
            (darkest..=brightest).contains(&ground),
            "{scheme}: {ground}"
        );
        assert_readable(&page, 300, scheme);
        page.screenshot(&format!("report_{scheme}"));
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[test]
fn on_a_telephone_only_tables_are_scrolled_sideways() {
    let browser = Browser::start();
    for name in ["demo", "mentor_cache"] {
        let page = browser.page();
        page.size(PHONE, 844);
        page.go(&report(name, &browser.folder().join(name)));
        ask(&page);
        assert_eq!(page.eval::<u32>("innerWidth"), PHONE, "{name}");
        assert_eq!(page.eval::<i32>("looks.sideways()"), 0, "{name}");
        page.eval::<Value>("looks.unfold()");
        assert_eq!(page.eval::<i32>("looks.sideways()"), 0, "{name}, unfolded");
        page.until("looks.regions().length > 1");
        let regions: Vec<String> = page.eval("looks.regions()");
        let distinct: BTreeSet<&String> = regions.iter().collect();
        assert_eq!(distinct.len(), regions.len(), "{name}: {regions:?}");
        page.screenshot(&format!("report_{name}_telephone"));
        page.size(DESK, 900);
        page.until("looks.sideways() === 0");
        // A figure that has to be scrolled to is not read.
        page.until("!document.querySelector('#thresholds .scroll').hasAttribute('role')");
    }
}

#[test]
fn on_paper_closed_folds_are_left_out_and_the_ground_is_light() {
    let browser = Browser::start();
    let page = open(&browser, &report("demo", &browser.folder()));
    let folds: usize = page.eval("document.querySelectorAll('details:not([open])').length");
    assert!(folds > 2);
    for scheme in ["light", "dark"] {
        page.prefer(scheme, "print");
        let ground: f64 = page.eval("looks.ground()");
        assert!(ground > 0.8, "{scheme}: {ground}");
        assert_readable(&page, 300, &format!("{scheme}, on paper"));
        let paper = page.print();
        assert!(paper.starts_with(b"%PDF-") && paper.len() > 20_000);
        let pages = paper
            .windows(12)
            .filter(|part| *part == b"/Type /Page\n")
            .count();
        assert!(pages <= 8, "{scheme}: {pages} pages");
        let seen: usize = page.eval(
            "[...document.querySelectorAll('details:not([open])')].filter((one) => one.checkVisibility()).length",
        );
        assert_eq!(seen, 0, "{scheme}");
    }
}
