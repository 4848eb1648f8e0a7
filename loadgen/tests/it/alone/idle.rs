//! A target that nobody asks: what loadgen looks at it with is in none of its figures.

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// Requests before the window only, so that pools and caches are as in use. A load without any is refused: this one
/// has an iteration in a quarter of an hour, and none in its window.
const SUITE: &str = "\
name: idle
question: Is a target that nobody asks seen to do nothing?
load:
  model: open
  phases:
    - { name: warm up, duration: 3s, rate: 5/s }
    - { name: warm-up of nothing, duration: 3s, rate: 0/s }
    - { name: idle, duration: 30s, rate: 0.001/s }
flows:
  - { flow: mentors.browse }
";

/// The figures of the target over the phase without load.
fn idle(profile: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let suite = folder.path().join("idle.yaml");
    std::fs::write(&suite, SUITE).unwrap();
    let results = folder.path().join("results");
    let (suite, folder) = (suite.to_str().unwrap(), results.to_str().unwrap());
    let rest = "--time-scale 0.7 --scale tiny --accounts 20 --quiet --profile";
    let words = ["run", suite, "--results", folder].into_iter();
    let ran = finish(start(loadgen(
        words.chain(rest.split_whitespace()).chain([profile]),
    )));
    let summary = std::fs::read(results.join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    summary["arms"][0]["server"].clone()
}

/// Every cache off, and every one on.
#[test]
fn nothing_of_the_observer_is_in_the_figures_of_the_target() {
    for profile in ["before", "after"] {
        let server = idle(profile);
        let seconds = server["window_s"].as_f64().unwrap();
        assert!(seconds > 10.0, "{profile}: {server}");
        for figure in ["requests", "queries", "redis_commands", "redis_pings"] {
            assert_eq!(server[figure], 0, "{profile}, {figure}: {server}");
        }
        for (kind, look_ups) in server["cache_lookups"].as_object().unwrap() {
            assert_eq!(look_ups["all"], 0, "{profile}, {kind}: {server}");
        }
        let cpu = server["cpu_s"]["target-app"].as_f64().unwrap() / seconds;
        println!("{profile}: {:.3} % of a core without load", cpu * 100.0);
        // A release build uses less than half a percent.
        assert!(cpu < 0.05, "{profile}: {cpu} of a core");
    }
}
