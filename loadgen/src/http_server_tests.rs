//! Each bound against clients that go beyond it.

use std::time::Instant;

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 8,
    head_timeout: LONG,
    lifetime: None,
    keep_alive: true,
};

/// Serves `ok` at `/`, and at `/never` nothing that ends.
fn started(limits: ConnectionLimits) -> (SocketAddr, Arc<HttpServer>, CancellationToken) {
    let never = || async { future::pending::<()>().await };
    let router = Router::new()
        .route("/", get(|| async { "ok" }))
        .route("/never", get(never));
    let (listener, address) = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Arc::new(HttpServer::new(router, limits));
    let stop = CancellationToken::new();
    let (accepting, until) = (Arc::clone(&server), stop.clone());
    tokio::spawn(async move { accepting.accept(listener, &until).await });
    (address, server, stop)
}

async fn connected(address: SocketAddr, text: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text).await.unwrap();
    stream
}

/// Reads until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _reset = timeout(LONG, stream.read_to_end(&mut text))
        .await
        .expect("the server closes");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_ends_the_connection() {
    let (address, _server, _stop) = started(ConnectionLimits {
        head_timeout: Duration::from_millis(100),
        ..LIMITS
    });
    let slow = connected(address, b"GET / HTTP/1.1\r\nhost:").await;
    assert!(!rest(slow).await.contains("200 OK"));
}

#[tokio::test]
async fn a_connection_lasts_no_longer_than_its_lifetime() {
    let (address, _server, _stop) = started(ConnectionLimits {
        lifetime: Some(Duration::from_secs(2)),
        ..LIMITS
    });
    let kept = connected(address, REQUEST).await;
    assert!(rest(kept).await.ends_with("ok"));
    let never = connected(address, b"GET /never HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(rest(never).await, "");
}

#[tokio::test]
async fn one_connection_too_many_waits_until_another_is_closed() {
    let (address, _server, _stop) = started(ConnectionLimits {
        connections: 1,
        keep_alive: false,
        ..LIMITS
    });
    let first = connected(address, b"").await;
    let mut second = connected(address, REQUEST).await;
    let early = timeout(Duration::from_millis(200), second.read_u8()).await;
    assert!(early.is_err(), "the second was served beside the first");
    drop(first);
    // Without keep-alive the response ends the connection.
    assert!(rest(second).await.ends_with("ok"));
}

#[tokio::test]
async fn draining_ends_idle_connections_at_once_and_waits_for_others_until_its_limit() {
    let (address, server, stop) = started(LIMITS);
    let mut idle = connected(address, REQUEST).await;
    let mut head = [0; 15];
    idle.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    stop.cancel();
    server.drain(LONG).await;
    assert!(rest(idle).await.ends_with("ok"));

    let (address, server, stop) = started(LIMITS);
    let mut served = connected(address, REQUEST).await;
    served.read_exact(&mut head).await.unwrap();
    served
        .write_all(b"GET /never HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    stop.cancel();
    let begin = Instant::now();
    server.drain(Duration::from_millis(200)).await;
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert!(begin.elapsed() < LONG);
}
