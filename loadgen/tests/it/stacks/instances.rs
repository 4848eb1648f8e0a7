//! Several instances behind a balancer: restarted one after another, and one of them killed, under load.

use std::path::Path;

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// Two instances, twenty iterations a second.
const TWO: &str = "run --flow mentors.browse --flow bookings.book --flow chat.room --rate 20/s --duration 8s \
     --warmup 1s --accounts 20 --topology scale=2 --crash";
/// Four instances, a socket for each of forty users.
const FOUR: &str =
    "run rolling_restart --users 40 --think 500ms..1500ms --duration 14s --warmup 2s --crash";

/// One trial with something done to the instances in it.
fn disturbed(load: &str, what: &str, results: &Path) -> (Option<i32>, Value) {
    let words = load.split_whitespace().chain([what]);
    let rest = "--scale tiny --set pool.max=20 --set chat.fanout=redis --set auth.hash=bcrypt(4) --quiet \
         --results";
    let folder = results.to_str().unwrap();
    let words = words.chain(rest.split_whitespace()).chain([folder]);
    let ran = finish(start(loadgen(words)));
    let summary = std::fs::read(results.join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (ran.code, serde_json::from_slice(&summary).unwrap())
}

/// Requests that ended otherwise than they should.
fn failed(summary: &Value) -> u64 {
    let operations = summary["arms"][0]["operations"].as_array().unwrap().iter();
    let outcomes = operations.flat_map(|one| one["outcomes"].as_object().unwrap());
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

fn reconnects(summary: &Value) -> u64 {
    summary["trials"][0]["reconnects"].as_u64().unwrap()
}

fn restarted_without_a_trace(summary: &Value) {
    let warnings = &summary["warnings"];
    assert!(says(summary, "one after another"), "{warnings}");
    let operations = &summary["arms"][0]["operations"];
    // A message that is on its way while an instance closes its sockets is sent again over another one.
    assert_eq!(failed(summary), 0, "{operations} {warnings}");
    audited_clean(summary);
}

#[test]
fn nothing_fails_while_two_instances_are_restarted_one_after_another() {
    let results = tempfile::tempdir().unwrap();
    let (_, summary) = disturbed(TWO, "rolling@2s", results.path());
    restarted_without_a_trace(&summary);
    assert!(reconnects(&summary) > 0, "{}", summary["warnings"]);
}

#[test]
fn forty_sockets_and_requests_over_http_survive_the_restart_of_four_instances() {
    let results = tempfile::tempdir().unwrap();
    let (code, summary) = disturbed(FOUR, "rolling@2s", results.path());
    restarted_without_a_trace(&summary);
    // Nearly every user has a socket by then, and every instance was restarted.
    let again = reconnects(&summary);
    assert!(again >= 30, "{again}: {}", summary["warnings"]);
    assert!(says(&summary, "lost its socket"), "{}", summary["warnings"]);
    // The threshold of the suite is that there is no error at all.
    let noisy = code == Some(96) && summary["trials"][0]["validity"]["word"] == "NOISY";
    assert!(
        noisy || matches!(code, Some(0 | 97)),
        "{code:?}: {}",
        summary["verdict"]
    );
}

#[test]
fn a_killed_instance_loses_at_most_what_was_in_flight_on_it() {
    let results = tempfile::tempdir().unwrap();
    let (code, summary) = disturbed(TWO, "instance@2s", results.path());
    assert!(
        says(&summary, "instance was killed"),
        "{}",
        summary["warnings"]
    );
    // Twenty iterations a second of a few milliseconds each, half of them there.
    let failed = failed(&summary);
    assert!(failed <= 20, "{failed}: {}", summary["arms"][0]["total"]);
    audited_clean(&summary);
    assert_ne!(code, Some(98));
}

#[test]
fn the_two_ends_of_a_video_class_meet_on_one_of_four_instances() {
    let results = tempfile::tempdir().unwrap();
    let load = "run --flow sessions.class --rate 3/s --duration 6s --warmup 1s --accounts 20";
    let (code, summary) = disturbed(load, "--topology=scale=4", results.path());
    let present = summary["arms"][0]["operations"].as_array().unwrap().iter();
    let met = present
        .filter(|one| one["name"] == "sessions.present")
        .map(|one| one["outcomes"]["ok"].as_u64().unwrap())
        .sum::<u64>();
    // By chance three of four would miss each other.
    assert!(met >= 8, "{met}: {}", summary["arms"][0]["operations"]);
    assert_eq!(failed(&summary), 0, "{}", summary["warnings"]);
    audited_clean(&summary);
    assert_ne!(code, Some(98));
}
