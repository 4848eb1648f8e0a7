//! The page as its clients see it, over a real socket.

use std::{net::SocketAddr, path::Path, time::Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Duration, timeout},
};

use crate::web::{WebConfig, WebServer, live_feed::MAX_SUBSCRIBERS};
use loadgen_experiment::{
    events::{self, Adjustable, Begun, ControlEvent, Ended, Event, LoadControl, Tick},
    schema::Verdict,
};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

fn open(results: &Path) -> WebServer {
    WebServer::start(WebConfig {
        results: results.to_owned(),
        address: ([127, 0, 0, 1], 0).into(),
        secret: None,
        jobs: None,
    })
    .unwrap()
}

#[tokio::test]
async fn a_page_that_other_machines_reach_wants_its_secret_from_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let start = |secret: Option<&str>| {
        WebServer::start(WebConfig {
            results: folder.path().to_owned(),
            address: ([0, 0, 0, 0], 0).into(),
            secret: secret.map(|text| text.parse().unwrap()),
            jobs: None,
        })
    };
    let refused = start(None).unwrap_err().to_string();
    assert!(refused.contains("--page-secret"), "{refused}");
    let secret = "0123456789abcdef";
    let server = start(Some(secret)).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.address().port()));
    // `Host` is whatever a client says it is.
    for path in ["/", "/api/state", "/api/runs", "/?secret=0123456789abcdeX"] {
        for host in ["localhost", "127.0.0.1", "192.0.2.1"] {
            let head = format!("GET {path} HTTP/1.1\r\nhost: {host}");
            let answer = ask(address, &head, "").await;
            assert_eq!(status(&answer), 401, "{path} {host}: {answer}");
            assert!(!answer.contains("token"), "{answer}");
        }
    }
    let first = get(address, &format!("/?secret={secret}")).await;
    assert_eq!(status(&first), 303, "{first}");
    assert!(first.contains("location: /\r\n"), "{first}");
    let cookie = first
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .and_then(|line| line.split(';').next())
        .unwrap();
    assert!(!cookie.contains(secret));
    for header in [
        format!("cookie: a=b; {cookie}"),
        format!("authorization: Bearer {secret}"),
    ] {
        let answer = ask(address, &format!("GET / HTTP/1.1\r\n{header}"), "").await;
        assert_eq!(status(&answer), 200, "{header}");
        assert!(!answer.contains(secret), "the page does not hand it out");
    }
    let rebound = format!("GET / HTTP/1.1\r\nhost: evil.example\r\ncookie: {cookie}");
    assert_eq!(status(&ask(address, &rebound, "").await), 421);
    server.close();
}

/// Sends `head` and `body`, and reads until the server closes.
async fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let host = if head.contains("host: ") {
        String::new()
    } else {
        format!("host: {address}\r\n")
    };
    let text = format!(
        "{head}\r\n{host}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A refusal may come, and the connection go, before a large body was read.
    let _reset = timeout(LONG, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8(answer).unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1"), "").await
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The token as the page carries it.
async fn token(address: SocketAddr) -> String {
    let page = get(address, "/").await;
    let rest = page.split_once("name=\"token\" content=\"").unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// A change as the page asks for it.
async fn post(address: SocketAddr, token: &str, path: &str, body: &str) -> String {
    let head = format!(
        "POST {path} HTTP/1.1\r\ncontent-type: application/json\r\norigin: http://{address}\r\nx-loadgen-token: {token}"
    );
    ask(address, &head, body).await
}

/// A reader of the events.
struct Reader {
    stream: TcpStream,
    seen: String,
}

impl Reader {
    async fn begin(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = format!("GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let seen = String::new();
        Self { stream, seen }
    }

    /// Reads until `word` was received.
    async fn until(&mut self, word: &str) -> &str {
        let mut buffer = [0; 4_096];
        let begun = Instant::now();
        while !self.seen.contains(word) {
            assert!(begun.elapsed() < LONG, "no `{word}` in {}", self.seen);
            let read = timeout(LONG, self.stream.read(&mut buffer));
            let read = read.await.unwrap().unwrap();
            assert!(read > 0, "closed before `{word}`: {}", self.seen);
            self.seen
                .push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        &self.seen
    }
}

fn begun(name: &str) -> Event {
    Event::Begun(Begun {
        command: "run".into(),
        name: name.into(),
        question: "why?".into(),
        load: "open".into(),
        at: loadgen_engine::clock::time_of_day().into(),
        folder: "f".into(),
    })
}

#[tokio::test]
async fn a_page_that_opens_late_sees_the_whole_run_and_then_what_is_new() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    let address = page.address();
    let load_control = LoadControl::new(tokio_util::sync::CancellationToken::new());
    let (publisher, mut heard) = events::channels(1);
    let shown = page.attach(heard.remove(0), &load_control);
    publisher.send(begun("core</script>"));
    let mut early = Reader::begin(address).await;
    early.until("event: state").await;
    publisher.tick(Tick::default());
    early.until("event: tick").await;
    let mut late = Reader::begin(address).await;
    let first = late.until("\"adjustable\"").await;
    assert!(first.contains("text/event-stream") && first.contains("retry: "));
    assert!(first.contains("core</script>") && first.contains(r#""running":true"#));
    publisher.note("one line");
    late.until("one line").await;
    publisher.send(Event::Ended(Ended {
        verdict: Verdict::new(loadgen_experiment::schema::VerdictWord::Passed, Vec::new()),
        folder: "f".into(),
    }));
    drop(publisher);
    shown.flush(None);
    late.until("event: ended").await;
    early.until(r#""running":false"#).await;
    let state = body(&get(address, "/api/state").await);
    assert_eq!(state["ended"]["verdict"]["word"], "PASSED");
    let confidence = "0 VALID, 0 NOISY, 0 INVALID trial(s); not audited";
    assert_eq!(state["ended"]["confidence"], confidence);
    assert_eq!(state["history"].as_array().unwrap().len(), 1);
    tokio::task::spawn_blocking(move || page.close())
        .await
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_command_without_a_verdict_says_why_on_its_page() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    let load_control = LoadControl::new(tokio_util::sync::CancellationToken::new());
    let (publisher, mut heard) = events::channels(1);
    let shown = page.attach(heard.remove(0), &load_control);
    publisher.send(begun("core"));
    drop(publisher);
    shown.flush(Some("the target is gone\u{1b}[2J".to_owned()));
    let state = body(&get(page.address(), "/api/state").await);
    assert_eq!(state["failure"], "the target is gone[2J");
    assert_eq!(state["running"], false);
    page.close();
}

#[tokio::test]
async fn changes_need_the_token_of_the_page_and_its_origin() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    let address = page.address();
    let key = token(address).await;
    assert_eq!(status(&post(address, &key, "/api/stop", "{}").await), 409);
    let load_control = LoadControl::new(tokio_util::sync::CancellationToken::new());
    let (publisher, mut heard) = events::channels(1);
    let shown = page.attach(heard.remove(0), &load_control);
    let load = r#"{"rate": 50}"#;
    let refused = post(address, &key, "/api/load", load).await;
    assert_eq!(status(&refused), 422);
    assert_eq!(body(&refused)["error"], "no load is running");
    load_control.begin(Adjustable::Rate {
        now: 10.0,
        most: 100.0,
    });
    assert_eq!(status(&post(address, &key, "/api/load", load).await), 200);
    assert_eq!(
        *load_control.events().borrow(),
        Some(ControlEvent::Rate(50.0))
    );
    for (head, why) in [
        ("origin: http://evil.example", "only this page"),
        ("sec-fetch-site: cross-site", "only this page"),
        ("x-nothing: 1", "only this page"),
    ] {
        let head = format!(
            "POST /api/stop HTTP/1.1\r\ncontent-type: application/json\r\nx-loadgen-token: {key}\r\n{head}"
        );
        let answer = ask(address, &head, "{}").await;
        assert_eq!(status(&answer), 403, "{head}");
        assert!(answer.contains(why), "{answer}");
    }
    assert_eq!(status(&post(address, "", "/api/stop", "{}").await), 403);
    assert_eq!(status(&post(address, "x", "/api/stop", "{}").await), 403);
    let large = format!("{{\"x\": \"{}\"}}", "x".repeat(5_000));
    assert_eq!(status(&post(address, &key, "/api/stop", &large).await), 413);
    assert_eq!(status(&post(address, &key, "/api/load", "{}").await), 400);
    let job = r#"{"suite": "smoke"}"#;
    assert_eq!(status(&post(address, &key, "/api/start", job).await), 409);
    assert_eq!(status(&post(address, &key, "/api/other", "{}").await), 405);
    assert!(!load_control.is_stopped());
    assert_eq!(status(&post(address, &key, "/api/stop", "{}").await), 200);
    assert!(load_control.is_stopped());
    drop(publisher);
    shown.flush(None);
    page.close();
}

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_url() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    for path in [
        "/",
        "/events",
        "/api/state",
        "/api/runs",
        "/latest/report.html",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: evil.example:8090");
        assert_eq!(status(&ask(page.address(), &head, "").await), 421, "{path}");
    }
    let head = "POST /api/stop HTTP/1.1\r\nhost: evil.example";
    assert_eq!(status(&ask(page.address(), head, "{}").await), 421);
    let there = ask(page.address(), "GET / HTTP/1.1\r\nhost: localhost:1", "").await;
    assert_eq!(status(&there), 200);
    page.close();
}

#[tokio::test]
async fn a_page_of_another_site_takes_no_place_and_keeps_nothing_open() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    for path in ["/events", "/api/state", "/", "/latest/report.html"] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: cors\r\nsec-fetch-dest: empty"
        );
        assert_eq!(status(&ask(page.address(), &head, "").await), 403, "{path}");
    }
    assert!(!page.is_read());
    let link = "GET / HTTP/1.1\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document";
    assert_eq!(status(&ask(page.address(), link, "").await), 200);
    assert!(page.is_read());
    page.close();
}

#[tokio::test]
async fn the_seventeenth_reader_gets_503_with_retry_after() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    let mut readers = Vec::new();
    for _ in 0..MAX_SUBSCRIBERS {
        let mut reader = Reader::begin(page.address()).await;
        reader.until("event: state").await;
        readers.push(reader);
    }
    let answer = get(page.address(), "/events").await;
    assert_eq!(status(&answer), 503);
    assert!(answer.contains("retry-after: 5"), "{answer}");
    // The page itself is still there, and a reader that leaves makes room.
    assert_eq!(status(&get(page.address(), "/").await), 200);
    page.close();
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_disconnected_and_the_run_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let page = open(root.path());
    let load_control = LoadControl::new(tokio_util::sync::CancellationToken::new());
    let (publisher, mut heard) = events::channels(1);
    let shown = page.attach(heard.remove(0), &load_control);
    let mut slow = Reader::begin(page.address()).await;
    slow.until("event: state").await;
    let long = "x".repeat(100_000);
    for _ in 0..300 {
        publisher.note(long.clone());
    }
    drop(publisher);
    tokio::task::spawn_blocking(move || shown.flush(None))
        .await
        .unwrap();
    let mut rest = Vec::new();
    let end = timeout(LONG, slow.stream.read_to_end(&mut rest))
        .await
        .unwrap();
    assert!(
        end.is_err() || rest.len() < 300 * long.len(),
        "{}",
        rest.len()
    );
    page.close();
}

#[tokio::test]
async fn reports_are_served_in_a_sandbox_and_no_path_leaves_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let one = root.path().join("results/runs/one");
    std::fs::create_dir_all(&one).unwrap();
    std::fs::write(one.join("report.html"), "<p>here</p>").unwrap();
    std::fs::write(root.path().join("secret.txt"), "x").unwrap();
    let name = "<script>alert(1)</script>";
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
    let text = std::fs::read(published.join("mentor_cache/summary.json")).unwrap();
    let mut summary: Value = serde_json::from_slice(&text).unwrap();
    summary["name"] = json!(name);
    std::fs::write(one.join("summary.json"), summary.to_string()).unwrap();
    let page = open(&root.path().join("results"));
    let report = get(page.address(), "/runs/one/report.html").await;
    assert!(report.ends_with("<p>here</p>"), "{report}");
    assert!(report.contains("sandbox allow-scripts") && !report.contains("allow-same-origin"));
    for path in [
        "/../secret.txt",
        "/runs/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/api/nothing",
    ] {
        assert_eq!(status(&get(page.address(), path).await), 404, "{path}");
    }
    let outside = get(page.address(), "/compare?runs=one,../one").await;
    assert_eq!(status(&outside), 400);
    let listed = get(page.address(), "/api/runs").await;
    assert!(listed.contains("content-type: application/json"));
    assert!(listed.contains("x-content-type-options: nosniff"));
    assert_eq!(body(&listed)[0]["name"], name);
    let home = get(page.address(), "/").await;
    assert!(!home.contains(name) && home.contains("frame-ancestors 'none'"));
    for path in ["/runs/one/report.html", "/api/state", "/"] {
        let head = format!("DELETE {path} HTTP/1.1");
        let refused = ask(page.address(), &head, "").await;
        assert_eq!(status(&refused), 405, "{path}");
        assert!(refused.contains("allow: GET,HEAD"), "{refused}");
        assert!(refused.contains("x-frame-options: DENY"), "{refused}");
    }
    page.close();
}
