//! Serving, from the line that says where to the signal that ends it.

use std::time::Duration;

use shared::paths;
use tokio::net::TcpStream;

use crate::support::program::{Running, run};
use crate::support::{Client, TestDb};

const SERVE: [&str; 7] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--set",
    "pool.max=5",
    "--set",
    "pool.min=0",
];

/// A server that listens, and its address.
async fn serve(db: &TestDb) -> (Running, std::net::SocketAddr) {
    let mut server = Running::start(db.url(), &SERVE);
    let line = server.line().await;
    let address = line
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("{line}"));
    (server, address.parse().unwrap())
}

#[tokio::test]
async fn it_says_where_it_listens_serves_and_ends_in_order_at_a_signal() {
    let db = TestDb::seeded().await;
    for signal in ["TERM", "INT"] {
        let (server, address) = serve(&db).await;
        let client = Client::to(address);
        let listen = address.to_string();
        assert_eq!(client.ready().await.status, 200);
        assert_eq!(client.mentors("").await.status, 200);
        let mut asked = run(db.url(), &["healthcheck", "--listen", &listen]).await;
        // The server may have answered that a service was late on this machine.
        for _ in 0..20 {
            if asked.code == 0 {
                break;
            }
            asked = run(db.url(), &["healthcheck", "--listen", &listen]).await;
        }
        assert_eq!(asked.ok().trim(), "ready");
        // Off, for no token is configured.
        assert_eq!(client.get(paths::LAB_PROFILE).await.status, 404);
        server.signal(signal).await;
        assert_eq!(server.ended().await, 0, "{signal}");

        let asked = run(db.url(), &["healthcheck", "--listen", &listen]).await;
        assert_eq!(asked.code, 1);
        assert!(asked.stderr.contains("does not answer"), "{asked:?}");
    }
    db.finish().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let db = TestDb::seeded().await;
    let (server, address) = serve(&db).await;
    // A request that cannot end keeps the first signal waiting.
    let mut gate = db.pool().begin().await.unwrap();
    sqlx::query("lock table mentor in access exclusive mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let client = Client::to(address);
    let slow = tokio::spawn(async move {
        let list = client.request(http::Method::GET, paths::MENTORS);
        list.send().await.map(|answer| answer.status())
    });
    db.wait_for_blocked(1).await;
    server.signal("TERM").await;
    // It has heard the first as soon as it takes no connection more: two that wait to be heard are one.
    for _ in 0..6_000 {
        if TcpStream::connect(address).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!slow.is_finished());
    server.signal("TERM").await;
    assert_eq!(server.ended().await, 130);
    assert!(slow.await.unwrap().is_err());
    gate.rollback().await.unwrap();
    db.finish().await;
}
