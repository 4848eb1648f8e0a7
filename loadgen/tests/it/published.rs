//! What is published agrees with itself: the requests that the target counted are those that its
//! clients got answered.

use serde_json::Value;

/// Requests of a trial that may be counted by one side alone: those within this time of an edge of
/// the window, at the rate of the trial.
const EDGE_S: f64 = 0.35;

/// What clients got answered: responses of HTTP and messages of sockets that are answered. What the
/// target sends unasked is no request.
fn answered(trial: &Value) -> f64 {
    let operations = trial["operations"].as_array().unwrap();
    let asked = operations
        .iter()
        .filter(|one| !one["name"].as_str().unwrap().ends_with(".deliver"));
    asked
        .flat_map(|one| one["outcomes"].as_object().unwrap().values())
        .map(|count| count.as_f64().unwrap())
        .sum()
}

#[test]
fn the_target_counted_what_the_clients_of_every_published_trial_got_answered() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/published");
    let folders = std::fs::read_dir(published).unwrap();
    let mut trials = 0;
    for summary in folders.map(|one| one.unwrap().path().join("summary.json")) {
        let Ok(text) = std::fs::read(&summary) else {
            continue;
        };
        let whole: Value = serde_json::from_slice(&text).unwrap();
        for trial in whole["trials"].as_array().unwrap() {
            let Some(counted) = trial["server"]["requests"].as_f64() else {
                continue;
            };
            let answered = answered(trial);
            let window_s = trial["server"]["window_s"].as_f64().unwrap();
            let crossing = (2.0 * EDGE_S * answered / window_s).max(4.0);
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
}
