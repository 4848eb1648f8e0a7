//! Clients that are slow or silent keep no connection for long.

use std::time::{Duration, Instant};

use shared::{api::chat::ClientFrame, api::chat::ServerFrame, paths};
use target_app::config::ClientLimits;

use crate::support::{ChatSocket, RawConnection, TestApp, together};

/// What a client may take: short, and yet enough for one that hurries on a busy machine.
const LIMIT: Duration = Duration::from_secs(3);

/// Limits as short as a test wants.
fn limits(most: usize) -> ClientLimits {
    ClientLimits {
        head: LIMIT,
        write: LIMIT,
        most,
        ..ClientLimits::default()
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_and_a_connection_that_stays_idle_are_closed() {
    let app = TestApp::with(&[])
        .with_connections(limits(100))
        .start()
        .await;
    let whole = format!(
        "GET {} HTTP/1.1\r\nhost: a.test\r\n\r\n",
        paths::HEALTH_LIVE
    );
    let half = &whole[..whole.len() - 2];
    let begin = Instant::now();
    let clients = ["", half, &*whole]
        .into_iter()
        .cycle()
        .take(60)
        .map(|sent| {
            let address = app.address;
            async move {
                let mut raw = RawConnection::open(address).await;
                raw.send(sent).await;
                // An answer of the second request would be a second status line.
                (sent.len(), raw.rest().await.matches("HTTP/1.1 200").count())
            }
        });
    for (sent, answers) in together(clients).await {
        assert_eq!(answers, usize::from(sent == whole.len()));
    }
    assert!(begin.elapsed() >= LIMIT);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_closed_and_makes_room_for_another() {
    let app = TestApp::with(&[]).with_connections(limits(1)).start().await;
    let request = format!("GET {} HTTP/1.1\r\nhost: a.test\r\n\r\n", paths::OPENAPI);
    let mut deaf = RawConnection::open(app.address).await;
    // More than the buffers of both ends hold.
    deaf.send(request.repeat(1_000)).await;
    let mut other = RawConnection::open(app.address).await;
    other
        .send(format!(
            "GET {} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n",
            paths::HEALTH_LIVE
        ))
        .await;
    assert!(other.rest().await.starts_with("HTTP/1.1 200"));
    app.finish().await;
}

#[tokio::test]
async fn a_connection_beyond_the_bound_waits_for_the_end_of_another() {
    let app = TestApp::with(&[])
        .with_connections(ClientLimits {
            most: 1,
            ..ClientLimits::default()
        })
        .start()
        .await;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: a.test\r\n\r\n",
        paths::HEALTH_LIVE
    );
    let mut first = RawConnection::open(app.address).await;
    first.send(&request).await;
    first.head().await;
    let mut second = RawConnection::open(app.address).await;
    second.send(&request).await;
    let early = tokio::time::timeout(Duration::from_millis(300), second.head()).await;
    assert!(early.is_err(), "it is not accepted yet");
    drop(first);
    assert!(second.head().await.starts_with("HTTP/1.1 200"));
    drop(second);
    app.finish().await;
}

#[tokio::test]
async fn a_socket_takes_no_place_of_a_connection() {
    let app = TestApp::with(&[])
        .with_connections(ClientLimits {
            most: 1,
            ..ClientLimits::default()
        })
        .start()
        .await;
    let _sockets = [
        ChatSocket::open(app.address, &app.student(1).token).await,
        ChatSocket::open(app.address, &app.student(2).token).await,
    ];
    let mut other = RawConnection::open(app.address).await;
    other
        .send(format!(
            "GET {} HTTP/1.1\r\nhost: a.test\r\n\r\n",
            paths::HEALTH_LIVE
        ))
        .await;
    assert!(other.head().await.starts_with("HTTP/1.1 200"));
    drop(other);
    app.finish().await;
}

#[tokio::test]
async fn the_limits_of_requests_are_not_those_of_sockets() {
    let app = TestApp::with(&[])
        .with_connections(limits(100))
        .start()
        .await;
    let mut socket = ChatSocket::open(app.address, &app.student(1).token).await;
    tokio::time::sleep(2 * LIMIT).await;
    socket.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert_eq!(socket.hear().await, ServerFrame::Pong { nonce: 1 });
    app.finish().await;
}
