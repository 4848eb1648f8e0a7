//! `loadgen bench --target` for real, in its quick form: every part has its figures or says why not, and
//! the table says what the object says. No figure is asserted.

use serde_json::Value;

use crate::support::loadgen;

/// Every part, with its aim.
const PARTS: [(&str, &str); 6] = [
    ("read by key, pooled", ">= 0.60"),
    ("read by key, pipelined", ">= 0.60"),
    ("cached page, Redis", ">= 0.50"),
    ("cached page, tiered", ">= 0.70"),
    ("logins", ">= 0.90"),
    ("booking, one client", "<= 1.50"),
];

fn printed(arguments: &[&str]) -> String {
    let all = ["bench", "--target", "--quick"].iter().chain(arguments);
    let output = loadgen(all.copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    for secret in ["postgres://", "redis://"] {
        assert!(!text.contains(secret) && !said.contains(secret), "{said}");
    }
    text
}

/// What a side has: a figure of both rounds, or the reason why it has none.
fn has_figure(part: &Value, side: &str) -> bool {
    let side = &part[side];
    match &side["figure"] {
        Value::Null => {
            let why = side["missing"].as_str().unwrap_or_default();
            assert!(!why.is_empty(), "no figure and no reason: {part:#}");
            assert!(!why.contains('\n'), "{why}");
            false
        }
        figure => {
            assert_eq!(figure["rounds"], 2, "{part:#}");
            assert!(figure["median"].as_f64() > Some(0.0), "{part:#}");
            assert!(side["missing"].is_null(), "{part:#}");
            true
        }
    }
}

#[test]
fn every_part_has_figures_or_a_reason_and_the_table_agrees_with_the_object() {
    let object: Value = serde_json::from_str(&printed(&["--json"])).unwrap();
    let text = printed(&[]);
    assert!(text.contains("no measurement"), "{text}");
    assert_eq!(object["quick"], true, "{object:#}");
    let parts = object["parts"].as_array().unwrap();
    assert_eq!(parts.len(), PARTS.len(), "{object:#}");
    for (part, (name, aim)) in parts.iter().zip(PARTS) {
        assert_eq!(part["name"], name);
        assert_eq!(part["verdict"], "not_measured", "{part:#}");
        assert!(part["reason"].is_string(), "{part:#}");
        let sides = ["ours", "bare"].map(|side| has_figure(part, side));
        // Whatever else the machine lacks, it has the backend.
        assert!(sides[0], "{part:#}");
        let whole = sides == [true, true];
        assert_eq!(part["ratio"].is_object(), whole, "{part:#}");
        let row = text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(row.contains(aim) && row.ends_with("not measured"), "{row}");
        let dashes = if whole { 0 } else { 3 };
        assert_eq!(row.matches('–').count(), dashes, "{row}");
        for side in ["ours", "bare"] {
            // The figures in it differ from run to run.
            let what = part[side]["what"].as_str().unwrap();
            let first = what.split(' ').next().unwrap();
            assert!(!first.is_empty() && text.contains(first), "{first}: {text}");
        }
    }
    // One statement each, by the backend's own count: that is what makes it a read by key.
    for part in &parts[..2] {
        let read = part["ours"]["what"].as_str().unwrap();
        assert!(read.ends_with("1.00 statements a request"), "{read}");
    }
    // Of 0.8 s of two rounds there is no 99th percentile.
    let beside = &object["beside_logins"];
    assert!(beside["missing"].is_null(), "{beside}");
    assert!(beside["beside_p99"]["too_few"].is_u64(), "{beside}");
    assert!(
        text.contains("p99 of the cached page at 200 requests/s: –"),
        "{text}"
    );
}
