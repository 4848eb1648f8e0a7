//! The live page: a command that is started, watched, steered and stopped from a browser, and past
//! runs that are found and compared. The command has its own services and target, as a user's has.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    keyboard::assert_reachable,
    looks::{ask, assert_readable, charts},
    served::assert_own,
};
use crate::support::{Browser, DESK, PHONE, Page, Served, results};

/// The visible button that says `text`, for [`Page::click`].
fn button(page: &Page<'_>, text: &str) -> String {
    let marked = format!(
        r#"(() => {{
             document.querySelectorAll("[data-wanted]").forEach((one) => one.removeAttribute("data-wanted"));
             const open = document.querySelector("dialog[open]") ?? document;
             const one = [...open.querySelectorAll("button")].find((one) => one.checkVisibility() && one.textContent.trim().startsWith("{text}"));
             one?.setAttribute("data-wanted", "");
             return Boolean(one);
           }})()"#
    );
    page.until(&marked);
    "[data-wanted]".to_owned()
}

/// An expression for the figure of a tile, by the name that stands on it.
fn tile(name: &str) -> String {
    format!(
        r#"(Number([...document.querySelectorAll("dt")].find((one) => one.textContent.trim() === "{name}")
             .nextElementSibling.textContent.replaceAll(",", "")) || 0)"#
    )
}

/// Every chart as one text that changes when a pixel does.
fn pixels(page: &Page<'_>) -> Vec<String> {
    page.eval("[...document.querySelectorAll('figure canvas')].filter((one) => one.width).map((one) => one.toDataURL())")
}

/// Whether every chart fills most of its card and nothing of it stands out.
const CHARTS_FIT: &str = r#"[...document.querySelectorAll("figure.chart")].filter((one) => one.checkVisibility()).every((one) => {
    const card = one.getBoundingClientRect();
    return [...one.querySelectorAll("canvas, svg")].every((drawn) => {
        const { right, width } = drawn.getBoundingClientRect();
        return right <= card.right + 1 && width > card.width * 0.6;
    });
})"#;

#[test]
fn a_suite_is_started_watched_steered_and_stopped_from_the_page() {
    let browser = Browser::start();
    let folder = browser.folder();
    results(&folder);
    let served = Served::folder(&folder);
    let page = browser.open(served.url());
    ask(&page);

    page.until(
        "[...document.querySelectorAll('select option')].some((one) => one.textContent === 'core')",
    );
    page.eval::<Value>(
        r#"(() => {
             const option = [...document.querySelectorAll("select option")].find((one) => one.textContent === "core");
             option.selected = true;
             option.closest("select").dispatchEvent(new Event("change", { bubbles: true }));
           })()"#,
    );
    page.click(&button(&page, "Start"));
    page.until("document.querySelector('[role=status]').textContent.includes('running')");

    // It moves: once there is a load, two looks at the charts differ.
    page.until(&format!("{} > 0", tile("Offered")));
    page.until("document.querySelectorAll('figure canvas').length > 2");
    page.until("looks.charts().filter((one) => one.by === 'canvas' && one.drawn > 2).length > 2");
    let first = pixels(&page);
    let begun = Instant::now();
    loop {
        // A few ticks, or more where the page is late with them.
        sleep(Duration::from_secs(1));
        let second = pixels(&page);
        let moved = first
            .iter()
            .zip(&second)
            .filter(|(before, after)| before != after);
        let moved = moved.count();
        if moved >= 2 {
            break;
        }
        let patient = begun.elapsed() < Duration::from_mins(1);
        assert!(patient, "{moved} of {} charts move", first.len());
    }
    assert!(charts(&page).iter().all(|chart| !chart.title.is_empty()));
    assert_readable(&page, 40, "while it runs");
    page.screenshot("live_running");

    // Steered: of five times the rate at least twice of what was is offered soon.
    page.until("document.querySelector('form input[type=number]')?.checkVisibility()");
    let before: f64 = page.eval(&tile("Offered"));
    page.eval::<Value>(
        r#"(() => {
             const input = document.querySelector("form input[type=number]");
             input.value = "100";
             input.dispatchEvent(new Event("input", { bubbles: true }));
           })()"#,
    );
    // Longer than from one tick to the next: what was typed is not overwritten by it.
    sleep(Duration::from_millis(1_500));
    page.click(&button(&page, "Apply"));
    page.until(&format!("{} > {}", tile("Offered"), before * 2.0));

    // Every chart keeps to its card, whatever the width and the theme.
    for (width, scheme) in [
        (700, "dark"),
        (1_500, "light"),
        (390, "dark"),
        (1_280, "light"),
    ] {
        page.size(width, 900);
        page.prefer(scheme, "screen");
        page.until(CHARTS_FIT);
    }

    // Stopped: after a question, with a report of what was measured.
    page.click(&button(&page, "Stop"));
    page.click(&button(&page, "Stop"));
    page.until("document.body.innerText.includes('INTERRUPTED')");
    page.until("[...document.querySelectorAll('a[href$=\"report.html\"]')].some((one) => one.href.includes('core'))");
    page.until(CHARTS_FIT);
    page.screenshot("live_stopped");
    page.click("main a[href*=\"core\"][href$=\"report.html\"]");
    page.until("document.title.includes('core') && document.readyState === 'complete'");
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_own(&page, &served);
}

#[test]
fn past_runs_are_found_and_two_of_them_compared() {
    let browser = Browser::start();
    let folder = browser.folder();
    results(&folder);
    let served = Served::folder(&folder);
    let page = browser.open(served.url());
    let listed = "[...document.querySelectorAll('table input[type=checkbox]')].length";
    page.until(&format!("{listed} === 3"));
    for (word, left) in [
        ("cache", 2),
        ("connection", 1),
        ("nothing is called so", 0),
        ("", 3),
    ] {
        page.eval::<Value>(&format!(
            r#"(() => {{
                 const find = document.querySelector("input[type=search]");
                 find.value = "{word}";
                 find.dispatchEvent(new Event("input", {{ bubbles: true }}));
               }})()"#
        ));
        assert_eq!(page.eval::<u32>(listed), left, "`{word}`");
    }
    page.eval::<Value>("[...document.querySelectorAll('table input[type=checkbox]')].slice(0, 2).forEach((one) => one.click())");
    page.click(&button(&page, "Compare"));
    page.until("location.pathname === '/compare' && document.readyState === 'complete'");
    ask(&page);
    let text: String = page.eval("document.body.innerText");
    assert!(
        text.contains("cache_connection") && text.contains("mentor_cache"),
        "{text}"
    );
    assert!(
        !text.contains("before_after"),
        "a run that was not chosen is compared"
    );
    let drawn = charts(&page);
    assert!(
        !drawn.is_empty() && drawn.iter().all(|chart| chart.drawn > 2),
        "{drawn:?}"
    );
    for (width, device) in [(DESK, "desk"), (PHONE, "telephone")] {
        page.size(width, 844);
        for scheme in ["light", "dark"] {
            page.prefer(scheme, "screen");
            assert_readable(&page, 40, &format!("{scheme}, {device}"));
            page.until("looks.sideways() === 0");
            page.screenshot(&format!("compare_{device}_{scheme}"));
        }
    }
    page.size(DESK, 900);
    assert_reachable(&page, 3);
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_own(&page, &served);
}
