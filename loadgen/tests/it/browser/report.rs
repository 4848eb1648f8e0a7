//! The report, opened from disk: it is whole, loads nothing, and runs nothing that
//! the measured system has named.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};

use super::looks::{charts, open, walk};
use crate::support::{Browser, report, store, summary};

/// What the names of a hostile target look like.
const HOSTILE: &str =
    "\"'></script><script>window.ran = 1</script><img src=x onerror=\"window.ran = 2\">";

#[test]
fn it_opens_without_a_complaint_and_asks_for_nothing_but_itself() {
    let browser = Browser::start();
    for name in ["demo", "mentor_cache"] {
        let url = report(name, &browser.folder().join(name));
        let page = open(&browser, &url);
        assert_eq!(page.complaints(), Vec::<String>::new(), "{name}");
        assert_eq!(page.requests(), [url], "{name}");
        page.screenshot(&format!("report_{name}"));
    }
}

#[test]
fn every_chart_is_drawn() {
    let browser = Browser::start();
    for name in ["demo", "mentor_cache"] {
        let page = open(&browser, &report(name, &browser.folder().join(name)));
        page.eval::<Value>("looks.unfold()");
        walk(&page);
        // Those that can be pointed at have become that, and are not empty.
        page.until("looks.charts().filter((one) => one.by === 'canvas').length > 5");
        page.until("looks.charts().every((one) => one.drawn > 2)");
        let drawn = charts(&page);
        assert!(drawn.len() > 5, "{name}: {drawn:?}");
        for chart in &drawn {
            assert!(!chart.title.is_empty(), "{name}: {chart:?}");
            assert!(chart.drawn > 2, "{name}: {chart:?}");
        }
    }
}

/// The names in the first column of the table that can be sorted, and what its headings say.
#[derive(Debug, Deserialize)]
struct Table {
    counts: Vec<f64>,
    sorted: Vec<Option<String>>,
    focused: String,
}

/// Reads that table by its third column.
const TABLE: &str = r#"(() => {
  const table = document.querySelector("table.sortable");
  const heads = [...table.querySelectorAll("thead tr:last-child th")];
  const column = heads.findIndex((head) => head.textContent.trim().startsWith("Count"));
  return {
    counts: [...table.tBodies[0].rows].map((row) => Number(row.cells[column].textContent.replaceAll(",", ""))),
    sorted: heads.filter((head) => head.hasAttribute("aria-sort")).map((head) => `${head.textContent.trim().split(/\s/)[0]} ${head.getAttribute("aria-sort")}`),
    focused: document.activeElement.textContent.trim().split(/\s/)[0],
  };
})()"#;

#[test]
fn the_table_is_sorted_by_a_press_of_a_heading_and_back_by_a_second() {
    let browser = Browser::start();
    let page = open(&browser, &report("demo", &browser.folder()));
    page.eval::<Value>("looks.unfold()");
    let before: Table = page.eval(TABLE);
    assert!(before.counts.len() > 10, "{before:?}");
    page.eval::<Value>(
        r#"[...document.querySelectorAll("table.sortable thead button")]
             .find((one) => one.textContent.trim() === "Count").setAttribute("data-pressed", "")"#,
    );
    page.click("[data-pressed]");
    let first: Table = page.eval(TABLE);
    let mut wanted = before.counts.clone();
    wanted.sort_by(f64::total_cmp);
    let word = first.sorted[0].clone().unwrap();
    if word == "Count descending" {
        wanted.reverse();
    } else {
        assert_eq!(word, "Count ascending");
    }
    assert_eq!((&first.counts, first.sorted.len()), (&wanted, 1));

    // The same by keyboard, from the top of the page.
    page.eval::<Value>("looks.begin()");
    for _ in 0..400 {
        if page.eval::<bool>("document.activeElement.hasAttribute('data-pressed')") {
            break;
        }
        page.press("Tab");
    }
    page.press("Enter");
    let second: Table = page.eval(TABLE);
    wanted.reverse();
    assert_eq!(
        (&second.counts, second.sorted.len()),
        (&wanted, 1),
        "{second:?}"
    );
    assert_ne!(second.sorted[0].as_ref(), Some(&word));
    assert_eq!(second.focused, "Count", "the focus stays where it was");
    page.press("Space");
    let third: Table = page.eval(TABLE);
    assert_eq!(third.counts, first.counts);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// Appends [`HOSTILE`] to every text for people below `value`; `name` where the name has them.
fn poison(value: &mut Value, under: &str) {
    const TEXTS: [&str; 17] = [
        "name",
        "question",
        "reasons",
        "load",
        "warnings",
        "not_tested",
        "environment",
        "sentence",
        "evidence",
        "advice",
        "text",
        "figure",
        "statement",
        "title",
        "limit",
        "operation",
        "reason",
    ];
    match value {
        Value::String(text)
            if TEXTS.contains(&under) && !["before", "after", "total"].contains(&text.as_str()) =>
        {
            text.push_str(HOSTILE);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, under)),
        Value::Object(fields) => {
            for (name, field) in fields {
                poison(field, name);
            }
        }
        _ => {}
    }
}

#[test]
fn what_the_target_named_is_shown_and_never_run() {
    let browser = Browser::start();
    let mut hostile = summary("demo");
    let reason = "expected 200, got 503: body";
    let failure = json!({ "operation": "mentors.list", "reason": reason, "count": 3 });
    hostile["trials"][0]["failures"] = json!([failure]);
    poison(&mut hostile, "");
    let folder = browser.folder();
    store(&hostile, &folder);
    let made = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(
        made.contains("window.ran"),
        "nothing of it reached the page"
    );
    let page = open(
        &browser,
        &format!("file://{}/report.html", folder.display()),
    );
    page.eval::<Value>("looks.unfold()");
    let shown: String = page.eval("document.body.innerText");
    assert!(
        shown.contains("<script>window.ran = 1</script>"),
        "it is not shown as text"
    );
    let wanted = format!("3 x mentors.list{HOSTILE} (");
    assert!(shown.contains(&wanted), "no failure of {wanted}");
    let wanted = format!("{reason}{HOSTILE}");
    assert!(shown.contains(&wanted), "no failure with {wanted}");
    assert!(page.eval::<bool>("window.ran === undefined && !document.querySelector('img')"));
    // An attempt that the policy refused would be in the log.
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_eq!(page.requests().len(), 1, "{:?}", page.requests());
}

#[test]
fn the_names_of_faults_do_not_cross_each_other() {
    let browser = Browser::start();
    let mut faulty = summary("demo");
    let faults = [
        ("redis.down", 2.0),
        ("redis.slow", 2.2),
        ("postgres.down", 6.9),
    ];
    let faults = faults.map(|(name, at)| {
        json!({ "fault": name, "at_s": at, "for_s": 0.1, "failed": 0, "recovery": "not_recovered" })
    });
    faulty["trials"][0]["faults"] = json!(faults);
    let folder = browser.folder();
    store(&faulty, &folder);
    let page = open(
        &browser,
        &format!("file://{}/report.html", folder.display()),
    );
    walk(&page);
    page.until("document.querySelectorAll('.is-live canvas').length > 2");
    page.eval::<Value>(
        "(() => {
            window.names = [];
            const write = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
                if (/^(redis|postgres)[.]/.test(text)) names.push({ text, on: this.canvas, left: x, right: x + this.measureText(text).width, y: Math.round(y) });
                return write.apply(this, arguments);
            };
            document.dispatchEvent(new Event('colours'));
        })()",
    );
    page.until("names.length >= 6");
    let wrong = "names.some((one, at) => one.right > one.on.width || names.slice(0, at).some((other) => one.text !== other.text && one.on === other.on && one.y === other.y && one.left < other.right && other.left < one.right))";
    assert!(!page.eval::<bool>(wrong));
}
