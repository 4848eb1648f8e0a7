//! Faults of real services under load: what each cost, that the target recovers by itself, and that nothing
//! acknowledged is lost.

use std::path::Path;

use loadgen_stack::own_disk_refusal;
use serde_json::Value;
use shared::dataset::Scale;

use crate::support::{finish, loadgen, start};

/// One run with faults. Between two there is time for a slow recovery and then the three undisturbed seconds that the
/// next one is compared with.
fn disturbed(words: &str, results: &Path) -> (Option<i32>, Value) {
    let rest =
        "--scale tiny --accounts 20 --set pool.max=20 --set auth.hash=bcrypt(4) --quiet --results";
    let words = words.split_whitespace().chain(rest.split_whitespace());
    let ran = finish(start(loadgen(words.chain([results.to_str().unwrap()]))));
    let summary = std::fs::read(results.join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (ran.code, serde_json::from_slice(&summary).unwrap())
}

/// The names of the faults, each of which the target has recovered from.
fn recovered(summary: &Value) -> Vec<&str> {
    let faults = summary["trials"][0]["faults"].as_array().unwrap();
    let names = faults.iter().map(|one| {
        let seconds = one["recovery"]["after"]["seconds"].as_f64();
        let seconds = seconds.unwrap_or_else(|| panic!("{one} of {faults:?}"));
        assert!((0.0..20.0).contains(&seconds), "{one}");
        assert!(one["for_s"].as_f64().unwrap() > 0.0, "{one}");
        assert!(one["lost"].as_f64().unwrap() >= 0.0, "{one}");
        one["fault"].as_str().unwrap()
    });
    names.collect()
}

/// Each of these processes has CPU time over the whole window, also one that was restarted in it.
fn counted(summary: &Value, processes: &[&str]) {
    let spent = &summary["trials"][0]["server"]["cpu_s"];
    for name in processes {
        assert!(spent[*name].as_f64() > Some(0.0), "{name}: {spent}");
    }
}

fn audited_clean(summary: &Value) {
    let audit = summary["arms"][0]["audit"].as_array().unwrap();
    assert!(!audit.is_empty());
    for invariant in audit {
        assert_eq!(invariant["violations"], 0, "{invariant}");
    }
}

#[test]
fn redis_that_goes_away_a_database_that_restarts_and_a_killed_instance_are_recovered_from() {
    let results = tempfile::tempdir().unwrap();
    let (code, summary) = disturbed("run chaos --rate 40/s --time-scale 0.6", results.path());
    let found = recovered(&summary);
    assert_eq!(found, ["redis.down", "postgres.restart", "instance.kill"]);
    counted(
        &summary,
        &["redis", "postgres", "target-app", "target-app-2"],
    );
    audited_clean(&summary);
    assert!(matches!(code, Some(0 | 96 | 97 | 99)), "{code:?}");
    let faults = summary["trials"][0]["faults"].as_array().unwrap();
    let down = faults[0]["for_s"].as_f64().unwrap();
    assert!(down >= 3.0, "it was to be down for 3 s: {down}");
    assert!(
        faults[1]["failed"].as_u64().unwrap() > 0,
        "without PostgreSQL something fails: {faults:?}"
    );
    let page = std::fs::read_to_string(results.path().join("latest/report.html")).unwrap();
    assert!(page.contains(r#"<rect class="fault""#));
    assert!(page.contains("postgres.restart"));
}

#[test]
fn links_that_fail_a_full_cache_and_a_lack_of_connections_are_recovered_from() {
    let results = tempfile::tempdir().unwrap();
    let faults = "redis.blackhole,redis.full,postgres.reset,postgres.connections";
    let words = format!(
        "chaos chaos --topology scale=1 --rate 40/s --fault {faults} --for 2s --settle 12s"
    );
    let (_, summary) = disturbed(&words, results.path());
    let found = recovered(&summary);
    assert_eq!(found.join(","), faults);
    audited_clean(&summary);
}

#[test]
fn an_instance_that_stands_still_and_a_balancer_that_reloads_are_recovered_from() {
    let results = tempfile::tempdir().unwrap();
    let faults = "instance.paused,balancer.reload,target.rolling";
    let words = format!("chaos chaos --rate 40/s --fault {faults} --for 2s --settle 12s");
    let (_, summary) = disturbed(&words, results.path());
    let found = recovered(&summary);
    assert_eq!(found.join(","), faults);
    counted(&summary, &["target-app", "target-app-2", "haproxy"]);
    audited_clean(&summary);
}

#[test]
fn a_replica_takes_over_and_nothing_acknowledged_is_lost() {
    let results = tempfile::tempdir().unwrap();
    let fault = "postgres.failover";
    // Reads that go to the replica before it, and to the primary after it.
    let words = format!(
        "chaos chaos --topology pgbouncer,replica --rate 60/s --fault {fault} --settle 10s --set db.reads=replica"
    );
    let (code, summary) = disturbed(&words, results.path());
    assert_eq!(recovered(&summary), [fault]);
    audited_clean(&summary);
    assert!(matches!(code, Some(0 | 96 | 97 | 99)), "{code:?}");
    let acknowledged = &summary["arms"][0]["consistency"]["acknowledged"];
    assert!(acknowledged.as_u64().unwrap() > 20, "{acknowledged}");
    let failed = &summary["trials"][0]["faults"][0]["failed"];
    assert!(
        failed.as_u64().unwrap() > 0,
        "without a primary something fails"
    );
    let warnings = summary["warnings"].to_string();
    for told in ["the replica had it on disk", "there was no replica"] {
        assert!(warnings.contains(told), "{warnings}");
    }
    // A primary is behind nobody.
    let lag = &summary["trials"][0]["server"]["replica"]["lag_s_max"];
    assert!(lag.as_f64().unwrap() < 5.0, "{lag}");
}

#[test]
fn a_full_disk_is_recovered_from_and_nothing_acknowledged_is_lost() {
    if let Some(why) = own_disk_refusal(Scale::Tiny) {
        println!("skipped: {why}");
        return;
    }
    let results = tempfile::tempdir().unwrap();
    let fault = "disk.full";
    let words =
        format!("chaos chaos --topology scale=1 --rate 60/s --fault {fault} --for 4s --settle 12s");
    let (code, summary) = disturbed(&words, results.path());
    assert_eq!(recovered(&summary), [fault]);
    audited_clean(&summary);
    assert!(matches!(code, Some(0 | 96 | 97 | 99)), "{code:?}");
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("a disk in memory"), "{warnings}");
}
