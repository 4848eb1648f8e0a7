//! Two instances behind a balancer: restarted one after another, and one of them killed, under load.

use std::path::Path;

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// One trial over two instances, with something done to them in it.
fn disturbed(what: &str, results: &Path) -> (Option<i32>, Value) {
    let words = "run --flow mentors.browse --flow bookings.book --flow chat.room --rate 20/s --duration 8s \
         --warmup 1s --scale tiny --accounts 20 --topology scale=2 --set pool.max=20 --set chat.fanout=redis \
         --set auth.hash=bcrypt(4) --quiet --crash";
    let folder = results.to_str().unwrap();
    let rest = [what, "--results", folder];
    let ran = finish(start(loadgen(words.split_whitespace().chain(rest))));
    let summary = std::fs::read(results.join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (ran.code, serde_json::from_slice(&summary).unwrap())
}

/// Requests, of the operations that this names, that ended otherwise than they should.
fn failed(summary: &Value, which: impl Fn(&str) -> bool) -> u64 {
    let operations = summary["arms"][0]["operations"].as_array().unwrap();
    let named = operations
        .iter()
        .filter(|one| which(one["name"].as_str().unwrap()));
    let outcomes = named.flat_map(|one| one["outcomes"].as_object().unwrap());
    let wrong = outcomes.filter(|(word, _)| *word != "ok");
    wrong.map(|(_, count)| count.as_u64().unwrap()).sum()
}

fn audited_clean(summary: &Value) {
    let audit = summary["arms"][0]["audit"].as_array().unwrap();
    assert!(!audit.is_empty());
    for invariant in audit {
        assert_eq!(invariant["violations"], 0, "{invariant}");
    }
}

fn says(summary: &Value, words: &str) -> bool {
    let warnings = summary["warnings"].as_array().unwrap();
    warnings
        .iter()
        .any(|one| one.as_str().unwrap().contains(words))
}

#[test]
fn no_http_request_fails_while_the_instances_are_restarted_one_after_another() {
    let results = tempfile::tempdir().unwrap();
    let (_, summary) = disturbed("rolling@2s", results.path());
    assert!(
        says(&summary, "one after another"),
        "{}",
        summary["warnings"]
    );
    let operations = &summary["arms"][0]["operations"];
    let is_chat = |name: &str| name.starts_with("chat.");
    assert_eq!(failed(&summary, |name| !is_chat(name)), 0, "{operations}");
    // A frame that is on its way while an instance closes its sockets has no answer: of each socket
    // at most a message and its delivery. What was acknowledged is stored, says the audit.
    let frames = failed(&summary, is_chat);
    assert!(frames <= 8, "{frames}: {operations}");
    audited_clean(&summary);
}

#[test]
fn a_killed_instance_loses_at_most_what_was_in_flight_on_it() {
    let results = tempfile::tempdir().unwrap();
    let (code, summary) = disturbed("instance@2s", results.path());
    assert!(
        says(&summary, "instance was killed"),
        "{}",
        summary["warnings"]
    );
    // Twenty iterations a second of a few milliseconds each, half of them there.
    let failed = failed(&summary, |_| true);
    assert!(failed <= 20, "{failed}: {}", summary["arms"][0]["total"]);
    audited_clean(&summary);
    assert_ne!(code, Some(98));
}
