//! What the target counts of itself in a trial is what the trial's users asked for, and nothing of
//! loadgen's own: on the own stack, with loads so small that each observation would show.

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// Observations begin within this time of the window's edges.
const EDGE_S: f64 = 0.3;
/// Length of the measured window.
const WINDOW_S: f64 = 6.0;

/// The only trial of a run with these switches.
fn trial(rate: u32, switches: &[&str]) -> Value {
    let results = tempfile::tempdir().unwrap();
    let rate = format!("{rate}/s");
    let mut words = vec![
        "run",
        "--flow",
        "mentors.browse",
        "--rate",
        &rate,
        "--duration",
        "6s",
        "--warmup",
        "1s",
        "--scale",
        "tiny",
        "--quiet",
        "--results",
        results.path().to_str().unwrap(),
    ];
    for switch in switches {
        words.extend(["--set", switch]);
    }
    let ran = finish(start(loadgen(words)));
    let summary = std::fs::read(results.path().join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    summary["trials"][0].clone()
}

fn number(of: &Value) -> f64 {
    of.as_f64().unwrap_or_else(|| panic!("{of} is no number"))
}

/// Answers that clients got.
fn answered(trial: &Value) -> f64 {
    let statuses = trial["total"]["statuses"].as_object().unwrap();
    statuses.values().map(number).sum()
}

/// A sum over the clients' requests of what their responses reported.
fn reported(trial: &Value, count: &str) -> f64 {
    number(&trial["total"]["cost"]["counts"][count]) * answered(trial)
}

/// Holds where the target's own sum is that of its responses, but for those at the edges.
fn agrees(what: &str, target: f64, clients: f64, trial: &Value) {
    let answered = answered(trial);
    let crossing = (2.0 * EDGE_S / WINDOW_S * answered).max(2.0);
    let allowed = crossing * (clients / answered).max(1.0);
    assert!(
        (target - clients).abs() <= allowed,
        "{what}: {target} by the target, {clients} by the clients: {}",
        trial["server"]
    );
}

#[test]
fn the_target_counts_the_requests_of_users_and_no_observation_of_ours() {
    let off = ["cache.mentors=off", "cache.bookings=off", "cache.users=off"];
    let pooled = ["cache.mentors=redis", "cache.connection=pool"];
    for (rate, switches) in [(1, &off[..]), (40, &off[..]), (40, &pooled[..])] {
        let trial = trial(rate, switches);
        let server = &trial["server"];
        agrees(
            "requests",
            number(&server["requests"]),
            answered(&trial),
            &trial,
        );
        for (count, sum) in [
            ("queries", "queries"),
            ("commands", "redis_commands"),
            ("pings", "redis_pings"),
        ] {
            agrees(count, number(&server[sum]), reported(&trial, count), &trial);
        }
        if switches == off {
            assert_eq!(server["redis_commands"], 0);
            assert_eq!(server["redis_pings"], 0);
        } else {
            assert!(number(&server["redis_commands"]) > 100.0, "{server}");
        }
        // Two observations a second are nothing that the target works on.
        if rate == 1 {
            let cores = number(&server["cpu_s"]["target-app"]) / number(&server["window_s"]);
            assert!(cores < 0.05, "{cores} cores for a request a second");
            println!("at {rate} request(s) a second: {server}");
        }
    }
}
