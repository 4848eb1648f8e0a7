//! The verdict of the program on a target that fails in one way after the other. What `judge` and
//! whole experiments say is tested in `crates/experiment/src/summary/verdict_tests.rs`.

use std::{process::Command, time::Duration};

use crate::support::{
    Answer, Answers, KnownServer, Ran, TransportServer, alone, finish, http, loadgen, start,
};

/// What is asked, how the target answers, after how many connections it stops listening, the
/// arguments, and the words and exit codes that are right.
type FailingCase = (
    &'static str,
    Answers,
    Option<u32>,
    &'static str,
    &'static [(&'static str, i32)],
);

const FAILED: &[(&str, i32)] = &[("FAILED", 99)];

// Forty requests: of fifty, it would be judged how long the generator waited for a processor.

#[test]
fn each_way_to_fail_has_its_verdict_under_http() {
    let cases: [FailingCase; 7] = [
        (
            "40 of 40 are 500",
            |_| Answer::Fast(500),
            None,
            "-c 2 --requests 40",
            FAILED,
        ),
        (
            "all reset",
            |_| Answer::Reset,
            None,
            "-c 2 --requests 40",
            FAILED,
        ),
        (
            "all time out",
            |_| Answer::Never,
            None,
            "-c 2 --requests 8 --timeout 200ms",
            FAILED,
        ),
        (
            "it dies on the way",
            |_| Answer::Right,
            // The first connection is the check whether it is reachable.
            Some(11),
            "-c 2 --requests 40",
            FAILED,
        ),
        (
            "a threshold of a time hides no failure",
            |_| Answer::Fast(500),
            None,
            "-c 2 --requests 40 --threshold p50>0ms",
            FAILED,
        ),
        (
            "nothing is asked",
            |_| Answer::Right,
            None,
            "-c 2 --requests 40",
            &[("MEASURED", 0)],
        ),
        (
            "a threshold holds",
            |_| Answer::Right,
            None,
            "-c 2 --requests 40 --threshold p50<5s",
            // The second where another program disturbed the machine.
            &[("PASSED", 0), ("INCONCLUSIVE", 96)],
        ),
    ];
    for (what, answer, connections, arguments, right) in cases {
        let server = KnownServer {
            answer,
            connections,
            ..KnownServer::after(Duration::from_millis(2))
        }
        .serve();
        let ran = http(&server.url(), arguments);
        check(what, &ran, right);
        let reasons = ran.figures["verdict"]["reasons"].to_string();
        assert!(reasons.contains("not audited"), "{what}: {reasons}");
    }
}

#[test]
fn a_failed_handshake_of_tls_is_a_failure() {
    let server = KnownServer::default().serve();
    let url = server.url().replace("http://", "https://");
    let ran = http(&url, "-c 2 --requests 20 --insecure --timeout 500ms");
    check("no TLS there", &ran, FAILED);
}

#[test]
fn a_run_of_a_flow_without_thresholds_fails_where_its_requests_do() {
    let server = KnownServer {
        // The first request asks whether it is alive.
        answer: |number| {
            if number == 0 {
                Answer::Right
            } else {
                Answer::Fast(500)
            }
        },
        ..KnownServer::default()
    }
    .serve();
    let results = tempfile::tempdir().unwrap();
    let url = server.url();
    let ran = finish(start(loadgen([
        "run",
        "--flow",
        "mentors.browse",
        "--target",
        url.trim_end_matches('/'),
        "--rate",
        "20/s",
        "--warmup",
        "0s",
        "--duration",
        "2s",
        "--quiet",
        "--results",
        results.path().to_str().unwrap(),
    ])));
    assert_eq!(ran.code, Some(99), "{ran:?}");
    let verdict = std::fs::read(results.path().join("latest/verdict.json")).unwrap();
    let verdict: serde_json::Value = serde_json::from_slice(&verdict).unwrap();
    assert_eq!(verdict["word"], "FAILED", "{verdict}");
    assert!(
        verdict["reasons"].to_string().contains("errors < 1%"),
        "{verdict}"
    );
    assert!(
        verdict["reasons"].to_string().contains("not audited"),
        "{verdict}"
    );
}

/// `loadgen` with these arguments in a shell that may open so many files.
fn limited(files: u32, arguments: &str) -> Ran {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_loadgen");
    command.args([
        "-c",
        &format!("ulimit -n {files}; exec {program} {arguments}"),
    ]);
    alone(&mut command);
    finish(start(command))
}

#[test]
fn too_few_files_are_the_generators_limit_before_the_load_and_in_it() {
    let server = KnownServer::after(Duration::from_millis(20)).serve();
    let url = server.url();
    for client in ["native", "reqwest"] {
        let ran = limited(
            40,
            &format!("http {url} --json --quiet -c 60 --requests 300 --client {client}"),
        );
        check(client, &ran, &[("INVALID", 97)]);
        assert!(ran.outcome("generator") > 0, "{client}: {ran:?}");
        let reasons = ran.figures["verdict"]["reasons"].to_string();
        assert!(reasons.contains("ulimit -n"), "{client}: {reasons}");
    }
    let over_http2 = TransportServer::serve();
    let ran = limited(
        40,
        &format!(
            "http {} --json --quiet -c 60 --requests 300 --http2 --streams 1",
            over_http2.url()
        ),
    );
    check("http2", &ran, &[("INVALID", 97)]);
    assert!(ran.outcome("generator") > 0, "{ran:?}");
    let reasons = ran.figures["verdict"]["reasons"].to_string();
    assert!(reasons.contains("ulimit -n"), "{reasons}");
    for files in [5, 8, 20, 33, 36] {
        let ran = limited(
            files,
            &format!("http {url} --json --quiet -c 30 --requests 100"),
        );
        assert_eq!(ran.code, Some(97), "{files} files: {ran:?}");
        let said = ran.stderr.clone() + &ran.figures.to_string();
        assert!(said.contains("ulimit -n"), "{files} files: {said}");
    }
}

fn check(what: &str, ran: &Ran, right: &[(&str, i32)]) {
    let word = ran.figures["verdict"]["word"].as_str().unwrap_or("none");
    let code = ran.code.unwrap_or(-1);
    assert!(
        right.contains(&(word, code)),
        "{what}: {word} {code}: {ran:?}"
    );
}
