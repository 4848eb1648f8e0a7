//! How a run ends, by its exit code.

use std::time::Duration;

use crate::support::{Answer, KnownServer, finish, http, loading, signal, until};

#[test]
fn a_run_that_meets_its_thresholds_ends_with_0_and_one_that_does_not_with_99() {
    let table = [
        ("", Some(0)),
        ("--threshold p50<5s --threshold success>99%", Some(0)),
        // Of some 200 requests two lie beyond a p99.
        ("--threshold p99<5s", Some(96)),
        ("--threshold p50<1ms", Some(99)),
        ("--threshold success>99% --expect 201", Some(99)),
    ];
    for (thresholds, code) in table {
        let server = KnownServer::after(Duration::from_millis(10)).serve();
        // In a closed loop the generator's own lateness is in no figure.
        let ran = http(&server.url(), &format!("-c 2 --duration 1s {thresholds}"));
        let as_expected = match code {
            Some(0) => ran.held(),
            code => ran.code == code,
        };
        assert!(as_expected, "`{thresholds}`: {ran:?}");
        let printed = ran.figures["verdict"]["exit_code"].as_i64();
        assert_eq!(printed.map(|code| code as i32), ran.code);
    }
}

#[test]
fn a_stopped_run_ends_with_130_and_tells_what_it_has() {
    let server = KnownServer::after(Duration::from_millis(10)).serve();
    let running = loading(&server.url(), "-c 2 --duration 60s");
    // It is under way when the server has answered.
    until("nothing is sent", || server.log.exchanges().len() >= 20);
    signal(running.id(), "-INT");
    let ran = finish(running);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.planned() >= 20, "{ran:?}");
    assert_eq!(ran.figures["verdict"]["word"], "INTERRUPTED", "{ran:?}");
}

#[test]
fn a_target_that_only_fails_is_a_result_and_not_a_fault_of_the_program() {
    let server = KnownServer {
        answer: |_| Answer::Fast(500),
        ..KnownServer::default()
    }
    .serve();
    let ran = http(&server.url(), "-c 1 --requests 100 --threshold success>99%");
    assert_eq!(ran.outcome("http_error"), 100, "{ran:?}");
    assert_eq!(ran.code, Some(99), "{ran:?}");
}
