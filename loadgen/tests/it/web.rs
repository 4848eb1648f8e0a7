//! The page as the program serves it: `loadgen serve` starts a run, says how it ended, and ends.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{KnownServer, finish, loadgen, signal, start, until};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_mins(1);

/// Sends a request and reads the whole answer: its status and body.
fn ask(address: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

/// Reads lines until one names an address, and returns that.
fn address(from: impl std::io::Read) -> SocketAddr {
    let mut lines = BufReader::new(from).lines();
    let line = lines.find_map(|line| {
        line.unwrap()
            .split_once("http://")
            .map(|(_, rest)| rest.to_owned())
    });
    line.unwrap().split('/').next().unwrap().parse().unwrap()
}

#[test]
fn the_page_starts_a_run_and_says_why_it_failed() {
    let results = tempfile::tempdir().unwrap();
    let folder = results.path().to_str().unwrap().to_owned();
    // No program listens there, so that the run ends at once and with a known reason.
    let words = ["serve", "--listen", "127.0.0.1:0", "--results", &folder];
    let mut command = loadgen(words.into_iter().chain(["--target", "http://127.0.0.1:1"]));
    // What belongs to the server alone must not reach the run.
    command.env("LOADGEN_JUNIT", "/nonexistent/x.xml");
    let mut child = command.spawn().unwrap();
    let address = address(child.stdout.take().unwrap());
    let (status, page) = ask(address, "GET / HTTP/1.1", "");
    assert_eq!(status, 200);
    let token = page.split_once("name=\"token\" content=\"").unwrap().1;
    let token = token.split_once('"').unwrap().0;
    let post = format!(
        "POST /api/start HTTP/1.1\r\ncontent-type: application/json\r\norigin: http://{address}\r\nx-loadgen-token: {token}"
    );
    let (status, started) = ask(address, &post, r#"{"suite": "smoke"}"#);
    assert_eq!(
        (status, started.as_str()),
        (200, r#"{"started":"run smoke"}"#)
    );
    let begun = Instant::now();
    let state: Value = loop {
        let (_, state) = ask(address, "GET /api/state HTTP/1.1", "");
        let state: Value = serde_json::from_str(&state).unwrap();
        if state["running"] == false {
            break state;
        }
        assert!(begun.elapsed() < LONG, "{state}");
        std::thread::sleep(Duration::from_millis(100));
    };
    let failure = state["failure"].as_str().unwrap();
    assert!(failure.contains("127.0.0.1:1"), "{failure}");
    signal(child.id(), "-INT");
    assert!(child.wait().unwrap().success());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_run_says_where_its_page_is_and_writes_its_events_as_lines() {
    let results = tempfile::tempdir().unwrap();
    let events = results.path().join("events");
    let ran = finish(start(loadgen([
        "run",
        "smoke",
        "--quiet",
        "--target",
        "http://127.0.0.1:1",
        "--results",
        results.path().to_str().unwrap(),
        "--web",
        "127.0.0.1:0",
        "--events-to",
        events.to_str().unwrap(),
    ])));
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.starts_with("live page: http://127.0.0.1:"),
        "{}",
        ran.stderr
    );
    for line in std::fs::read_to_string(events).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["event"].is_string(), "{line}");
    }
}

#[test]
fn an_address_that_is_taken_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = finish(start(loadgen([
        "run", "smoke", "--quiet", "--web", &address,
    ])));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr.contains(&address) && ran.stderr.lines().count() == 1,
        "{ran:?}"
    );
}

#[test]
fn the_page_stays_after_its_command_until_its_last_reader_has_left() {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let results = tempfile::tempdir().unwrap();
    let url = server.url();
    let mut command = loadgen(["http", &url, "-R", "20", "-d", "2s", "--quiet", "--json"]);
    command.args(["--web", "127.0.0.1:0", "--results"]);
    let mut child = command.arg(results.path()).spawn().unwrap();
    let page = address(child.stderr.take().unwrap());
    let mut reader = TcpStream::connect(page).unwrap();
    write!(reader, "GET /events HTTP/1.1\r\nhost: {page}\r\n\r\n").unwrap();
    let state = || -> Value {
        let (status, body) = ask(page, "GET /api/state HTTP/1.1", "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    let begun = Instant::now();
    let ended = loop {
        let now = state();
        if now["running"] == false && now["ended"].is_object() {
            break now;
        }
        assert!(begun.elapsed() < LONG, "{now}");
        std::thread::sleep(Duration::from_millis(100));
    };
    // Longer than a page may be away.
    std::thread::sleep(Duration::from_secs(7));
    assert!(child.try_wait().unwrap().is_none());
    let folder = ended["ended"]["folder"].as_str().unwrap();
    let (status, _) = ask(
        page,
        &format!("GET /runs/{folder}/report.html HTTP/1.1"),
        "",
    );
    assert_eq!(status, 200);
    drop(reader);
    until("the page stays without a reader", || {
        child.try_wait().unwrap().is_some()
    });
}
