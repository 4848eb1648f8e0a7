//! What is published agrees with itself: the requests that the target counted are those that its
//! clients got answered, and the reports are of the figures beside them.

use std::{fs, path::PathBuf};

use serde_json::Value;

/// Requests of a trial that may be counted by one side alone: those within this time of an edge of
/// the window, at the rate of the trial.
const EDGE_S: f64 = 0.35;

/// Operations of frames that the target sends unasked: they are no requests.
const UNASKED: [&str; 3] = ["chat.deliver", "sessions.present", "notifications.push"];

/// Requests of a trial with one outcome; with any where it is `None`.
fn with_outcome(trial: &Value, wanted: Option<&str>) -> f64 {
    let operations = trial["operations"].as_array().unwrap();
    let asked = operations
        .iter()
        .filter(|one| !UNASKED.contains(&one["name"].as_str().unwrap()));
    asked
        .flat_map(|one| one["outcomes"].as_object().unwrap())
        .filter(|(outcome, _)| wanted.is_none_or(|wanted| wanted == *outcome))
        .map(|(_, count)| count.as_f64().unwrap())
        .sum()
}

#[test]
fn the_target_counted_what_the_clients_of_every_published_trial_got_answered() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/published");
    let folders = std::fs::read_dir(published).unwrap();
    let (mut trials, mut beyond) = (0, 0);
    for summary in folders.map(|one| one.unwrap().path().join("summary.json")) {
        let Ok(text) = std::fs::read(&summary) else {
            continue;
        };
        let whole: Value = serde_json::from_slice(&text).unwrap();
        for trial in whole["trials"].as_array().unwrap() {
            let Some(counted) = trial["server"]["requests"].as_f64() else {
                continue;
            };
            let answered = with_outcome(trial, None);
            let window_s = trial["server"]["window_s"].as_f64().unwrap();
            // In flight at an edge are as many as come in the time that one takes (Little's law), and
            // what a client gave up may end at the target later or never.
            let mean_s = trial["total"]["service"]["mean"].as_f64().unwrap_or(0.0) / 1e3;
            let at_edges = 2.0 * (EDGE_S + mean_s) * answered / window_s;
            let crossing = at_edges.max(4.0) + with_outcome(trial, Some("timeout"));
            // A search loads the target beyond its capacity on purpose: so many are on their way then
            // that the two counts say nothing of each other.
            if whole["kind"] == "capacity" && crossing >= 0.2 * answered {
                beyond += 1;
                continue;
            }
            // A fifth of the requests counted by one side alone would be seen.
            assert!(crossing < 0.2 * answered, "{crossing} of {answered}");
            assert!(
                (counted - answered).abs() <= crossing,
                "{} {}: {counted} by the target, {answered} by its clients",
                summary.display(),
                trial["folder"]
            );
            trials += 1;
        }
    }
    assert!(trials >= 24, "only {trials} trials are published");
    assert!(trials > 10 * beyond, "{beyond} of {trials} are not checked");
}

#[test]
fn every_published_folder_has_the_reports_of_its_figures() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/published");
    let entries = fs::read_dir(published).unwrap();
    let folders: Vec<PathBuf> = entries
        .map(|one| one.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(!folders.is_empty());
    for folder in folders {
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
        };
        let summary: Value = serde_json::from_str(&text("summary.json")).unwrap();
        let commit = summary["provenance"]["program"]["commit"].as_str().unwrap();
        let headline = summary["verdict"]["headline"].as_str().unwrap();
        assert!(!commit.is_empty() && !headline.is_empty());
        for name in ["report.html", "report.md"] {
            assert!(
                text(name).contains(commit),
                "{name} of {}",
                folder.display()
            );
        }
    }
}
