//! `loadgen history` on folders of experiments that have ended.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::loadgen;

/// An experiment of a day whose claim came out as this ratio.
fn ended(results: &Path, name: &str, day: u32, ratio: f64) {
    let effect = json!({
        "metric": "mentors.list p97.5", "primary": true, "unit": "ms", "kind": "latency",
        "before": 100.0, "after": 100.0 * ratio, "ratio": ratio,
        "interval": [ratio * 0.9, ratio * 1.1], "level": 0.97,
        "block_ratios": [], "decision": "IMPROVED", "sentence": "", "smallest": null,
    });
    let summary = json!({
        "schema_version": 3, "kind": "experiment", "name": name, "question": "",
        "started_at": format!("2026-11-{day:02}T10:00:00Z"), "took_s": 60.0, "interrupted": false,
        "verdict": {
            "word": "IMPROVED", "exit_code": 0, "headline": "", "as_expected": null, "reasons": [],
            "confidence": {
                "valid": 12, "noisy": 0, "invalid": 0, "controls_passed": 0, "controls_failed": 0, "controls_not_checked": 0,
                "audits": { "expected": 12, "made": 12 },
            },
        },
        "application": {
            "name": "", "areas": [], "processes": [], "cache_kinds": {},
        },
        "controls": [], "recommendations": [],
        "load": "open: 20/s iterations; 6 blocks of two trials in an order drawn by lot",
        "arms": [], "trials": [], "effects": [effect], "thresholds": [],
        "environment": [["target build", format!("build {}", u32::from(day > 5))]],
        "warnings": [], "not_tested": [],
    });
    let folder = results.join(format!("runs/2026-11-{day:02}_experiment_{name}_{day:07}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("summary.json"), summary.to_string()).unwrap();
}

/// What is printed, and the exit code.
fn printed(results: &Path, arguments: &str) -> (String, Option<i32>) {
    let fixed = ["history", "--results", results.to_str().unwrap()];
    let output = loadgen(fixed.into_iter().chain(arguments.split_whitespace()))
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    (text, output.status.code())
}

#[test]
fn a_claim_that_got_worse_from_one_build_on_is_marked_beside_that_build() {
    let root = tempfile::tempdir().unwrap();
    for day in 1..=10 {
        let ratio = if day > 5 { 0.4 } else { 0.1 };
        ended(
            root.path(),
            "mentor_cache",
            day,
            ratio + f64::from(day) * 0.001,
        );
    }
    let (text, code) = printed(root.path(), "");
    assert_eq!(code, Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let at = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap();
    let changed = at("== mentors.list p97.5 changed: 0.103 -> 0.408");
    assert_eq!(
        at("now target build build 0 -> build 1") + 1,
        changed,
        "{text}"
    );
    assert!(lines[changed + 1].contains("0000006"), "{text}");
    let (table, _) = printed(root.path(), "--csv");
    assert_eq!(table.lines().count(), 11);
}

#[test]
fn two_names_in_one_folder_are_refused_until_one_is_chosen() {
    let root = tempfile::tempdir().unwrap();
    ended(root.path(), "mentor_cache", 1, 0.5);
    ended(root.path(), "pool_size", 2, 0.5);
    let (text, code) = printed(root.path(), "");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--name"), "{text}");
    let (text, code) = printed(root.path(), "--name pool_size");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("from 8 on"), "{text}");
    let (text, code) = printed(root.path(), "--name pool_size --metric nonsense");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("mentors.list p97.5"), "{text}");
}
