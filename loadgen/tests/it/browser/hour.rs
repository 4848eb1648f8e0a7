//! A report of an hour by the second, thirty operations and two arms opens like a small one.

use serde_json::{Value, json};

use super::looks::{ask, charts};
use crate::support::{Browser, Page, report, store, summary};

/// Seconds of each trial.
const HOUR: u64 = 3_600;
/// Operations of each arm.
const OPERATIONS: usize = 30;
/// How often each report is opened; the middle one counts.
const ROUNDS: usize = 5;
/// How many times as long as the small one it may take.
const TIMES: f64 = 10.0;

/// The first of an hour's trials, one of each arm, made from those of a short experiment.
fn hour() -> Value {
    let mut whole = summary("demo");
    for arm in whole["arms"].as_array_mut().unwrap() {
        thirty(&mut arm["operations"]);
    }
    let trials = whole["trials"].as_array_mut().unwrap();
    let first = trials[0]["block"].clone();
    trials.retain(|trial| trial["block"] == first);
    assert_eq!(trials.len(), 2);
    for trial in trials {
        thirty(&mut trial["operations"]);
        let short = trial["series"].as_array().unwrap().clone();
        let long = (0..HOUR).map(|second| {
            let mut one = short[usize::try_from(second).unwrap() % short.len()].clone();
            one["second"] = json!(second);
            // No second is like another: equal ones would be drawn as one line.
            let swing =
                1.0 + 0.4 * (second as f64 / 37.0).sin() + 0.2 * (second as f64 * 1.7).cos();
            for name in ["p50_ms", "p95_ms", "p99_ms"] {
                if let Some(value) = one[name].as_f64() {
                    one[name] = json!(value * swing);
                }
            }
            one["planned"] = json!(200 + second % 23);
            one["completed"] = json!(190 + second % 31);
            one["failed"] = json!(second % 5);
            one
        });
        trial["series"] = long.collect();
    }
    whole
}

/// Makes thirty operations of those that are there.
fn thirty(operations: &mut Value) {
    let few = operations.as_array().unwrap().clone();
    let many = (0..OPERATIONS).map(|place| {
        let mut one = few[place % few.len()].clone();
        one["name"] = json!(format!("area{}.operation_{place}", place % 6));
        one
    });
    *operations = many.collect();
}

/// Milliseconds until the page was parsed, loaded and first painted.
fn open(page: &Page<'_>, url: &str) -> [f64; 3] {
    page.go("about:blank");
    page.go(url);
    page.until("performance.getEntriesByName('first-contentful-paint').length && performance.getEntriesByType('navigation')[0].loadEventEnd > 0");
    page.eval(
        r#"(() => {
             const [whole] = performance.getEntriesByType("navigation");
             const [paint] = performance.getEntriesByName("first-contentful-paint");
             return [whole.domContentLoadedEventEnd, whole.loadEventEnd, paint.startTime];
           })()"#,
    )
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

#[test]
fn an_hour_of_thirty_operations_is_small_and_opens_at_once() {
    let browser = Browser::alone();
    let folder = browser.folder();
    let bytes = store(&hour(), &folder.join("hour"));
    assert!(bytes < 3_000_000, "{bytes} bytes");
    let small = report("demo", &folder.join("small"));
    let large = format!("file://{}/report.html", folder.join("hour").display());

    // In turn, so that a busy moment of the machine meets both.
    let page = browser.page();
    let mut times: [Vec<[f64; 3]>; 2] = [vec![], vec![]];
    for _ in 0..ROUNDS {
        times[0].push(open(&page, &small));
        times[1].push(open(&page, &large));
    }
    for (part, name) in ["parsed", "loaded", "painted"].into_iter().enumerate() {
        let [small, large] =
            [0, 1].map(|which| middle(times[which].iter().map(|one| one[part]).collect()));
        let ratio = large / small;
        println!("{name}: {small:.0} and {large:.0} ms, {ratio:.1} times");
        assert!(ratio < TIMES, "{name}: {small:.0} ms became {large:.0}");
    }

    ask(&page);
    let drawn = charts(&page);
    assert!(
        drawn.len() > 3 && drawn.iter().all(|chart| chart.drawn > 2),
        "{drawn:?}"
    );
    assert!(page.eval::<bool>("document.body.innerText.includes('area5.operation_29')"));
    assert_eq!(page.complaints(), Vec::<String>::new());
    page.screenshot("report_hour");
}
