//! What `loadgen http` stores is reported, compared, kept as a baseline and decided on like any
//! other run.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{KnownServer, loadgen};

/// What is printed, what is complained about, and the exit code.
fn printed(results: &Path, arguments: &str) -> (String, String, Option<i32>) {
    let output = loadgen(arguments.split_whitespace())
        .args(["--results", results.to_str().unwrap()])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

/// The folder of the newest run.
fn latest(results: &Path) -> PathBuf {
    results.join("latest").canonicalize().unwrap()
}

/// Requests of a run of which none failed: enough to say that no failure is no chance.
const ENOUGH: u64 = 5_000;

/// A valid run like `of`, of another day, with another tail and so many requests, none of which
/// failed.
fn like(results: &Path, of: &Path, day: u32, p97_5: f64, requests: u64) -> String {
    let name = format!("2026-01-{day:02}T12-00-00Z_http_x_{day:07}");
    let folder = results.join("runs").join(&name);
    fs::create_dir_all(&folder).unwrap();
    for file in ["manifest.json", "verdict.json"] {
        fs::copy(of.join(file), folder.join(file)).unwrap();
    }
    let text = fs::read(of.join("summary.json")).unwrap();
    let mut summary: Value = serde_json::from_slice(&text).unwrap();
    summary["started_at"] = json!(format!("2026-01-{day:02}T12:00:00Z"));
    summary["verdict"]["word"] = json!("PASSED");
    summary["trials"][0]["validity"]["word"] = json!("VALID");
    summary["trials"][0]["total"]["response"]["p97_5"] = json!(p97_5);
    summary["trials"][0]["total"]["planned"] = json!(requests);
    summary["trials"][0]["total"]["success"] = json!(1.0);
    fs::write(folder.join("summary.json"), summary.to_string()).unwrap();
    name
}

#[test]
fn a_request_is_reported_compared_and_decided_on_like_any_other_run() {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let url = format!("{}?token=hush", server.url());
    let root = tempfile::tempdir().unwrap();
    let results = root.path();
    let junit = root.path().join("junit.xml");
    let request = format!(
        "http {url} -R 100 -d 1s --quiet -H x-key:hush --junit {}",
        junit.display()
    );
    let (text, errors, _) = printed(results, &request);
    let run = latest(results);
    assert!(text.contains("report.html"), "{text}{errors}");
    assert!(junit.is_file());
    for file in [
        "report.html",
        "report.md",
        "summary.json",
        "input/request.txt",
    ] {
        let stored = fs::read_to_string(run.join(file)).unwrap();
        assert!(!stored.contains("hush"), "{file} holds a secret");
    }
    assert!(run.join("trials/http/latency.hlog").is_file());

    let names: Vec<String> = (1..=5)
        .map(|day| like(results, &run, day, 10.0 + f64::from(day % 3) * 0.1, ENOUGH))
        .collect();
    let (text, errors, code) = printed(results, &format!("results baseline main {}", names[4]));
    assert_eq!(code, Some(0), "{text}{errors}");
    assert!(printed(results, "results list").0.contains("baseline main"));
    let shown = format!("{}?token", server.url());
    let (text, errors, code) = printed(results, &format!("history --name {shown} --csv"));
    assert_eq!(code, Some(0), "{text}{errors}");
    assert!(text.lines().count() > 5, "{text}");
    let (text, errors, code) = printed(results, &format!("compare {} {}", names[0], names[1]));
    assert_eq!(code, Some(0), "{text}{errors}");

    let worse = like(results, &run, 20, 20.0, ENOUGH);
    let compare = |run: &str| {
        printed(
            results,
            &format!("compare --baseline main {run} --format md"),
        )
    };
    let (text, errors, code) = compare(&worse);
    assert_eq!(code, Some(99), "{text}{errors}");
    assert!(text.starts_with("### loadgen: REGRESSED"), "{text}");
    assert!(
        text.contains("| **REGRESSED** |") && text.contains(" to "),
        "{text}"
    );
    assert!(text.contains("4 runs like it before it"), "{text}");
    let same = like(results, &run, 21, 10.1, ENOUGH);
    let (text, errors, code) = compare(&same);
    assert_eq!(code, Some(0), "{text}{errors}");
    assert!(!text.contains("REGRESSED"), "{text}");
    // A hundred requests without a failure can hide many: that metric is open, and so is the gate.
    let few = like(results, &run, 22, 10.1, 100);
    let (text, errors, code) = compare(&few);
    assert_eq!(code, Some(96), "{text}{errors}");
    assert!(
        text.starts_with("### loadgen: INCONCLUSIVE (1 of 2 metrics not decided)"),
        "{text}"
    );
    assert!(text.contains("takes about 3,000 on each"), "{text}");
    let (_, errors, code) = compare(&names[4]);
    assert!(code == Some(2) && errors.contains("itself"), "{errors}");
    // A run is one figure: neither twice on one side, nor on both.
    let (_, errors, code) = compare(&format!("{worse} {few} {worse}"));
    assert!(
        code == Some(2) && errors.contains(&format!("{worse} is named twice")),
        "{errors}"
    );
    let (text, errors, _) = compare(&names[0]);
    assert!(text.contains("3 runs like it before it"), "{text}{errors}");

    let (text, _, _) = printed(results, "results prune --keep 0");
    assert!(
        text.contains(&names[3]) && !text.contains(&names[4]),
        "{text}"
    );
    assert!(results.join("runs").join(&names[4]).is_dir());
    let (_, errors, code) = printed(results, "compare --baseline mian");
    assert!(code == Some(2) && errors.contains("main"), "{errors}");
    assert_eq!(
        printed(results, "results baseline main --remove").2,
        Some(0)
    );
    assert!(!printed(results, "results list").0.contains("baseline main"));
}
