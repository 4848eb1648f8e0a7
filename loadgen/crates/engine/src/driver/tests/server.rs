//! A test server with programmed behaviour: delay, freeze, reset, slow body, WebSocket.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use shared::time::Millis;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::{LocalSet, spawn_local},
    time::{sleep, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    check::{json, status},
    driver::{DriverSetup, FlowLoad, Progress},
    flow::{Flow, FlowFuture, Iteration, shop},
    request::Request,
    sample::OpId,
    schedule::plan,
    suite::{LoadModel, Think, Windows},
};

/// How the server behaves. A path may request more: `/reset`, `/refuse`, `/slow/MS`, `/never`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TestServer {
    /// Each answer takes so long.
    pub(super) delay: Duration,
    /// From the first request on, nothing is answered between these two times.
    pub(super) freeze: Option<(Duration, Duration)>,
    /// Connections are closed, without saying so, after so many answers.
    pub(super) answers_a_connection: Option<u32>,
}

impl TestServer {
    /// Serves on a free port until the process ends.
    pub(super) fn serve(self) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let start = std::rc::Rc::new(std::cell::OnceCell::new());
            LocalSet::new().block_on(&runtime, async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    stream.set_nodelay(true).unwrap();
                    let start = std::rc::Rc::clone(&start);
                    spawn_local(async move { self.connection(stream, &start).await });
                }
            });
        });
        address
    }

    async fn connection(self, mut stream: TcpStream, start: &std::cell::OnceCell<Instant>) {
        let mut buffer = Vec::new();
        let mut answers = 0;
        loop {
            let mut peeked = [0; 16];
            let seen = stream.peek(&mut peeked).await.unwrap_or(0);
            if buffer.is_empty() && peeked[..seen].starts_with(b"GET /socket") {
                return chat(stream).await;
            }
            let Some(path) = next_path(&mut stream, &mut buffer).await else {
                return;
            };
            let start = *start.get_or_init(Instant::now);
            if let Some((from, to)) = self.freeze {
                let now = start.elapsed();
                if now >= from && now < to {
                    sleep_until((start + to).into()).await;
                }
            }
            if !self.delay.is_zero() {
                sleep(self.delay).await;
            }
            if !answer(&mut stream, &path).await {
                return;
            }
            answers += 1;
            if self.answers_a_connection == Some(answers) {
                return;
            }
        }
    }
}

async fn next_path(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer.drain(..end).collect()).unwrap();
    Some(head.split(' ').nth(1)?.to_owned())
}

/// Answers; false where the connection is not to be used again.
async fn answer(stream: &mut TcpStream, path: &str) -> bool {
    let timing = "server-timing: db;dur=1.500, queries;desc=\"2\"\r\n";
    let head = |code: &str, length| {
        format!("HTTP/1.1 {code}\r\ncontent-length: {length}\r\n{timing}\r\n").into_bytes()
    };
    if path == "/never" {
        sleep(Duration::from_hours(1)).await;
    }
    if path == "/reset" {
        let _ = stream.write_all(&head("200 OK", 100)).await;
        return false;
    }
    if path == "/refuse" {
        return stream.write_all(&head("503 Busy", 0)).await.is_ok();
    }
    if let Some(ms) = path.strip_prefix("/slow/") {
        let _ = stream.write_all(&head("200 OK", 2)).await;
        let _ = stream.write_all(b"4").await;
        sleep(Duration::from_millis(ms.parse().unwrap())).await;
        return stream.write_all(b"2").await.is_ok();
    }
    let mut whole = head("200 OK", 2);
    whole.extend_from_slice(b"42");
    stream.write_all(&whole).await.is_ok()
}

/// Answers every text with `echo TEXT` and then `copy TEXT`; `flood` with 3,000 texts. Some texts end the
/// connection: `leave` without a code, `away` with 1001, `expired` with 4001, `cut` without a word;
/// `bye` is answered first. After the answer to `stall` nothing is read any more; `linger` is answered by a close
/// frame with 4001, and the connection stays open.
async fn chat(stream: TcpStream) {
    let Ok(mut socket) = accept_async(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        match text.as_str() {
            "quiet" => {}
            "leave" => {
                let _ = socket.close(None).await;
            }
            "cut" => return,
            "away" => end(&mut socket, CloseCode::Away).await,
            "expired" => end(&mut socket, CloseCode::Library(4001)).await,
            "bye" => {
                let _ = socket.send(Message::text("echo bye")).await;
                end(&mut socket, CloseCode::Away).await;
            }
            "linger" => {
                end(&mut socket, CloseCode::Library(4001)).await;
                sleep(Duration::from_hours(1)).await;
            }
            "stall" => {
                let _ = socket.send(Message::text("echo stall")).await;
                sleep(Duration::from_hours(1)).await;
            }
            "flood" => {
                for number in 0..3_000 {
                    socket
                        .feed(Message::text(format!("{number}")))
                        .await
                        .unwrap();
                }
                socket.flush().await.unwrap();
            }
            text => {
                for word in ["echo", "copy"] {
                    let answer = Message::text(format!("{word} {text}"));
                    if socket.send(answer).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn end(socket: &mut WebSocketStream<TcpStream>, code: CloseCode) {
    let reason = "the server stops".into();
    let _ = socket.close(Some(CloseFrame { code, reason })).await;
}

/// A flow for tests: sends these paths one after the other, each expected to be answered 42.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paths(pub(super) &'static [&'static str]);

impl Flow for Paths {
    fn name(&self) -> &'static str {
        "test.paths"
    }
    fn operations(&self) -> &[OpId] {
        &[OpId(0), OpId(1), OpId(2)]
    }
    fn run<'a>(&'a self, mut it: Iteration<'a>) -> FlowFuture<'a> {
        FlowFuture::new(async move {
            for (op, path) in (0..).zip(self.0) {
                let checked = it
                    .call(OpId(op), Request::get(*path), |reply| {
                        status(reply, 200)?;
                        json::<u32>(reply, 200)
                    })
                    .await;
                if checked.is_none() {
                    return;
                }
            }
        })
    }
}

/// A flow that lives as long as the test program.
struct Static(&'static dyn Flow);

impl Flow for Static {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn operations(&self) -> &[OpId] {
        self.0.operations()
    }
    fn max_concurrent_requests(&self) -> usize {
        self.0.max_concurrent_requests()
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        self.0.run(it)
    }
}

/// A closed load with pauses of so many milliseconds, and so many iterations of each user.
pub(super) fn users(users: u32, ms: u64, think: Option<u64>, iterations: Option<u64>) -> LoadModel {
    LoadModel::Closed {
        users,
        duration: Millis(ms),
        think: think.map(|ms| Think {
            min: Millis(ms),
            max: Millis(ms),
            mean: None,
        }),
        iterations,
    }
}

/// A setup for tests: timeout 2 s, drain 3 s, one worker, 64 users.
pub(super) fn setup(
    target: SocketAddr,
    load: LoadModel,
    (warm_up, measure): (u64, u64),
    flow: &'static dyn Flow,
) -> DriverSetup {
    let windows = Windows {
        warm_up: Millis(warm_up),
        measure: Millis(measure),
        drain: Millis(3_000),
    };
    DriverSetup {
        endpoints: vec![target.into()],
        schedule: plan(&load, &[1.0], &windows, 7).unwrap(),
        flows: vec![FlowLoad {
            flow: Arc::new(Static(flow)),
            weight: 1.0,
            think: None,
        }],
        timeout: Millis(2_000),
        drain: windows.drain,
        max_users: 64,
        workers: 1,
        seed: 7,
        progress: Arc::new(Progress::new(shop().operations)),
        stop: CancellationToken::new(),
    }
}
