//! `loadgen results` on a folder of runs, hostile names among them.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::{Value, json};

use crate::support::loadgen;

/// A hostile name of a suite.
const EVIL: &str = "\u{1b}[2J$(touch pwned)\n::error::x";

/// A run that ended on a day of August.
fn ended(results: &Path, name: &str, day: u32) {
    let folder = format!("2026-08-{day:02}T12-00-00Z_run_x_{day:07}");
    let path = results.join("runs").join(&folder);
    fs::create_dir_all(path.join("trials/run")).unwrap();
    let write = |name: &str, value: Value| fs::write(path.join(name), value.to_string()).unwrap();
    write(
        "manifest.json",
        json!({ "command": "run", "name": name, "took_s": 3.0 }),
    );
    write(
        "verdict.json",
        json!({
            "word": "PASSED", "exit_code": 0, "headline": "p95 2.40 ms",
            "confidence": {
                "valid": 1, "noisy": 0, "invalid": 0, "controls_passed": 0, "controls_failed": 0, "controls_not_checked": 0,
                "audits": { "expected": 1, "made": 1 },
            },
        }),
    );
    fs::write(path.join("trials/run/series.csv"), "second\n1\n").unwrap();
}

/// What is printed, what is complained about, and the exit code.
fn listed(results: &Path, arguments: &str) -> (String, String, Option<i32>) {
    let output = loadgen(["results"].into_iter().chain(arguments.split_whitespace()))
        .args(["--results", results.to_str().unwrap()])
        .current_dir(results)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn shelf() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for day in 1..=5 {
        ended(root.path(), if day == 4 { EVIL } else { "core" }, day);
    }
    symlink(
        "runs/2026-08-01T12-00-00Z_run_x_0000001",
        root.path().join("latest"),
    )
    .unwrap();
    fs::create_dir(root.path().join("runs/precious")).unwrap();
    root
}

#[test]
fn runs_are_listed_the_newest_first_whatever_they_are_called() {
    let root = shelf();
    let (text, _, code) = listed(root.path(), "list");
    assert_eq!(code, Some(0), "{text}");
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            line.split_whitespace()
                .find(|word| word.starts_with("000000"))
        })
        .collect();
    assert_eq!(ids, ["0000005", "0000004", "0000003", "0000002", "0000001"]);
    assert!(!text.contains('\u{1b}') && !text.contains("\n::"), "{text}");
    let (text, ..) = listed(root.path(), "list --limit 2 --name core");
    assert!(
        text.contains("and 2 older runs") && !text.contains("0000004"),
        "{text}"
    );
    let (text, ..) = listed(root.path(), "list --json");
    let all: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 5);
    assert_eq!(
        (&all[1]["name"], &all[1]["verdict"]),
        (&json!(EVIL), &json!("PASSED"))
    );
}

#[test]
fn old_runs_are_removed_and_said_and_nothing_else_is() {
    let root = shelf();
    let runs = root.path().join("runs");
    let count = || fs::read_dir(&runs).unwrap().count();
    let (text, ..) = listed(root.path(), "prune --keep 2 --dry-run");
    assert_eq!(text.matches("would remove 2026").count(), 2, "{text}");
    assert_eq!(count(), 6);
    let (text, _, code) = listed(root.path(), "prune --keep 2");
    assert_eq!(
        (code, text.matches("removed 2026").count()),
        (Some(0), 2),
        "{text}"
    );
    // `latest` and what is no run stay.
    assert!(runs.join("precious").is_dir());
    assert!(root.path().join("latest/manifest.json").is_file());
    assert_eq!(count(), 4);
    let (text, complaint, code) = listed(root.path(), "prune");
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(
        complaint.contains("--keep") && complaint.lines().count() == 1,
        "{complaint}"
    );
    let (.., code) = listed(root.path(), "prune --older-than 5000w --keep 0");
    assert_eq!((code, count()), (Some(0), 4));
}

#[test]
fn a_run_is_packed_into_a_file_of_its_name() {
    let root = shelf();
    let (text, complaint, code) = listed(root.path(), "export 0000004");
    assert_eq!(code, Some(0), "{complaint}");
    assert!(
        text.contains("2026-08-04T12-00-00Z_run_x_0000004.tar.gz: 3 files"),
        "{text}"
    );
    let packed = root
        .path()
        .join("2026-08-04T12-00-00Z_run_x_0000004.tar.gz");
    let first = fs::read(&packed).unwrap();
    listed(root.path(), "export 0000004 --out again.tar.gz");
    assert_eq!(fs::read(root.path().join("again.tar.gz")).unwrap(), first);
    let (_, complaint, code) = listed(root.path(), "export 0000004 --format html");
    assert_eq!(code, Some(2));
    assert!(complaint.contains("report.html"), "{complaint}");
}
