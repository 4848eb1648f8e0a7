//! Servers that are written byte by byte, and one request that is sent to them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
};

use bytes::Bytes;
use h2::server::SendResponse;
use shared::time::Millis;
use tokio::runtime::Builder;

use super::server::{setup, users};
use crate::{
    aggregator::TrialData,
    check::{Mismatch, Reply},
    driver::{ClientOptions, CookieClientOptions, DriverOptions, run_with},
    flow::{Flow, FlowFuture, Iteration},
    request::Request,
    sample::{OpId, Outcome},
};

/// A server whose connections are served by one function, each on its own thread.
pub(super) struct RawServer {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicU32>,
}

impl RawServer {
    pub(super) fn serve(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicU32>::default();
        let (serve, counted) = (Arc::new(serve), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Relaxed);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream.unwrap()));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// Connections accepted so far.
    pub(super) fn connections(&self) -> u32 {
        self.connections.load(Relaxed)
    }
}

/// A server of HTTP/2 without TLS, which answers every request in one way.
pub(super) fn serve_http2(
    answer: impl Fn(SendResponse<Bytes>) + Copy + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_request, respond))) = connection.accept().await {
                        answer(respond);
                    }
                });
            }
        });
    });
    address
}

/// Reads the head of a request; false at the end of the stream.
pub(super) fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// Writes as much as the other side accepts.
pub(super) fn write(stream: &mut TcpStream, bytes: &[u8]) {
    let _gone = stream.write_all(bytes);
}

/// So many header lines, each with its end.
pub(super) fn header_lines(count: usize) -> String {
    (0..count).fold(String::new(), |lines, n| lines + &format!("x-{n}: {n}\r\n"))
}

type Check = dyn Fn(&Reply) -> Result<(), Mismatch> + Send + Sync;

/// Sends one request again and again.
struct Checked {
    request: Request,
    check: Box<Check>,
}

impl Flow for Checked {
    fn name(&self) -> &'static str {
        "test.checked"
    }
    fn operations(&self) -> &[OpId] {
        &[OpId(0)]
    }
    fn run<'a>(&'a self, mut it: Iteration<'a>) -> FlowFuture<'a> {
        FlowFuture::new(async move {
            let request = self.request.clone();
            let _checked = it.call(OpId(0), request, |reply| (self.check)(reply)).await;
        })
    }
}

/// Sends so many requests, by one user for each ten of them.
pub(super) fn send(
    target: SocketAddr,
    client: ClientOptions,
    request: Request,
    count: u64,
    check: impl Fn(&Reply) -> Result<(), Mismatch> + Send + Sync + 'static,
) -> TrialData {
    send_all(target, client, request, count, None, check)
}

fn send_all(
    target: SocketAddr,
    client: ClientOptions,
    request: Request,
    count: u64,
    think: Option<u64>,
    check: impl Fn(&Reply) -> Result<(), Mismatch> + Send + Sync + 'static,
) -> TrialData {
    let flow: &'static Checked = Box::leak(Box::new(Checked {
        request,
        check: Box::new(check),
    }));
    let load = users(count.div_ceil(10) as u32, 20_000, think, None);
    let mut setup = setup(target, load, (0, 20_000), flow);
    setup.timeout = Millis(10_000);
    let options = DriverOptions {
        iterations: Some(count),
        client,
        ..DriverOptions::default()
    };
    let data = run_with(setup, &options).unwrap();
    assert!(data.conserved());
    assert_eq!(data.total.planned, count, "{:?}", data.examples);
    data
}

/// The same by one user that waits so long between two requests, with every response accepted.
pub(super) fn send_slowly(
    target: SocketAddr,
    client: ClientOptions,
    request: Request,
    count: u64,
    pause: Millis,
) -> TrialData {
    send_all(target, client, request, count, Some(pause.0), |_| Ok(()))
}

/// Sends without pauses, with every response accepted.
pub(super) fn send_any(
    target: SocketAddr,
    client: ClientOptions,
    request: Request,
    count: u64,
) -> TrialData {
    send(target, client, request, count, |_| Ok(()))
}

/// Asserts that all ended in the one way, the failed ones with these words; returns how many.
pub(super) fn assert_all(data: &TrialData, outcome: Outcome, why: &str) {
    assert_eq!(
        data.total.count(outcome),
        data.total.planned,
        "{:?}",
        data.examples
    );
    let shown = data.examples.first().map_or("", |(_, why, _)| why);
    assert!(shown.contains(why), "{shown}");
}

/// The two clients.
pub(super) fn clients() -> [(&'static str, ClientOptions); 2] {
    let whole = ClientOptions {
        cookie_client: Some(CookieClientOptions { redirects: 3 }),
        ..ClientOptions::default()
    };
    [("native", ClientOptions::default()), ("reqwest", whole)]
}

/// HTTP/2 with so many users on a connection.
pub(super) fn http2(streams: u32) -> ClientOptions {
    ClientOptions {
        http2_streams: Some(streams),
        ..ClientOptions::default()
    }
}
