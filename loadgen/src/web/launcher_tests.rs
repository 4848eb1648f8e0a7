//! Commands that the page starts, with a script in place of this program.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

use super::*;
use crate::web::{job_template::CatalogueEntry, live_feed::LiveControlError};
use loadgen_experiment::events::ControlEvent;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A launcher that runs `script` instead of this program.
fn launcher(folder: &Path, script: &str) -> (JobLauncher, LiveFeed) {
    let program = folder.join("program.sh");
    // Written by a process of its own: a descriptor of this one that is open for writing may be inherited by
    // the child of another test in that moment, and then the file cannot be executed.
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 755 \"$0\"";
    let written = std::process::Command::new("sh")
        .args(["-c", write])
        .arg(&program)
        .arg(script)
        .status();
    assert!(written.unwrap().success());
    let entry = |name: &str| CatalogueEntry {
        name: name.into(),
        question: "why?".into(),
    };
    let feed = LiveFeed::default();
    let template = JobTemplate {
        program,
        arguments: vec!["--target=http://127.0.0.1:1".into()],
        environment: BTreeMap::from([("LOADGEN_LAB_TOKEN".into(), "secret".into())]),
        catalogue: JobCatalogue {
            suites: vec![entry("smoke")],
            experiments: vec![entry("mentor_cache")],
            switches: Vec::new(),
        },
    };
    let launcher = JobLauncher::new(Some(template), feed.clone());
    launcher.allow();
    (launcher, feed)
}

fn request(text: &str) -> StartRequest {
    serde_json::from_str(text).unwrap()
}

/// Waits until the state contains `word`.
async fn until(feed: &LiveFeed, word: &str) -> Arc<str> {
    let begun = Instant::now();
    loop {
        let state = feed.json();
        if state.contains(word) {
            return state;
        }
        assert!(begun.elapsed() < LONG, "no `{word}` in {state}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_childs_events_are_published_its_load_is_changed_and_it_is_stopped_by_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (launcher, feed) = launcher(
        folder.path(),
        r#"
        trap 'echo "{\"event\":\"note\",\"data\":\"stopped\"}"; exit 130' INT
        echo "{\"event\":\"note\",\"data\":\"$* $LOADGEN_LAB_TOKEN\"}"
        echo nonsense
        echo '{"event":"adjustable","data":{"kind":"rate","now":10.0,"most":100.0}}'
        read change
        echo "$change" > "$(dirname "$0")/change"
        echo '{"event":"note","data":"heard"}'
        while true; do sleep 0.05; done"#,
    );
    let started = launcher.start(&request(r#"{"suite": "smoke"}"#)).unwrap();
    assert_eq!(started, "run smoke");
    let busy = launcher.start(&request(r#"{"suite": "smoke"}"#));
    assert!(matches!(busy, Err(LaunchError::Busy)));
    let state = until(&feed, "control-from").await;
    assert!(state.contains(
        "run smoke --target=http://127.0.0.1:1 --quiet --events-to - --control-from - secret"
    ));
    until(&feed, r#""most":100.0"#).await;
    feed.change_load(ControlEvent::Rate(50.0)).unwrap();
    until(&feed, "heard").await;
    let change = std::fs::read_to_string(folder.path().join("change")).unwrap();
    assert_eq!(change, "{\"rate\":50.0}\n");
    feed.stop().unwrap();
    let state = until(&feed, r#""running":false"#).await;
    assert!(
        state.contains("stopped") && state.contains(r#""failure":null"#),
        "{state}"
    );
    assert!(matches!(
        feed.change_load(ControlEvent::Rate(5.0)),
        Err(LiveControlError::Idle)
    ));
}

#[tokio::test]
async fn a_child_that_fails_says_why_and_the_next_one_may_start() {
    let folder = tempfile::tempdir().unwrap();
    let (launcher, feed) = launcher(folder.path(), "echo 'error: no answer' >&2; exit 2");
    launcher.start(&request(r#"{"suite": "smoke"}"#)).unwrap();
    let state = until(&feed, r#""running":false"#).await;
    assert!(state.contains(r#""failure":"no answer""#), "{state}");
    launcher
        .start(&request(r#"{"experiment": "mentor_cache"}"#))
        .unwrap();
    launcher.shut_down().await;
    assert!(matches!(
        launcher.start(&request(r#"{"suite": "smoke"}"#)),
        Err(LaunchError::Busy)
    ));
}

#[tokio::test]
async fn a_server_that_ends_stops_its_child() {
    let folder = tempfile::tempdir().unwrap();
    let (launcher, feed) = launcher(
        folder.path(),
        r#"
        trap 'touch "$(dirname "$0")/gone"; exit 130' INT
        echo '{"event":"note","data":"there"}'
        while true; do sleep 0.05; done"#,
    );
    launcher.start(&request(r#"{"suite": "smoke"}"#)).unwrap();
    until(&feed, "there").await;
    timeout(LONG, launcher.shut_down()).await.unwrap();
    assert!(folder.path().join("gone").exists());
    assert!(feed.json().contains(r#""running":false"#));
}

#[test]
fn a_page_of_one_command_starts_no_other() {
    let launcher = JobLauncher::new(None, LiveFeed::default());
    launcher.allow();
    let refusal = launcher
        .start(&request(r#"{"suite": "smoke"}"#))
        .unwrap_err();
    assert!(refusal.to_string().contains("loadgen serve"));
}
