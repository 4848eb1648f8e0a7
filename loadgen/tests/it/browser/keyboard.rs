//! Who has no mouse reaches everything, in the order in which it stands there, and sees where
//! they are.

use serde::Deserialize;

use super::looks::{open, walk};
use crate::support::{Browser, Page, report};

/// Where the focus is.
#[derive(Debug, Deserialize)]
struct Focus {
    /// The place among what has to be reached; −1 is none, −2 something else.
    place: i64,
    shown: bool,
    name: String,
    #[serde(default)]
    scrolls: bool,
}

/// Tab visits all that can be pressed, in order, and shows it; and nothing else but boxes that
/// are scrolled.
pub(super) fn assert_reachable(page: &Page<'_>, at_least: usize) {
    walk(page);
    page.eval::<serde_json::Value>("looks.begin()");
    let wanted: Vec<String> = page.eval("looks.mark()");
    assert!(wanted.len() >= at_least, "{wanted:?}");
    let mut visited = Vec::new();
    for _ in 0..wanted.len() * 2 + 40 {
        page.press("Tab");
        let focus: Focus = page.eval("looks.focus()");
        if focus.place == -1 || focus.place == 0 && !visited.is_empty() {
            break;
        }
        let name = &focus.name;
        assert!(focus.shown, "the focus does not show on {name}");
        if focus.place == -2 {
            assert!(focus.scrolls, "neither a control nor scrolled: {name}");
        } else {
            visited.push(wanted[usize::try_from(focus.place).unwrap()].clone());
        }
    }
    assert_eq!(visited, wanted);
}

#[test]
fn tab_visits_every_control_of_the_report_and_shows_where_it_is() {
    let browser = Browser::start();
    let page = open(&browser, &report("demo", &browser.folder()));
    assert_reachable(&page, 20);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[test]
fn a_fold_is_opened_and_what_is_in_it_is_reached_too() {
    let browser = Browser::start();
    let page = open(&browser, &report("demo", &browser.folder()));
    let closed: Vec<String> = page.eval("looks.mark()");
    page.eval::<serde_json::Value>("document.querySelector('summary').focus(), null");
    page.press("Enter");
    page.until("document.activeElement.parentElement.open");
    page.press("Space");
    page.until("!document.activeElement.parentElement.open");
    page.eval::<serde_json::Value>("looks.unfold()");
    let open: Vec<String> = page.eval("looks.mark()");
    assert!(open.len() >= closed.len());
    assert_reachable(&page, closed.len());
}
