//! What happens past the capacity of a server of which that is programmed.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::support::{KnownServer, Ran, finish, loadgen, start};

fn run(words: &str, results: &Path) -> Ran {
    let words = format!("capacity {words} --json --quiet --results");
    let words = words.split_ascii_whitespace();
    finish(start(loadgen(words.chain(results.to_str()))))
}

fn breakdown(ran: &Ran) -> &Value {
    let found = &ran.figures["capacity"]["breakdown"];
    assert!(found.is_object(), "{ran:?}");
    found
}

/// The median of a figure at twice the lower bound.
fn at_double(policy: &Value, figure: &str) -> f64 {
    let loads = policy["loads"].as_array().unwrap();
    let double = &loads.last().unwrap()["median"][figure];
    double.as_f64().unwrap_or_else(|| panic!("{policy:#}"))
}

/// The folders of the trials.
fn folders(results: &Path) -> Vec<String> {
    let trials = std::fs::read_dir(results.join("latest/trials")).unwrap();
    let names = trials.flatten().map(|one| one.file_name());
    let mut names: Vec<String> = names
        .map(|one| one.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_server_with_an_endless_queue_collapses_and_a_spike_is_over_when_its_queue_is() {
    // One request at a time, five milliseconds each.
    let server = KnownServer {
        queue: true,
        ..KnownServer::after(Duration::from_millis(5))
    };
    let server = server.serve();
    let results = tempfile::tempdir().unwrap();
    // At 150 a second, below which the lower bound does not lie, three seconds have the 400 answers in time
    // that the word needs.
    let words = format!(
        "{} --quick --breakdown --slo p95<200ms,errors<1% --rate 150/s --warmup 500ms --duration 3s --max-load 2000",
        server.url()
    );
    let ran = run(&words, results.path());
    let found = breakdown(&ran);
    let policies = found["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1, "{found:#}");
    let policy = &policies[0];
    assert_eq!(policy["policy"], "as set");
    assert_eq!(policy["word"], "collapse", "{policy:#}");
    assert!(at_double(policy, "in_time") < 0.1, "{policy:#}");
    assert!(at_double(policy, "late") > 0.5, "{policy:#}");

    // Twice the lower bound for two seconds makes a queue of nearly so many requests as are answered in
    // two, of which half a second's worth goes each second.
    let spike = &policy["spike"]["spike"];
    let back = spike["p95"]["after"]["seconds"].as_f64();
    assert!(
        back.is_some_and(|seconds| (1.0..=7.5).contains(&seconds)),
        "{spike:#}"
    );
    let goodput = spike["goodput"]["recovery"]["after"]["seconds"].as_f64();
    assert!(goodput.is_some_and(|seconds| seconds <= 2.0), "{spike:#}");

    // Everything was measured: to go on adds nothing and says the same.
    let before = folders(results.path());
    let past = before.iter().filter(|name| name.starts_with("breakdown_"));
    assert_eq!(past.count(), 7, "{before:?}");
    let latest = results.path().join("latest").canonicalize().unwrap();
    let again = run(
        &format!("{words} --resume {}", latest.display()),
        results.path(),
    );
    let said = &breakdown(&again)["policies"][0]["why"];
    assert_eq!(*said, policy["why"], "{again:?}");
    assert_eq!(folders(results.path()), before);
    let page = std::fs::read_to_string(latest.join("report.html")).unwrap();
    assert!(page.contains("chart-capacity-breakdown") && page.contains("COLLAPSE"));
}
