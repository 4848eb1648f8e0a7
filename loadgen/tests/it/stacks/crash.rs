//! All of PostgreSQL killed in the middle of a trial: what was acknowledged is there afterwards
//! where a commit waits for the disk, and what is lost is counted and named where it does not.

use std::path::Path;

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// One trial of chat and bookings with a crash in it.
fn crashed(synchronous_commit: &str, results: &Path) -> (Option<i32>, Value) {
    let switch = format!("db.synchronous_commit={synchronous_commit}");
    let words = "run --flow chat.room --flow bookings.book --rate 60/s --duration 4s --warmup 1s --scale tiny \
                 --accounts 20 --crash postgres@2s --quiet --set";
    let folder = results.to_str().unwrap();
    let rest = [switch.as_str(), "--results", folder];
    let ran = finish(start(loadgen(words.split(' ').chain(rest))));
    let summary = std::fs::read(results.join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (ran.code, serde_json::from_slice(&summary).unwrap())
}

/// Rows that break an invariant.
fn violations(summary: &Value, name: &str) -> u64 {
    let audit = summary["arms"][0]["audit"].as_array().unwrap();
    let one = audit.iter().find(|one| one["name"] == name);
    one.unwrap_or_else(|| panic!("no invariant {name}"))["violations"]
        .as_u64()
        .unwrap()
}

fn was_killed(summary: &Value) -> bool {
    let warnings = summary["warnings"].as_array().unwrap();
    warnings.iter().any(|one| {
        let text = one.as_str().unwrap();
        text.contains("postgres was killed") && text.contains("ready again")
    })
}

const LOST: [&str; 2] = ["acknowledged_booking_kept", "acknowledged_message_kept"];

#[test]
fn nothing_acknowledged_is_lost_where_commits_wait_for_the_disk() {
    let results = tempfile::tempdir().unwrap();
    let (code, summary) = crashed("on", results.path());
    assert!(was_killed(&summary), "{}", summary["warnings"]);
    assert!(
        summary["arms"][0]["consistency"]["acknowledged"]
            .as_u64()
            .unwrap()
            > 20
    );
    for invariant in summary["arms"][0]["audit"].as_array().unwrap() {
        assert_eq!(invariant["violations"], 0, "{invariant}");
    }
    assert_ne!(code, Some(98));
}

#[test]
fn what_is_lost_without_waiting_is_counted_and_named() {
    // The last moments before the kill are lost; once in a while there is nothing in them.
    for _ in 0..3 {
        let results = tempfile::tempdir().unwrap();
        let (code, summary) = crashed("off", results.path());
        assert!(was_killed(&summary), "{}", summary["warnings"]);
        let lost: u64 = LOST.iter().map(|name| violations(&summary, name)).sum();
        assert_eq!(code == Some(98), lost > 0, "{code:?}, {lost} lost");
        if lost > 0 {
            return;
        }
    }
    panic!("three crashes lost nothing: did the switch take effect?");
}
