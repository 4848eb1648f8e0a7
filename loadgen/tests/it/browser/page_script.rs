//! What the script of the live page makes of figures that are given to it: moments of a run that a real one
//! comes to too rarely to wait for.

use serde_json::{Value, json};

use crate::support::{Browser, Page, Served, results, store, summary};

/// The page of a server without runs, once it has the server's state: one that came later would take the
/// place of what a test gives to the page. The word alone comes with what can be started, too.
fn idle<'a>(browser: &'a Browser, served: &Served) -> Page<'a> {
    let page = browser.open(served.url());
    page.until("Array.isArray(known.history) && byId('state').textContent === 'idle'");
    page
}

/// A tick of a trial, seen by the server at `at` milliseconds, with `failed` requests since the trial began.
fn tick(at: i64, failed: u64) -> Value {
    let tick = json!({
        "arm": "run", "block": 0, "blocks": 0, "phase": "measure", "second": 1.0, "elapsed_s": 1.0, "total_s": 60.0,
        "total_known": true, "offered": 10.0, "achieved": 10.0, "in_flight": 1, "p50_ms": 2.0, "p95_ms": 4.0,
        "p99_ms": 8.0, "started": 10, "completed": 10_000, "failed": failed, "errors": {},
        "histogram": [{ "from_ms": 1.0, "to_ms": 2.0, "count": 7 }],
        "operations": [{
            "name": "shop.list", "count": 70, "failed": 0, "per_s": 10.0, "p50_ms": 2.0, "p95_ms": 4.0, "p99_ms": 8.0,
        }],
        "target": null, "doubts": [], "thresholds": [],
    });
    json!({ "at": at, "tick": tick, "adjustable": { "kind": "nothing", "why": "x" } })
}

/// The whole state of a command, as the server sends it.
fn state(running: bool, now: &Value, history: &[Value]) -> Value {
    json!({
        "running": running, "stopping": false, "stage": null, "now": now, "history": history, "trials": [], "log": [],
        "ended": null, "failure": null, "adjustable": { "kind": "nothing", "why": "x" },
        "begun": {
            "command": "run", "name": "core", "question": "", "load": "", "folder": "f", "at": "2026-01-01T00:00:00Z",
        },
    })
}

/// Tells the page that it is in the background, or in front again.
fn hide(page: &Page<'_>, hidden: bool) {
    page.eval::<Value>(&format!(
        "(() => {{
            Object.defineProperty(document, 'hidden', {{ configurable: true, value: {hidden} }});
            document.dispatchEvent(new Event('visibilitychange'));
        }})()"
    ));
}

#[test]
fn a_tab_in_the_background_shows_the_end_of_a_run_when_it_is_looked_at_again() {
    let browser = Browser::start();
    let folder = browser.folder();
    let served = Served::folder(&folder);
    let page = idle(&browser, &served);
    hide(&page, true);
    let last = tick(60_000, 0);
    page.eval::<Value>(&format!("whole({})", state(true, &last, &[])));
    page.eval::<Value>(&format!("whole({})", state(false, &last, &[])));
    let shown =
        "[byId('operations').rows.length, byId('histogram').querySelectorAll('rect').length]";
    assert_eq!(page.eval::<Value>(shown), json!([0, 0]));
    // A run of another command, of which this page hears nothing.
    results(&folder);
    hide(&page, false);
    assert_eq!(page.eval::<Value>(shown), json!([1, 1]));
    page.until("byId('runs').rows.length === 3");
}

#[test]
fn a_percentile_beyond_the_timeout_is_not_an_unknown_one() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    assert_eq!(
        page.eval::<Value>(r#"[12.5, "beyond_timeout", { too_few: 13 }, null].map(percentile)"#),
        json!(["13", "∞", "–", "–"])
    );
}

#[test]
fn commas_inside_of_a_value_do_not_end_it() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let text = json!("auth.hash=argon2id(19456,2,1), pool.max=5\nauth.placement=bounded(32),");
    assert_eq!(
        page.eval::<Value>(&format!("separate({text})")),
        json!([
            "auth.hash=argon2id(19456,2,1)",
            "pool.max=5",
            "auth.placement=bounded(32)"
        ])
    );
}

#[test]
fn a_page_that_opens_late_takes_no_count_for_a_rate() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let history = [tick(60_000, 5_000), tick(61_000, 5_003)];
    let state = state(true, &tick(62_000, 5_003), &history);
    page.eval::<Value>(&format!("whole({state})"));
    assert_eq!(
        page.eval::<Value>("charts.points.map((one) => one.values.failures)"),
        json!([null, 3, 0])
    );
}

#[test]
fn charts_go_on_where_the_time_of_day_is_set_back() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let state = state(true, &tick(3_600_000, 0), &[]);
    page.eval::<Value>(&format!("whole({state})"));
    for at in [1_000, 2_000] {
        page.eval::<Value>(&format!("tick({})", tick(at, 0)));
    }
    assert_eq!(
        page.eval::<Value>("charts.points.map((one) => one.at)"),
        json!([1_000, 2_000])
    );
}

#[test]
fn the_words_of_marks_do_not_cross_each_other() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let history: Vec<_> = (0..60).map(|second| tick(second * 1_000, 0)).collect();
    let mut state = state(true, &tick(60_000, 0), &history);
    // Key presses follow each other quickly: ten per cent more, and again.
    let marks = [10, 11, 12, 13, 40, 45, 46, 47].map(|second| {
        json!({ "at": second * 1_000, "kind": "load", "text": "rate changed from 20 to 22 a second" })
    });
    state["log"] = json!(marks);
    page.eval::<Value>(&format!(
        "(() => {{
            window.words = [];
            const write = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {{
                if (text.startsWith('rate changed')) {{
                    const wide = this.measureText(text).width;
                    const left = this.textAlign === 'right' ? x - wide : x;
                    words.push({{ left, right: left + wide, y: Math.round(y) }});
                }}
                return write.apply(this, arguments);
            }};
            whole({state});
            // As after a change of the width; the words of this drawing alone.
            words.length = 0;
            charts.shown[0].plot.redraw();
        }})()"
    ));
    page.until("words.length >= 6");
    let crossing = "words.slice(0, 6).some((one, at) => words.slice(0, at).some((other) => one.y === other.y && one.left < other.right && other.left < one.right))";
    assert!(!page.eval::<bool>(crossing));
}

#[test]
fn a_second_press_before_the_answer_sends_nothing() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    page.until("byId('what').value !== ''");
    page.eval::<Value>(
        "(() => {
            window.sent = 0;
            window.answers = [];
            window.fetch = () => { sent += 1; return new Promise((answer) => answers.push(answer)); };
            byId('start').requestSubmit();
            byId('start').requestSubmit();
        })()",
    );
    assert_eq!(page.eval::<u32>("sent"), 1);
    page.eval::<Value>("(() => { answers[0](new Response('{}')); })()");
    page.until("!starting");
    page.eval::<Value>("(() => { byId('start').requestSubmit(); })()");
    assert_eq!(page.eval::<u32>("sent"), 2);
}

#[test]
fn a_refusal_is_no_list_of_what_can_be_started() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    page.until("byId('what').value !== ''");
    let refused = "(async () => {
        window.fetch = async () => new Response('{\"error\":\"no\"}', { status: 401 });
        catalogue = null;
        await offer();
        return catalogue === null;
    })()";
    assert!(page.eval::<bool>(refused));
}

#[test]
fn a_long_run_keeps_no_more_lines_than_the_server() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let trial = json!({
        "folder": "t", "arm": "run", "block": 0, "validity": "VALID", "rate_per_s": 1.0, "p50_ms": 1.0,
        "p97_5_ms": 2.0, "planned": 1, "failed": 0, "violations": null,
    });
    page.eval::<Value>(&format!(
        "(() => {{
            for (let one = 0; one < 450; one += 1) {{
                trial({trial});
                keep(known.trials, {trial});
            }}
        }})()"
    ));
    assert_eq!(
        page.eval::<Value>("[byId('trials').rows.length, known.trials.length]"),
        json!([200, 200])
    );
}

#[test]
fn the_outcome_has_the_confidence_that_the_reports_print() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let mut state = state(false, &Value::Null, &[]);
    let confidence = "12 VALID, 1 NOISY, 0 INVALID trial(s); 13 of 13 audit(s) made";
    state["ended"] = json!({
        "folder": "f", "confidence": confidence,
        "verdict": { "word": "IMPROVED", "headline": "total p50 IMPROVED 0.5x", "reasons": ["it is so"] },
    });
    let shown = "[byId('confidence').hidden, byId('confidence').textContent]";
    page.eval::<Value>(&format!("whole({state})"));
    assert_eq!(page.eval::<Value>(shown), json!([false, confidence]));
    state["ended"] = Value::Null;
    page.eval::<Value>(&format!("whole({state})"));
    assert_eq!(page.eval::<Value>(shown), json!([true, ""]));
}

#[test]
fn thresholds_are_shown_as_broken_kept_or_not_known_yet() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let mut now = tick(1_000, 0);
    now["tick"]["thresholds"] = json!([
        { "text": "p95 < 1ms", "figure": "4.00 ms", "broken": true },
        { "text": "errors < 1%", "figure": "0 %", "broken": false },
        { "text": "p99 < 5ms", "figure": null, "broken": false },
    ]);
    page.eval::<Value>(&format!("whole({})", state(true, &now, &[])));
    let shown = "[...byId('thresholds').children].map((one) => [one.firstChild.className.trim(), one.textContent.trim()])";
    assert_eq!(
        page.eval::<Value>(shown),
        json!([
            ["pill bad", "broken so far p95 < 1ms 4.00 ms"],
            ["pill good", "kept so far errors < 1% 0 %"],
            ["pill", "not known yet p99 < 5ms"],
        ])
    );
    assert!(!page.eval::<bool>("byId('thresholds').hidden"));
    page.eval::<Value>(&format!("tick({})", tick(2_000, 0)));
    assert!(page.eval::<bool>("byId('thresholds').hidden"));
}

#[test]
fn a_past_run_has_its_rate_its_p95_its_errors_and_its_shape() {
    let browser = Browser::start();
    let folder = browser.folder();
    let mut run = summary("demo");
    let total = &mut run["arms"][1]["total"];
    total["rate_per_s"] = json!(50.0);
    total["success"] = json!(0.98);
    total["response"]["p95"] = json!(12.25);
    let effects = run["effects"].as_array_mut().unwrap();
    let claim = effects.iter_mut().find(|one| one["primary"] == true);
    claim.unwrap()["block_ratios"] = json!([0.5, 0.25, 0.75]);
    store(
        &run,
        &folder.join("runs/20261121T100000Z_experiment_demo_000001"),
    );
    let served = Served::folder(&folder);
    let page = idle(&browser, &served);
    page.until("byId('runs').rows.length === 1");
    let cells = "[...byId('runs').rows[0].cells].slice(5, 8).map((one) => one.textContent)";
    assert_eq!(page.eval::<Value>(cells), json!(["50/s", "12", "2.0 %"]));
    let cell = |at: u32| format!("byId('runs').rows[0].cells[{at}]");
    assert!(page.eval::<bool>(&format!("{}.classList.contains('bad')", cell(7))));
    // A line through every block: 96 wide, and the largest ratio is at the top.
    let line = format!(
        "{}.querySelector('svg.spark path').getAttribute('d')",
        cell(8)
    );
    assert_eq!(page.eval::<String>(&line), "M0.0 11.0L48.0 20.0L96.0 2.0");
}
