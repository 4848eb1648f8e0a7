//! What the flags of `loadgen http` mean, by what a server sees.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::{Answer, KnownServer, finish, http, loadgen, loading, signal, start, until};

/// Every other answer is 404.
fn alternating() -> KnownServer {
    KnownServer {
        answer: |number| Answer::Fast(if number % 2 == 0 { 200 } else { 404 }),
        ..KnownServer::default()
    }
}

#[test]
fn several_statuses_and_ranges_of_them_may_be_expected() {
    for (expect, ok) in [
        ("200,404", 10),
        ("2xx", 5),
        ("400-499", 5),
        ("2xx,4xx", 10),
        ("201", 0),
    ] {
        let server = alternating().serve();
        let ran = http(&server.url(), &format!("-c 1 -n 10 --expect {expect}"));
        assert_eq!(ran.outcome("ok"), ok, "{expect}: {ran:?}");
    }
}

#[test]
fn a_threshold_is_filled_or_refused_with_what_would_be_right() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    let seen = || server.log.exchanges().len();
    for threshold in [
        "method:GET:p50<1s",
        "http.request:p50<1s",
        "status:2xx:count>99%",
    ] {
        let ran = http(
            &server.url(),
            &format!("-c 1 -n 40 --threshold {threshold}"),
        );
        assert!(ran.held(), "{threshold}: {ran:?}");
        assert_eq!(ran.figures["thresholds"][0]["word"], "PASS", "{ran:?}");
    }
    // The server writes an exchange down after its client has the answer.
    until("an exchange is not written down", || seen() >= 3 * 40);
    for (threshold, right) in [
        ("method:POST:p95<1s", "it sends GET"),
        ("orders.buy:p95<1s", "http.request"),
        ("ws.delivery>99%", "percentiles"),
        ("cpu.target<90%", "percentiles"),
        ("phase:peak:p95<1s", "no phase"),
    ] {
        let ran = http(&server.url(), &format!("-n 5 --threshold {threshold}"));
        assert_eq!(ran.code, Some(2), "{threshold}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("--threshold"), "{}", ran.stderr);
        assert!(ran.stderr.contains(right), "{}", ran.stderr);
    }
    assert_eq!(seen(), 3 * 40);
}

#[test]
fn a_rate_may_rise_from_nothing_and_fall_to_it() {
    for ramp in ["--rate 0 --to 40/s", "--rate 40/s --to 0/s"] {
        let server = KnownServer::after(Duration::from_millis(1)).serve();
        let ran = http(&server.url(), &format!("--duration 1s {ramp}"));
        assert_eq!(
            (ran.outcome("ok"), ran.settled()),
            (20, 20),
            "{ramp}: {ran:?}"
        );
    }
    let nothing = http("http://127.0.0.1:1/", "--rate 0");
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stderr.contains("--to"), "{}", nothing.stderr);
}

#[test]
fn a_timeout_may_be_longer_than_a_minute() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    for timeout in ["59s", "90s", "1m30s", "2m", "10m"] {
        let ran = http(&server.url(), &format!("-c 1 -n 3 --timeout {timeout}"));
        assert_eq!(ran.outcome("ok"), 3, "{timeout}: {ran:?}");
    }
}

#[test]
fn a_body_is_read_from_standard_input() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    let mut command = loadgen(["http", &server.url(), "--json", "--quiet"]);
    command
        .args(["-n", "3", "-c", "1", "-b", "@-"])
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"from a pipe")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"ok\": 3"), "{text}");
}

#[test]
fn a_signal_of_any_kind_ends_the_load_with_its_report() {
    for name in ["-HUP", "-TERM", "-INT"] {
        let server = KnownServer::after(Duration::from_millis(5)).serve();
        let running = loading(&server.url(), "-c 2 --timeout 2m --duration 1m30s");
        until("nothing is sent", || server.log.exchanges().len() >= 20);
        signal(running.id(), name);
        let ran = finish(running);
        assert_eq!(ran.code, Some(130), "{name}: {ran:?}");
        assert!(ran.planned() >= 20, "{ran:?}");
    }
}

#[test]
fn exchanges_are_printed_beside_the_load_and_do_not_hold_it_up() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    let long = "a".repeat(60_000);
    let words = format!("--http-debug -c 1 --duration 1m30s -H x-long:{long}");
    let running = loading(&server.url(), &words);
    // A pipe holds one of the three, and nobody reads.
    until("the load is held up", || server.log.exchanges().len() >= 20);
    signal(running.id(), "-INT");
    let ran = finish(running);
    assert_eq!(ran.code, Some(130), "{}", ran.figures);
    assert_eq!(ran.stderr.matches("> x-long: aaaa").count(), 3);
}

#[test]
fn a_lost_terminal_does_not_end_what_nohup_has_started() {
    let server = KnownServer::after(Duration::from_millis(5)).serve();
    let words = format!("http {} --json --quiet -c 2 --duration 2s", server.url());
    let plain = loadgen(words.split(' '));
    let mut command = Command::new("nohup");
    crate::support::alone(command.arg(plain.get_program()).args(plain.get_args()));
    let running = start(command);
    until("nothing is sent", || !server.log.exchanges().is_empty());
    signal(running.id(), "-HUP");
    let ran = finish(running);
    assert!(ran.ran_through(), "{ran:?}");
}
